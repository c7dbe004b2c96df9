// bitwarden_encrypted.h: Bitwarden's password-protected export: the plain export, encrypted with
// AES-256-CBC and HMAC-SHA-256 under a key that PBKDF2 or Argon2id makes of a password. The tag is
// checked before anything is decrypted. The form encrypted with an account's key is refused: it
// opens only in that account. Files are written with Argon2id.
// Limits: below, judged before anything is computed; those of bitwarden_json. Time: `now` stands
// for missing dates. Threads: functions any. Errors: file_key_missing, password_needed,
// file_key_wrong, file_corrupt, kdf_above_ceiling, encrypted_with_account_key, bad_entry at a
// member's name, new_file_key_needed; throw std::bad_alloc. Source: the clients' source of the
// import and export of such files; bitwarden.com/help/encrypted-export.
#pragma once

#include "formats/export.h"

namespace holdfast::formats {

inline constexpr std::uint64_t kBitwardenRoundsMax = 10'000'000;  // PBKDF2: about 3 s
inline constexpr std::uint64_t kBitwardenMemoryMibMax = 1024;     // Argon2id
inline constexpr std::uint64_t kBitwardenPassesMax = 100;
inline constexpr std::uint64_t kBitwardenLanesMax = 16;
inline constexpr std::uint64_t kBitwardenWorkMibMax =
    std::uint64_t{32} * 1024;  // memory times passes
inline constexpr std::size_t kBitwardenSaltBytesMax = 1024;

[[nodiscard]] auto import_bitwarden_encrypted(base::ByteView file, const FileKey& key,
                                              model::TimeMs now, base::SecretMemory& memory)
    -> base::Detailed<Imported>;
[[nodiscard]] auto export_bitwarden_encrypted(const std::vector<ExportEntry>& entries,
                                              const FileSeal& seal, base::SecretMemory& memory)
    -> base::Detailed<base::SecretBytes>;

}  // namespace holdfast::formats
