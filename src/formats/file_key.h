// file_key.h: what opens an encrypted file of another program: a passphrase, a key file, or both.
// An empty passphrase is a passphrase; none is a null pointer. Limits: kKeyFileBytesMax. Time:
// none. Threads: functions any. Errors: bad_key_file (damaged, unknown version),
// secret_memory_exhausted. Source: keepass.info/help/base/keys.html.
#pragma once

#include "base/result.h"
#include "base/secret.h"

namespace holdfast::formats {

inline constexpr std::size_t kKeyFileBytesMax = std::size_t{16} << 20;
inline constexpr std::size_t kKeyComponentBytes = 32;

struct FileKey {
  const base::SecretBytes* passphrase = nullptr;     // borrowed
  const base::SecretBytes* key_component = nullptr;  // of a key file; kKeyComponentBytes; borrowed
  [[nodiscard]] auto given() const -> bool {
    return passphrase != nullptr || key_component != nullptr;
  }
};

// What a key file contributes: the key inside KeePass's XML (versions 1 and 2, the latter with a
// check value), 32 bytes as they are, 64 hexadecimal digits, or the SHA-256 of any other file.
[[nodiscard]] auto key_file_component(base::ByteView file, base::SecretMemory& memory)
    -> base::Result<base::SecretBytes>;

}  // namespace holdfast::formats
