// kdbx_header.h: the outer header of a KDBX file: what is needed to derive its key and decrypt it.
// Everything in it is untrusted and unauthenticated until the key is known, so costs and lengths
// are judged here, before anything is allocated or computed. Limits: below; each is crossed by a
// test. Time: none. Threads: functions any. Errors, at "header": wrong_format, kdbx_version,
// kdbx_cipher, kdbx_kdf, kdbx_kdf_costly, file_corrupt. Source: keepass.info/help/kb/kdbx.html; the
// sources of KeePass 2 and KeePassXC were read for what they accept.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"

namespace holdfast::formats {

inline constexpr std::size_t kKdbxHeaderFieldBytesMax = 64 << 10;
inline constexpr std::size_t kKdbxHeaderFieldsMax = 64;
inline constexpr std::uint64_t kKdbxAesRoundsMax = 500'000'000;                      // about 10 s
inline constexpr std::uint64_t kKdbxArgonMemoryKibMax = std::uint64_t{1024} * 1024;  // 1 GiB
inline constexpr std::uint64_t kKdbxArgonPassesMax = 1'000;  // KeePassXC tunes to 1 s
inline constexpr std::uint64_t kKdbxArgonLanesMax = 64;
inline constexpr std::uint64_t kKdbxArgonWorkKibMax =
    std::uint64_t{32} * 1024 * 1024;  // memory times passes

enum class KdbxCipher : std::uint8_t { aes_256, chacha20, twofish };
enum class KdbxStream : std::uint8_t { none = 0, salsa20 = 2, chacha20 = 3 };

struct KdbxVersion {
  std::uint16_t major = 0, minor = 0;
  auto operator<=>(const KdbxVersion&) const = default;
};

struct AesKdf {
  std::uint64_t rounds = 0;
  base::Bytes seed;  // 32 bytes
};
struct ArgonKdf {
  crypto::Argon2Type type{};
  crypto::Argon2Params params{};
  base::Bytes salt, secret, associated;
};

struct KdbxHeader {
  KdbxVersion version;
  KdbxCipher cipher{};
  bool packed = false;  // gzip
  base::Bytes master_seed, iv;
  std::variant<AesKdf, ArgonKdf> kdf;
  KdbxStream stream{};       // 3.1; later versions say it inside
  base::Bytes stream_key;    // 3.1
  base::Bytes stream_start;  // 3.1: how the plaintext begins, to tell a wrong key
  std::size_t bytes = 0;     // of the header, from the first byte of the file
};

[[nodiscard]] auto is_kdbx(base::ByteView file) -> bool;  // also of versions nobody supports
[[nodiscard]] auto read_kdbx_header(base::ByteView file) -> base::Detailed<KdbxHeader>;
// Of version 4.1, for Argon2id only.
[[nodiscard]] auto write_kdbx_header(const KdbxHeader& header) -> base::Bytes;

[[nodiscard]] auto stream_from_id(std::uint32_t id) -> base::Result<KdbxStream>;

}  // namespace holdfast::formats
