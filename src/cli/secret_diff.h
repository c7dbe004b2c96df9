// secret_diff.h: the fields in which two versions of a secret differ, as the API shows them.
// Values are copies in secret memory. Limits: those of the answers. Time: none. Threads: one.
// Errors: none. Source: docs/design/interfaces.md, history.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"

namespace holdfast::cli {

struct FieldValue {
  std::string name;  // "password", "url", "fields/pin", "attachment key.pem"
  base::SecretBytes::Buffer value;
  bool is_protected = false;
};
// Every field of a revealed secret that has a value, in a fixed order.
[[nodiscard]] auto field_values(const JsonValue& secret, base::SecretMemory& memory)
    -> std::vector<FieldValue>;

struct FieldChange {
  const FieldValue* before = nullptr;  // null: it was not there
  const FieldValue* after = nullptr;   // null: it is gone
  [[nodiscard]] auto name() const -> const std::string& {
    return before != nullptr ? before->name : after->name;
  }
};
// Points into both arguments.
[[nodiscard]] auto changes_between(const std::vector<FieldValue>& before,
                                   const std::vector<FieldValue>& after)
    -> std::vector<FieldChange>;

}  // namespace holdfast::cli
