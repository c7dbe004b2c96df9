#include "crypto/hash.h"

#include <botan/hash.h>
#include <botan/mac.h>

#include <utility>

namespace holdfast::crypto {

struct Sha256::State {
  std::unique_ptr<Botan::HashFunction> hash = Botan::HashFunction::create_or_throw("SHA-256");
};

Sha256::Sha256() : state_{std::make_unique<State>()} {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
auto Sha256::operator=(Sha256&&) noexcept -> Sha256& = default;

void Sha256::update(ByteView bytes) { state_->hash->update(bytes); }

auto Sha256::finish() -> Digest {
  Digest digest;
  state_->hash->final(std::span<std::uint8_t>{digest.bytes});
  return digest;
}

// A library object for each call costs 150 ns over a kept one; a kept one would be a global.
auto sha256(std::initializer_list<ByteView> parts) -> Digest {
  const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  for (const auto part : parts) hash->update(part);
  Digest digest;
  hash->final(std::span<std::uint8_t>{digest.bytes});
  return digest;
}

auto sha256(ByteView bytes) -> Digest { return sha256({bytes}); }

auto hmac_sha256(ByteView key, std::initializer_list<ByteView> parts) -> Digest {
  const auto mac = Botan::MessageAuthenticationCode::create_or_throw("HMAC(SHA-256)");
  mac->set_key(key);
  for (const auto part : parts) mac->update(part);
  Digest digest;
  mac->final(std::span<std::uint8_t>{digest.bytes});
  return digest;
}

auto hmac_sha256(ByteView key, ByteView message) -> Digest { return hmac_sha256(key, {message}); }

}  // namespace holdfast::crypto
