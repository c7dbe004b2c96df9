#include "crypto/ml_kem.h"

#include <utility>

#include "base/check.h"
#include "crypto/guard.h"

namespace holdfast::crypto {
using base::Error, base::fail;

auto ml_kem_encapsulate(std::span<const std::uint8_t, 1184> to,
                        std::span<const std::uint8_t, 32> randomness) -> Result<MlKemEncapsulated> {
  std::unique_ptr<Botan::ML_KEM_PublicKey> key;
  try {
    key = std::make_unique<Botan::ML_KEM_PublicKey>(to, Botan::ML_KEM_Mode::ML_KEM_768);
  } catch (const std::exception&) {
    return fail(Error::bad_key);
  }
  return guarded([&]() -> Result<MlKemEncapsulated> {
    FixedRng rng{randomness};
    auto result = Botan::PK_KEM_Encryptor{*key, "Raw"}.encrypt(rng);
    CHECK(rng.used_up());
    TRY(ciphertext, MlKemCiphertext::from(result.encapsulated_shared_key()));
    return MlKemEncapsulated{.ciphertext = ciphertext, .shared = result.shared_key()};
  });
}

auto MlKemDecapsulator::create(std::span<const std::uint8_t, 64> seed)
    -> Result<MlKemDecapsulator> {
  return guarded([&]() -> Result<MlKemDecapsulator> {
    return MlKemDecapsulator{std::make_unique<Parts>(seed)};
  });
}

auto MlKemDecapsulator::public_key() const -> Result<MlKemPublicKey> {
  return guarded([&] { return MlKemPublicKey::from(parts_->key.raw_public_key_bits()); });
}

auto MlKemDecapsulator::decapsulate(std::span<const std::uint8_t, 1088> ciphertext)
    -> Result<Botan::secure_vector<std::uint8_t>> {
  return guarded([&]() -> Result<Botan::secure_vector<std::uint8_t>> {
    return parts_->decryptor.decrypt(ciphertext, 32);
  });
}

}  // namespace holdfast::crypto
