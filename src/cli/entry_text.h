// entry_text.h: a secret as a text that people edit, and what they changed in it.
// One line a value, "name: value"; a further line of a value begins with "> "; everything after
// "notes:" is the notes. Both directions agree: an untouched text changes nothing, whatever the
// secret holds. All of it is plaintext in secret memory.
// Limits: kEntryTextBytesMax. Time: none. Threads: one. Errors: Problem that names the line.
// Source: docs/design/interfaces.md §1, edit.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/category_names.h"

namespace holdfast::cli {

inline constexpr std::size_t kEntryTextBytesMax = std::size_t{4} << 20;

struct EntryEdit {
  base::SecretBytes body;            // of a PATCH
  std::string category;              // where it moves to; empty: nowhere, or to the top
  std::vector<std::string> changed;  // names, for people
};

class EntryText {
 public:
  // `secret` is a revealed answer; it and the categories outlive this.
  EntryText(const JsonValue& secret, const CategoryNames& categories, base::SecretMemory& memory)
      : secret_{secret}, categories_{categories}, memory_{memory} {}

  [[nodiscard]] auto write() const -> base::SecretBytes;
  // Nothing: the text says what the secret says.
  [[nodiscard]] auto read(std::string_view text) const -> Outcome<std::optional<EntryEdit>>;

 private:
  const JsonValue& secret_;
  const CategoryNames& categories_;
  base::SecretMemory& memory_;
};

// The otpauth URI of a revealed secret, for authenticators; empty: it has none.
[[nodiscard]] auto otp_uri(const JsonValue& secret, base::SecretMemory& memory)
    -> base::SecretBytes;

}  // namespace holdfast::cli
