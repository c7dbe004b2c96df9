// ml_kem.h: internal to crypto (it names the library): ML-KEM-768, the lattice half of kem.h.
// Private keys are their 64-byte seeds d ‖ z; randomness is an argument.
// Limits, bytes: public 1184, ciphertext 1088, shared 32. Time: none. Threads: functions any; an
// object one. Errors: bad_key (coefficients not below q), crypto_failed.
// Source: FIPS 203.
#pragma once

#include <botan/ml_kem.h>
#include <botan/pubkey.h>

#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/fixed_rng.h"

namespace holdfast::crypto {
using base::Result;

using MlKemPublicKey = base::FixedBytes<struct MlKemPublicKeyTag, 1184>;
using MlKemCiphertext = base::FixedBytes<struct MlKemCiphertextTag, 1088>;

struct MlKemEncapsulated {
  MlKemCiphertext ciphertext;
  Botan::secure_vector<std::uint8_t> shared;
};
[[nodiscard]] auto ml_kem_encapsulate(std::span<const std::uint8_t, 1184> to,
                                      std::span<const std::uint8_t, 32> randomness)
    -> Result<MlKemEncapsulated>;

class MlKemDecapsulator {
 public:
  static auto create(std::span<const std::uint8_t, 64> seed) -> Result<MlKemDecapsulator>;

  [[nodiscard]] auto public_key() const -> Result<MlKemPublicKey>;
  [[nodiscard]] auto decapsulate(std::span<const std::uint8_t, 1088> ciphertext)
      -> Result<Botan::secure_vector<std::uint8_t>>;

 private:
  struct Parts {
    explicit Parts(std::span<const std::uint8_t, 64> seed)
        : key{seed, Botan::ML_KEM_Mode::ML_KEM_768}, decryptor{key, rng, "Raw"} {}
    FixedRng rng;  // decapsulation draws nothing
    Botan::ML_KEM_PrivateKey key;
    Botan::PK_KEM_Decryptor decryptor;
  };
  explicit MlKemDecapsulator(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
  std::unique_ptr<Parts> parts_;
};

}  // namespace holdfast::crypto
