// kem.h: hybrid key encapsulation X-Wing (ML-KEM-768 + X25519) for wrap keys, and X25519 alone.
// Limits, bytes: private seed 32, public 1216, ciphertext 1120, shared 32. Time: none; randomness
// is an argument, fresh for every encapsulation. Threads: functions any; a Decapsulator one (the
// library's lattice keys are not safe across threads, not even copies: each worker decodes its
// own). Errors: bad_key (public key not canonical), secret_memory_exhausted; x25519: a low-order
// point gives all_zero_shared_secret (within X-Wing it is no error, as in the draft). A malformed
// ciphertext is NOT an error: implicit rejection yields an unrelated secret (FIPS 203, Alg. 18).
// Source: draft-connolly-cfrg-xwing-kem, FIPS 203, RFC 7748.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace holdfast::crypto {
using base::ByteView, base::Result;

using KemSeed = base::Secret<struct KemSeedTag, 32>;  // the private key
using KemPublicKey = base::FixedBytes<struct KemPublicKeyTag, 1216>;
using KemCiphertext = base::FixedBytes<struct KemCiphertextTag, 1120>;
using KemSharedSecret = base::Secret<struct KemSharedSecretTag, 32>;
using KemRandomness = std::span<const std::uint8_t, 64>;

struct Encapsulated {
  KemCiphertext ciphertext;
  KemSharedSecret shared;
};

[[nodiscard]] auto kem_public_key(const KemSeed& seed) -> Result<KemPublicKey>;
[[nodiscard]] auto encapsulate(const KemPublicKey& to, KemRandomness randomness,
                               base::SecretMemory& memory) -> Result<Encapsulated>;

class Decapsulator {
 public:
  static auto create(const KemSeed& seed) -> Result<Decapsulator>;
  ~Decapsulator();
  Decapsulator(Decapsulator&&) noexcept;
  auto operator=(Decapsulator&&) noexcept -> Decapsulator&;
  Decapsulator(const Decapsulator&) = delete;
  auto operator=(const Decapsulator&) -> Decapsulator& = delete;

  [[nodiscard]] auto public_key() const -> const KemPublicKey&;
  [[nodiscard]] auto decapsulate(const KemCiphertext& ciphertext, base::SecretMemory& memory)
      -> Result<KemSharedSecret>;

 private:
  struct State;
  explicit Decapsulator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

using X25519Shared = base::Secret<struct X25519SharedTag, 32>;
[[nodiscard]] auto x25519(std::span<const std::uint8_t, 32> secret_scalar,
                          std::span<const std::uint8_t, 32> point, base::SecretMemory& memory)
    -> Result<X25519Shared>;

}  // namespace holdfast::crypto
