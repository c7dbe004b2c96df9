// progress.h: a progress bar on standard error for what takes long: of a request of this command,
// as the daemon tells it over a second connection, or of work in this process.
// Invariant: nothing appears before kProgressDelay, nor where standard error is no terminal, nor
// with --quiet, --json or output.progress = "never"; when the bar goes, its line is empty again.
// It has no colours and no control sequences. Limits: one line of 80 columns. Time: the system's
// condition variable. Threads: one of its own; at() any. Errors: none; what cannot be asked is not
// shown. Source: docs/design/interfaces.md §2, Output.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "cli/session.h"

namespace holdfast::cli {

inline constexpr std::chrono::milliseconds kProgressDelay{500};
inline constexpr std::chrono::milliseconds kProgressInterval{150};

class ProgressBar {
 public:
  enum class Of : std::uint8_t { daemon, process };
  ProgressBar(const Session& session, std::string_view what, Of of = Of::daemon);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  auto operator=(const ProgressBar&) -> ProgressBar& = delete;

  void at(std::uint64_t done, std::uint64_t total);

 private:
  void work(const Session& session, Of of);

  const std::string what_;
  std::mutex mutex_;  // of the three below
  std::condition_variable ended_;
  std::uint64_t done_ = 0, total_ = 0;
  bool ending_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

// Makes the request behind a bar.
template <class Request>
auto showing_progress(const Session& session, std::string_view what, Request&& request) {
  const ProgressBar bar{session, what};
  return request();
}

// "import     [#####...............]  25 %  25 of 100"
[[nodiscard]] auto progress_line(std::string_view what, std::uint64_t done, std::uint64_t total)
    -> std::string;

}  // namespace holdfast::cli
