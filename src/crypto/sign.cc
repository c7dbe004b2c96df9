#include "crypto/sign.h"

#include <botan/ed25519.h>
#include <botan/pubkey.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "crypto/guard.h"
#include "crypto/ml_dsa.h"

namespace holdfast::crypto {
namespace {
using base::Error, base::fail;

inline constexpr std::string_view kDomain = "holdfast/1/";
inline constexpr std::array<std::uint8_t, 1> kEnd{0};

// The pieces of the signed bytes, for whoever can take pieces.
struct SignedParts {
  ByteView domain = base::view_of(kDomain);
  ByteView purpose;
  ByteView end{kEnd};
  ByteView message;

  SignedParts(Purpose what, ByteView body)
      : purpose{base::view_of(purpose_text(what))}, message{body} {}
};

}  // namespace

auto purpose_text(Purpose purpose) -> std::string_view {
  switch (purpose) {
    case Purpose::block:
      return "block";
    case Purpose::checkpoint:
      return "checkpoint";
    case Purpose::amnesia:
      return "amnesia";
    case Purpose::hello:
      return "hello";
    case Purpose::transaction:
      return "transaction";
    case Purpose::wrap_key:
      return "wrap-key";
    case Purpose::member:
      return "member";
    case Purpose::invite:
      return "invite";
    case Purpose::join:
      return "join";
    case Purpose::keysync:
      return "keysync";
    case Purpose::key_metadata:
      return "key-metadata";
    case Purpose::export_data:
      return "export";
    case Purpose::backup:
      return "backup";
  }
  CHECK(false);
}

auto signed_bytes(Purpose purpose, ByteView message) -> base::Bytes {
  const SignedParts parts{purpose, message};
  base::Bytes bytes;
  bytes.reserve(parts.domain.size() + parts.purpose.size() + 1 + message.size());
  for (const auto part : {parts.domain, parts.purpose, parts.end, parts.message})
    base::append(bytes, part);
  return bytes;
}

auto ml_dsa_half(const PublicKey& key) -> std::span<const std::uint8_t, kMlDsaPublicBytes> {
  return key.view().first<kMlDsaPublicBytes>();
}

auto ed25519_half(const PublicKey& key) -> Ed25519PublicKey {
  Ed25519PublicKey half;
  std::ranges::copy(key.view().last<32>(), half.bytes.begin());
  return half;
}

struct Signer::State {
  State(MlDsaSigner lattice_signer, std::span<const std::uint8_t, 32> curve_seed)
      : lattice{std::move(lattice_signer)},
        curve_key{Botan::secure_vector<std::uint8_t>(curve_seed.begin(), curve_seed.end())},
        curve{curve_key, none, ""} {}

  auto sign_curve(const SignedParts& parts) -> Result<Ed25519Signature> {
    return guarded([&] {
      for (const auto part : {parts.domain, parts.purpose, parts.end, parts.message})
        curve.update(part);
      return Ed25519Signature::from(curve.signature(none));
    });
  }

  MlDsaSigner lattice;
  FixedRng none;  // Ed25519 draws nothing
  Botan::Ed25519_PrivateKey curve_key;
  Botan::PK_Signer curve;
  PublicKey public_key;
};

Signer::Signer(std::unique_ptr<State> state) : state_{std::move(state)} {}
Signer::~Signer() = default;
Signer::Signer(Signer&&) noexcept = default;
auto Signer::operator=(Signer&&) noexcept -> Signer& = default;

auto Signer::create(const SigningSeed& seed) -> Result<Signer> {
  return seed.expose([](std::span<const std::uint8_t, 64> bytes) {
    return guarded([&]() -> Result<Signer> {
      TRY(lattice, MlDsaSigner::create(bytes.first<32>()));
      TRY(lattice_public, lattice.public_key());
      auto state = std::make_unique<State>(std::move(lattice), bytes.last<32>());
      std::ranges::copy(lattice_public.bytes, state->public_key.bytes.begin());
      std::ranges::copy(state->curve_key.raw_public_key_bits(),
                        state->public_key.bytes.begin() + kMlDsaPublicBytes);
      return Signer{std::move(state)};
    });
  });
}

auto Signer::public_key() const -> const PublicKey& { return state_->public_key; }

auto Signer::sign(Purpose purpose, ByteView message, SigningRandomness randomness)
    -> Result<Signature> {
  const SignedParts parts{purpose, message};
  TRY(lattice,
      state_->lattice.sign({parts.domain, parts.purpose, parts.end, parts.message}, randomness));
  TRY(curve, state_->sign_curve(parts));
  Signature signature;
  std::ranges::copy(lattice.bytes, signature.bytes.begin());
  std::ranges::copy(curve.bytes, signature.bytes.begin() + kMlDsaSignatureBytes);
  return signature;
}

auto Signer::sign_hello(ByteView message) -> Result<Ed25519Signature> {
  return state_->sign_curve(SignedParts{Purpose::hello, message});
}

struct Verifier::State {
  State(MlDsaVerifier lattice_verifier, const PublicKey& key)
      : lattice{std::move(lattice_verifier)}, curve_key{ed25519_half(key).view()} {
    curve.emplace(curve_key, "");
  }

  auto verify_curve(const SignedParts& parts, std::span<const std::uint8_t, 64> signature)
      -> Result<void> {
    if (!is_strict_point(signature.first<32>())) return fail(Error::bad_signature);
    try {
      if (!curve) curve.emplace(curve_key, "");
      for (const auto part : {parts.domain, parts.purpose, parts.end, parts.message})
        curve->update(part);
      if (!curve->check_signature(signature)) return fail(Error::bad_signature);
      return {};
    } catch (const std::exception&) {
      curve.reset();
      return fail(Error::crypto_failed);
    }
  }

  MlDsaVerifier lattice;
  Botan::Ed25519_PublicKey curve_key;
  std::optional<Botan::PK_Verifier> curve;  // none after an exception: its state is unknown
};

Verifier::Verifier(std::unique_ptr<State> state) : state_{std::move(state)} {}
Verifier::~Verifier() = default;
Verifier::Verifier(Verifier&&) noexcept = default;
auto Verifier::operator=(Verifier&&) noexcept -> Verifier& = default;

auto Verifier::create(const PublicKey& key) -> Result<Verifier> {
  if (!is_strict_point(ed25519_half(key).view())) return fail(Error::bad_key);
  return guarded([&]() -> Result<Verifier> {
    TRY(lattice, MlDsaVerifier::create(ml_dsa_half(key)));
    return Verifier{std::make_unique<State>(std::move(lattice), key)};
  });
}

auto Verifier::verify(Purpose purpose, ByteView message, const Signature& signature)
    -> Result<void> {
  const SignedParts parts{purpose, message};
  // The lattice half first: it costs half as much as the other.
  TRY_DO(state_->lattice.verify({parts.domain, parts.purpose, parts.end, parts.message},
                                signature.view().first<kMlDsaSignatureBytes>()));
  return state_->verify_curve(parts, signature.view().last<64>());
}

auto Verifier::verify_hello(ByteView message, const Ed25519Signature& signature) -> Result<void> {
  return state_->verify_curve(SignedParts{Purpose::hello, message}, signature.view());
}

VerifierCache::VerifierCache(std::size_t count_max) : count_max_{count_max} {
  CHECK(count_max_ > 0);
}

auto VerifierCache::verify(const PublicKey& key, Purpose purpose, ByteView message,
                           const Signature& signature) -> Result<void> {
  TRY(verifier, find_or_add(key));
  return verifier->verify(purpose, message, signature);
}

auto VerifierCache::find_or_add(const PublicKey& key) -> Result<Verifier*> {
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return &found->second->verifier;
  }
  TRY(verifier, Verifier::create(key));
  if (recent_.size() == count_max_) {
    by_key_.erase(recent_.back().key);
    recent_.pop_back();
  }
  recent_.emplace_front(key, std::move(verifier));
  by_key_.emplace(key, recent_.begin());
  return &recent_.front().verifier;
}

}  // namespace holdfast::crypto
