#include "crypto/ml_dsa.h"

#include <utility>

#include "base/check.h"
#include "crypto/guard.h"

namespace holdfast::crypto {
using base::Error, base::fail;

auto MlDsaSigner::create(std::span<const std::uint8_t, 32> seed, Mode mode) -> Result<MlDsaSigner> {
  return guarded(
      [&]() -> Result<MlDsaSigner> { return MlDsaSigner{std::make_unique<State>(seed, mode)}; });
}

auto MlDsaSigner::public_key() const -> Result<MlDsaPublicKey> {
  return guarded([&] { return MlDsaPublicKey::from(state_->key.raw_public_key_bits()); });
}

auto MlDsaSigner::sign(Parts message, ByteView randomness) -> Result<MlDsaSignature> {
  return guarded([&]() -> Result<MlDsaSignature> {
    state_->rng.refill(randomness);
    for (const auto part : message) state_->signer.update(part);
    const auto signature = state_->signer.signature(state_->rng);
    CHECK(state_->rng.used_up());
    return MlDsaSignature::from(signature);
  });
}

auto MlDsaVerifier::create(std::span<const std::uint8_t, 1952> key) -> Result<MlDsaVerifier> {
  try {
    return MlDsaVerifier{std::make_unique<State>(key)};
  } catch (const std::exception&) {
    return fail(Error::bad_key);
  }
}

auto MlDsaVerifier::verify(Parts message, ByteView signature) -> Result<void> {
  auto& verifier = state_->verifier;
  try {
    if (!verifier) verifier.emplace(state_->key, "");
    for (const auto part : message) verifier->update(part);
    if (!verifier->check_signature(signature)) return fail(Error::bad_signature);
    return {};
  } catch (const std::exception&) {
    verifier.reset();
    return fail(Error::crypto_failed);
  }
}

}  // namespace holdfast::crypto
