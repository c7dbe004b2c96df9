// foreign_ciphers.h: what only other programs' files need: CBC without authentication, bare
// keystreams, the AES key transformation of KeePass, digests into the caller's wiped memory.
// Nothing of Holdfast's own is sealed with these. Padding and authentication are the caller's.
// Limits: keys 32 bytes; CBC takes whole blocks of 16 bytes and an IV of 16; Salsa20 an IV of 8,
// ChaCha20 one of 12. Time: none; aes_transform takes about 20 ns a round. Threads: functions any,
// a Keystream one. Errors: bad_length, crypto_failed, secret_memory_exhausted. Source: FIPS 197,
// SP 800-38A §6.2, the Twofish paper, RFC 8439, the Salsa20 specification; docs/design/platform.md
// §4.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace holdfast::crypto {

inline constexpr std::size_t kCbcBlockBytes = 16;

enum class BlockKind : std::uint8_t { aes_256, twofish };
enum class StreamKind : std::uint8_t { salsa20, chacha20 };
using ForeignKey = std::span<const std::uint8_t, 32>;

// In place, without padding.
[[nodiscard]] auto cbc_decrypt(BlockKind kind, ForeignKey key, base::ByteView iv,
                               std::span<std::uint8_t> bytes) -> base::Result<void>;
[[nodiscard]] auto cbc_encrypt(BlockKind kind, ForeignKey key, base::ByteView iv,
                               std::span<std::uint8_t> bytes) -> base::Result<void>;

class Keystream {
 public:
  [[nodiscard]] static auto create(StreamKind kind, ForeignKey key, base::ByteView iv)
      -> base::Result<Keystream>;
  ~Keystream();
  Keystream(Keystream&&) noexcept;
  auto operator=(Keystream&&) noexcept -> Keystream&;
  Keystream(const Keystream&) = delete;
  auto operator=(const Keystream&) -> Keystream& = delete;

  void apply(std::span<std::uint8_t> bytes);  // encrypts or decrypts, and moves on

 private:
  struct State;
  explicit Keystream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// AES-256 under `seed`, `rounds` times over both halves of `key`, in place.
[[nodiscard]] auto aes_transform(ForeignKey seed, std::uint64_t rounds,
                                 std::span<std::uint8_t, 32> key) -> base::Result<void>;

// PBKDF2 with HMAC-SHA-256: about 0.3 µs a round and 32 bytes. RFC 8018 §5.2.
[[nodiscard]] auto pbkdf2_sha256(base::ByteView passphrase, base::ByteView salt,
                                 std::uint32_t rounds, std::span<std::uint8_t> out)
    -> base::Result<void>;

// Digests of the concatenation, where the digest itself is a secret.
[[nodiscard]] auto sha256_into(std::span<std::uint8_t, 32> out,
                               std::initializer_list<base::ByteView> parts) -> base::Result<void>;
[[nodiscard]] auto sha512_into(std::span<std::uint8_t, 64> out,
                               std::initializer_list<base::ByteView> parts) -> base::Result<void>;

}  // namespace holdfast::crypto
