#include "crypto/kem.h"

#include <botan/hash.h>
#include <botan/x25519.h>

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/equal.h"
#include "crypto/guard.h"
#include "crypto/ml_kem.h"

namespace holdfast::crypto {
namespace {
using base::Error, base::fail, base::SecretMemory;
using Point = std::span<const std::uint8_t, 32>;
using Temporary = Botan::secure_vector<std::uint8_t>;

inline constexpr std::size_t kLatticePublicBytes = 1184;
inline constexpr std::size_t kLatticeCiphertextBytes = 1088;
inline constexpr std::array<std::uint8_t, 6> kLabel{0x5c, 0x2e, 0x2f,
                                                    0x2f, 0x5e, 0x5c};  // \.//^\ .

// d ‖ z of ML-KEM, then the X25519 scalar.
void expand(const KemSeed& seed, Wiped<96>& out) {
  const auto shake = Botan::HashFunction::create_or_throw("SHAKE-256(768)");
  seed.expose([&](auto bytes) { shake->update(bytes); });
  shake->final(std::span<std::uint8_t>{out.bytes});
}

auto scalar_key(Point scalar) -> Botan::X25519_PrivateKey {
  return Botan::X25519_PrivateKey{Temporary(scalar.begin(), scalar.end())};
}

auto combine(ByteView lattice_shared, ByteView curve_shared, ByteView curve_ciphertext,
             ByteView curve_public, SecretMemory& memory) -> Result<KemSharedSecret> {
  const auto hash = Botan::HashFunction::create_or_throw("SHA-3(256)");
  for (const auto part : {lattice_shared, curve_shared, curve_ciphertext, curve_public})
    hash->update(part);
  hash->update(kLabel);
  return KemSharedSecret::make(memory,
                               [&](auto out) { hash->final(std::span<std::uint8_t>{out}); });
}

}  // namespace

struct Decapsulator::State {
  MlKemDecapsulator lattice;
  Botan::X25519_PrivateKey curve;
  KemPublicKey public_key;
};

Decapsulator::Decapsulator(std::unique_ptr<State> state) : state_{std::move(state)} {}
Decapsulator::~Decapsulator() = default;
Decapsulator::Decapsulator(Decapsulator&&) noexcept = default;
auto Decapsulator::operator=(Decapsulator&&) noexcept -> Decapsulator& = default;

auto Decapsulator::create(const KemSeed& seed) -> Result<Decapsulator> {
  return guarded([&]() -> Result<Decapsulator> {
    Wiped<96> expanded;
    expand(seed, expanded);
    TRY(lattice, MlKemDecapsulator::create(expanded.part<0, 64>()));
    auto curve = scalar_key(expanded.part<64, 32>());
    TRY(lattice_public, lattice.public_key());
    KemPublicKey public_key;
    std::ranges::copy(lattice_public.bytes, public_key.bytes.begin());
    std::ranges::copy(curve.public_value(), public_key.bytes.begin() + kLatticePublicBytes);
    return Decapsulator{std::make_unique<State>(std::move(lattice), std::move(curve), public_key)};
  });
}

auto Decapsulator::public_key() const -> const KemPublicKey& { return state_->public_key; }

auto Decapsulator::decapsulate(const KemCiphertext& ciphertext, SecretMemory& memory)
    -> Result<KemSharedSecret> {
  return guarded([&]() -> Result<KemSharedSecret> {
    const auto lattice_part = ciphertext.view().first<kLatticeCiphertextBytes>();
    const auto curve_part = ciphertext.view().subspan<kLatticeCiphertextBytes, 32>();
    TRY(lattice_shared, state_->lattice.decapsulate(lattice_part));
    const Temporary curve_shared = state_->curve.agree(curve_part.data(), curve_part.size());
    return combine(lattice_shared, curve_shared, curve_part,
                   state_->public_key.view().subspan<kLatticePublicBytes, 32>(), memory);
  });
}

auto kem_public_key(const KemSeed& seed) -> Result<KemPublicKey> {
  TRY(decapsulator, Decapsulator::create(seed));
  return decapsulator.public_key();
}

auto encapsulate(const KemPublicKey& to, KemRandomness randomness, SecretMemory& memory)
    -> Result<Encapsulated> {
  return guarded([&]() -> Result<Encapsulated> {
    const auto curve_public = to.view().subspan<kLatticePublicBytes, 32>();
    TRY(lattice,
        ml_kem_encapsulate(to.view().first<kLatticePublicBytes>(), randomness.first<32>()));
    const auto ephemeral = scalar_key(randomness.last<32>());
    const auto curve_ciphertext = ephemeral.public_value();
    const Temporary curve_shared = ephemeral.agree(curve_public.data(), curve_public.size());
    TRY(shared, combine(lattice.shared, curve_shared, curve_ciphertext, curve_public, memory));
    KemCiphertext ciphertext;
    std::ranges::copy(lattice.ciphertext.bytes, ciphertext.bytes.begin());
    std::ranges::copy(curve_ciphertext, ciphertext.bytes.begin() + kLatticeCiphertextBytes);
    return Encapsulated{.ciphertext = ciphertext, .shared = std::move(shared)};
  });
}

auto x25519(Point secret_scalar, Point point, SecretMemory& memory) -> Result<X25519Shared> {
  return guarded([&]() -> Result<X25519Shared> {
    const Temporary shared = scalar_key(secret_scalar).agree(point.data(), point.size());
    constexpr std::array<std::uint8_t, 32> kZero{};
    if (equal(shared, kZero)) return fail(Error::all_zero_shared_secret);
    return X25519Shared::copy_of(memory, std::span<const std::uint8_t, 32>{shared});
  });
}

}  // namespace holdfast::crypto
