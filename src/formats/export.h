// export.h: entries become a file in a plaintext format. holdfast-json holds everything; for the
// others export_losses() tells beforehand what stays behind. Values are written exactly as they
// are. All plaintext lies in the SecretMemory given. Limits: those of model/secret.h for each
// entry. Time: none. Threads: functions any. Errors: bad_utf8 at "entry 12" (a text that is not
// UTF-8), secret_memory_exhausted. Source: docs/design/interfaces.md §4; RFC 8259, RFC 4180.
#pragma once

#include <string>
#include <vector>

#include "formats/import.h"

namespace holdfast::formats {

struct ExportEntry {
  const model::Secret* secret = nullptr;        // borrowed, as is the history
  std::vector<const model::Secret*> history{};  // older states, oldest first
  FolderPath folder{};                          // outermost first
  std::string id{};                             // hex of the secret id
  bool deleted = false;
};

[[nodiscard]] auto write_export(Format format, const std::vector<ExportEntry>& entries,
                                base::SecretMemory& memory) -> base::Detailed<base::SecretBytes>;

// One line for each kind of loss: "12 entries lose their attachments". Empty: nothing is lost.
// Without values.
[[nodiscard]] auto export_losses(Format format, const std::vector<ExportEntry>& entries)
    -> std::vector<std::string>;

}  // namespace holdfast::formats
