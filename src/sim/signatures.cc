#include "sim/signatures.h"

#include "base/check.h"

namespace holdfast::sim {
namespace {

using base::ByteView;
using crypto::PublicKey;
using crypto::Purpose;
using crypto::Signature;

constexpr std::size_t kVerifiersMax = 256;
constexpr std::size_t kKeyMemoryBytes = std::size_t{1} << 20;

class HashedSignatures final : public Signatures {
 public:
  auto make_key(std::uint64_t number) -> PublicKey override {
    PublicKey key;
    for (std::size_t i = 0; i < key.bytes.size(); ++i)
      key.bytes[i] = static_cast<std::uint8_t>(number >> 8 * (i % 8));
    return key;
  }
  auto sign(const PublicKey& key, Purpose purpose, ByteView message) -> Signature override {
    return crypto::SimulatedSignatures::sign(key, purpose, message);
  }
  auto is_good(const PublicKey& key, Purpose purpose, ByteView message, const Signature& signature)
      -> bool override {
    return sign(key, purpose, message) == signature;
  }
};

class RealSignatures final : public Signatures {
 public:
  auto make_key(std::uint64_t number) -> PublicKey override {
    const auto seed = crypto::SigningSeed::make(*memory_, [&](auto out) {
      for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<std::uint8_t>((number + 1) >> 8 * (i % 8));
    });
    CHECK(seed.has_value());
    auto signer = crypto::Signer::create(*seed);
    CHECK(signer.has_value());
    const PublicKey key = signer->public_key();
    signers_.emplace(key, *std::move(signer));
    return key;
  }
  auto sign(const PublicKey& key, Purpose purpose, ByteView message) -> Signature override {
    const auto signature = signers_.at(key).sign(purpose, message, crypto::sha256(message).bytes);
    CHECK(signature.has_value());
    return *signature;
  }
  auto is_good(const PublicKey& key, Purpose purpose, ByteView message, const Signature& signature)
      -> bool override {
    return verifiers_.verify(key, purpose, message, signature).has_value();
  }

 private:
  std::unique_ptr<base::SecretMemory> memory_ =
      base::SecretMemory::create({.bytes_max = kKeyMemoryBytes, .lock = base::Lock::none}).value();
  std::map<PublicKey, crypto::Signer> signers_;
  crypto::VerifierCache verifiers_{kVerifiersMax};
};

}  // namespace

auto hashed_signatures() -> std::unique_ptr<Signatures> {
  return std::make_unique<HashedSignatures>();
}
auto real_signatures() -> std::unique_ptr<Signatures> { return std::make_unique<RealSignatures>(); }

}  // namespace holdfast::sim
