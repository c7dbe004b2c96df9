// export.h: entries become a file in a format of ours or another program's. holdfast holds
// everything; for the others export_losses() tells beforehand what stays behind. Values are written
// exactly as they are. All plaintext lies in the SecretMemory given. Limits: those of
// model/secret.h for each entry. Time: none. Threads: functions any. Errors: bad_utf8 at "entry 12"
// (a text that is not UTF-8), new_file_key_needed, password_needed, kdf_above_ceiling,
// file_too_large, secret_memory_exhausted. Source: docs/design/interfaces.md §4; RFC 8259, RFC
// 4180.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "crypto/kdf.h"
#include "formats/file_key.h"
#include "formats/import.h"
#include "formats/kdbx_header.h"

namespace holdfast::formats {

struct ExportEntry {
  const model::Secret* secret = nullptr;        // borrowed, as is the history
  std::vector<const model::Secret*> history{};  // older states, oldest first
  FolderPath folder{};                          // outermost first
  std::string id{};                             // hex of the secret id
  bool deleted = false;
  std::vector<StateNode> shape{};  // as ImportedEntry has it; only holdfast can hold it
};

// How a new encrypted file is sealed.
struct FileSeal {
  FileKey key{};
  std::function<void(std::span<std::uint8_t>)> random{};  // fills with bytes fit for keys
  crypto::Argon2Params kdf = crypto::kArgon2Floor;        // 64 MiB, 3 passes
  KdbxCipher cipher = KdbxCipher::chacha20;               // or aes_256
};

// A format that is encrypted (is_encrypted) needs `seal`, with a passphrase, a key file or both.
// `folders` are all there are, also empty ones: only holdfast can hold those.
[[nodiscard]] auto write_export(Format format, const std::vector<ExportEntry>& entries,
                                base::SecretMemory& memory, const FileSeal& seal = {},
                                const std::vector<FolderPath>& folders = {})
    -> base::Detailed<base::SecretBytes>;

// One line for each kind of loss: "12 entries lose their attachments". Empty: nothing is lost.
// Without values.
[[nodiscard]] auto export_losses(Format format, const std::vector<ExportEntry>& entries)
    -> std::vector<std::string>;

}  // namespace holdfast::formats
