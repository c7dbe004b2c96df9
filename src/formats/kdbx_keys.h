// kdbx_keys.h: from passphrase and key file to the keys of one KDBX file.
// Every intermediate value lies in wiped memory. Limits: those of kdbx_header.h. Time: none is
// read; the derivation takes what the header asks for. Threads: functions any. Errors:
// file_key_missing, bad_key_file, crypto_failed, secret_memory_exhausted; throws std::bad_alloc.
// Source: keepass.info/help/kb/kdbx.html; keepass.info/help/base/keys.html.
#pragma once

#include "base/result.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "formats/file_key.h"
#include "formats/kdbx_header.h"

namespace holdfast::formats {

struct KdbxKeys {
  base::SecretBytes cipher;     // 32 bytes
  base::SecretBytes integrity;  // 64 bytes: what the key of each block is made from
};
[[nodiscard]] auto derive_keys(const KdbxHeader& header, const FileKey& key,
                               base::SecretMemory& memory) -> base::Result<KdbxKeys>;

// HMAC over the header, or over one block of version 4.
[[nodiscard]] auto header_tag(const KdbxKeys& keys, base::ByteView header,
                              base::SecretMemory& memory) -> base::Result<crypto::Digest>;
[[nodiscard]] auto block_tag(const KdbxKeys& keys, std::uint64_t index, base::ByteView block,
                             base::SecretMemory& memory) -> base::Result<crypto::Digest>;

}  // namespace holdfast::formats
