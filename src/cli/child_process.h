// child_process.h: other programs, run for the user: clipboard tools, pinentry, our own helper.
// Invariant: nothing secret is ever in their arguments or environment; it goes through pipes. They
// inherit no descriptor but the standard ones, and no ignored signal.
// Limits: of their output, by the caller. Time: callers name the longest wait; a program that is
// late is killed, with what it started if it has a session of its own. Threads: one. Errors:
// Problem with Exit::local.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/paths.h"
#include "base/secret.h"
#include "cli/problem.h"
#include "store/file_io.h"

namespace holdfast::cli {

// The program of that name in PATH, or the path itself if it has a slash and can be run.
[[nodiscard]] auto find_program(const std::string& name, const api::Environment& environment)
    -> std::optional<std::string>;

enum class Output : std::uint8_t { nothing, piped, piped_with_errors };
struct ChildOptions {
  Output output = Output::nothing;
  bool own_session = false;  // outlives its starter and the terminal
  std::chrono::milliseconds longest{std::chrono::seconds{10}};   // of run_child
  std::vector<std::pair<std::string, std::string>> variables{};  // besides those of this process
};

class Child {
 public:
  // Its standard input is always a pipe from here.
  [[nodiscard]] static auto start(const std::vector<std::string>& command,
                                  const ChildOptions& options = {}) -> Outcome<Child>;
  Child(Child&& other) noexcept;
  auto operator=(Child&&) -> Child& = delete;
  ~Child();  // closes the pipes; kills what was neither waited for nor let go

  [[nodiscard]] auto write(base::ByteView bytes) const -> bool;  // false: it reads no more
  void close_input() { input_ = store::FileDescriptor{}; }
  [[nodiscard]] auto output() const -> int { return output_.number(); }
  // Gives it the input while it reads its output to the end, so that neither waits for the other.
  enum class Talk : std::uint8_t { ended, late, too_much };
  [[nodiscard]] auto talk(base::ByteView input, std::chrono::steady_clock::time_point until,
                          std::size_t bytes_max, base::SecretBytes& output) -> Talk;
  // Its exit code; nothing if it was killed or did not end in time.
  [[nodiscard]] auto wait(std::chrono::milliseconds longest) -> std::optional<int>;
  void let_go() { process_ = 0; }

 private:
  Child() = default;
  pid_t process_ = 0;
  bool own_session_ = false;
  store::FileDescriptor input_, output_;
};

struct Finished {
  int code = 0;
  base::SecretBytes output;
};
// Gives it the input, waits for its end, at most options.longest. Output beyond bytes_max is an
// error; a late program's Problem has the code request_timeout.
[[nodiscard]] auto run_child(const std::vector<std::string>& command, base::ByteView input,
                             const ChildOptions& options, std::size_t bytes_max,
                             base::SecretMemory& memory) -> Outcome<Finished>;

}  // namespace holdfast::cli
