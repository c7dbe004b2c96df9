// aead.h: sealing with XChaCha20-Poly1305 and a key commitment.
// HKDF-SHA-256(key, salt = nonce) gives 64 bytes: the first half encrypts, the second half is the
// commitment, compared in constant time before anything is decrypted. So one ciphertext opens under
// one key only. The caller draws a fresh random nonce for every sealing.
// Limits: plaintext kSealBytesMax. Time: none. Threads: functions any; an Aead object one (it keeps
// the cipher objects, for about twice the rate). Errors: authentication_failed (wrong key,
// nonce, commitment, aad or damage: not told apart), too_long, secret_memory_exhausted.
// Source: docs/design/security.md §4; draft-irtf-cfrg-xchacha-03, RFC 8439, RFC 5869.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace holdfast::crypto {
using base::ByteView, base::Result;

using KeyView = std::span<const std::uint8_t, 32>;  // what Secret<Tag, 32>::expose hands out
using Nonce = base::FixedBytes<struct NonceTag, 24>;
using Commitment = base::FixedBytes<struct CommitmentTag, 32>;

inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kSealBytesMax = std::size_t{1} << 30;

struct Sealed {
  base::Bytes ciphertext;  // as long as the plaintext, and the tag
  Commitment commitment;
  auto operator==(const Sealed&) const -> bool = default;
};

// What is left of a key once its commitment to one nonce was checked: opens what was sealed with
// both. For a reader that opens the same ciphertext again and again.
using OpeningKey = base::Secret<struct OpeningKeyTag, 32>;

class Aead {
 public:
  Aead();
  ~Aead();
  Aead(Aead&&) noexcept;
  auto operator=(Aead&&) noexcept -> Aead&;
  Aead(const Aead&) = delete;
  auto operator=(const Aead&) -> Aead& = delete;

  [[nodiscard]] auto seal(KeyView key, const Nonce& nonce, ByteView aad, ByteView plaintext)
      -> Result<Sealed>;
  [[nodiscard]] auto open(KeyView key, const Nonce& nonce, const Commitment& commitment,
                          ByteView aad, ByteView ciphertext, base::SecretMemory& memory)
      -> Result<base::SecretBytes>;
  // The same in two steps.
  [[nodiscard]] auto opening_key(KeyView key, const Nonce& nonce, const Commitment& commitment,
                                 base::SecretMemory& memory) -> Result<OpeningKey>;
  [[nodiscard]] auto open(const OpeningKey& key, const Nonce& nonce, ByteView aad,
                          ByteView ciphertext, base::SecretMemory& memory)
      -> Result<base::SecretBytes>;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] auto seal(KeyView key, const Nonce& nonce, ByteView aad, ByteView plaintext)
    -> Result<Sealed>;
[[nodiscard]] auto open(KeyView key, const Nonce& nonce, const Commitment& commitment, ByteView aad,
                        ByteView ciphertext, base::SecretMemory& memory)
    -> Result<base::SecretBytes>;

// The cipher without the commitment, for test vectors and foreign formats.
[[nodiscard]] auto xchacha20_poly1305_seal(KeyView key, const Nonce& nonce, ByteView aad,
                                           ByteView plaintext) -> Result<base::Bytes>;
[[nodiscard]] auto xchacha20_poly1305_open(KeyView key, const Nonce& nonce, ByteView aad,
                                           ByteView ciphertext, base::SecretMemory& memory)
    -> Result<base::SecretBytes>;

}  // namespace holdfast::crypto
