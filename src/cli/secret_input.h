// secret_input.h: how secrets come in: a descriptor, a file, standard input, a pinentry program,
// or a prompt without echo on the terminal; never an argument. Each ends in wiped memory with no
// copy elsewhere; one final line break is left off. Limits: kSecretInputBytesMax. Time: waits for
// the user. Threads: one. Errors: Problem with Exit::local; a needed prompt under --no-input fails
// at once. Source: docs/design/interfaces.md §2, Secrets in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "cli/problem.h"

namespace holdfast::cli {

inline constexpr std::size_t kSecretInputBytesMax = 16 << 10;  // passphrases and passwords

// What the flags --NAME-fd and --NAME-file say; at most one of them.
struct SecretSource {
  std::optional<int> descriptor;
  std::optional<std::string> file;
  [[nodiscard]] auto given() const -> bool { return descriptor || file; }
};

[[nodiscard]] auto read_descriptor(int descriptor, std::size_t bytes_max,
                                   base::SecretMemory& memory) -> Outcome<base::SecretBytes>;
[[nodiscard]] auto read_whole_file(const std::string& path, std::size_t bytes_max,
                                   base::SecretMemory& memory) -> Outcome<base::SecretBytes>;
// "-" is standard input, "@FILE" a file; anything else is refused as what an argument may not hold.
[[nodiscard]] auto read_reference(std::string_view flag, const std::string& reference,
                                  std::size_t bytes_max, base::SecretMemory& memory)
    -> Outcome<base::SecretBytes>;
void drop_final_line_break(base::SecretBytes& text);

class Prompter {
 public:
  Prompter(base::SecretMemory& memory, bool no_input) : memory_{memory}, no_input_{no_input} {}
  // `instead` names the flags that avoid the prompt.
  [[nodiscard]] auto secret(std::string_view question, std::string_view instead) const
      -> Outcome<base::SecretBytes>;
  [[nodiscard]] auto secret_twice(std::string_view question, std::string_view instead) const
      -> Outcome<base::SecretBytes>;
  [[nodiscard]] auto from(const SecretSource& source, std::string_view question,
                          std::string_view instead, bool twice) const -> Outcome<base::SecretBytes>;
  // Only the name, typed in full, is yes.
  [[nodiscard]] auto confirm_name(std::string_view question, std::string_view name) const
      -> Outcome<bool>;
  // "y" or "yes" is yes.
  [[nodiscard]] auto confirm(std::string_view question) const -> Outcome<bool>;

 private:
  base::SecretMemory& memory_;
  bool no_input_;
};

}  // namespace holdfast::cli
