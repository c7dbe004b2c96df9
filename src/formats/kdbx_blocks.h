// kdbx_blocks.h: what follows the header of a KDBX file, block by block, and its encryption.
// Version 4 puts the ciphertext into blocks with an HMAC each; version 3.1 the plaintext into
// blocks with a SHA-256 each. Nothing is handed out before its tag or hash was checked, and the
// stream must end with an empty block. Limits: kKdbxBlockBytesMax a block, judged before anything
// is copied. Time: none. Threads: functions any. Errors, at "block 3": file_corrupt; file_key_wrong
// (3.1); throws std::bad_alloc. Source: keepass.info/help/kb/kdbx.html.
#pragma once

#include "base/result.h"
#include "base/secret.h"
#include "formats/kdbx_keys.h"

namespace holdfast::formats {

inline constexpr std::size_t kKdbxBlockBytesMax = std::size_t{256} << 20;
inline constexpr std::size_t kKdbxBlockBytesWritten = std::size_t{1} << 20;

[[nodiscard]] auto read_tagged_blocks(base::ByteView stream, const KdbxKeys& keys,
                                      base::SecretMemory& memory)
    -> base::Detailed<base::SecretBytes>;
void write_tagged_blocks(base::SecretBytes::Buffer& out, base::ByteView bytes, const KdbxKeys& keys,
                         base::SecretMemory& memory);
[[nodiscard]] auto read_hashed_blocks(base::ByteView stream, base::SecretMemory& memory)
    -> base::Detailed<base::SecretBytes>;

// In place. Decrypting CBC leaves the padding, which drop_padding() then checks and removes.
[[nodiscard]] auto decrypt(const KdbxHeader& header, const KdbxKeys& keys, base::SecretBytes& bytes)
    -> base::Result<void>;
[[nodiscard]] auto drop_padding(const KdbxHeader& header, base::SecretBytes& bytes)
    -> base::Result<void>;
[[nodiscard]] auto encrypt(const KdbxHeader& header, const KdbxKeys& keys, base::SecretBytes& bytes)
    -> base::Result<void>;

}  // namespace holdfast::formats
