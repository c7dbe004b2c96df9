#include "crypto/ed25519.h"

#include <botan/ed25519.h>
#include <botan/pubkey.h>

#include <algorithm>
#include <array>

#include "crypto/fixed_rng.h"
#include "crypto/guard.h"

namespace holdfast::crypto {
namespace {
using base::Error, base::fail;
using Coordinate = std::array<std::uint8_t, 32>;

// y of the eight points of small order, little endian: 0, 1, p - 1 and the two of order 8.
consteval auto small_number(std::uint8_t value) -> Coordinate { return {value}; }
consteval auto below_p(std::uint8_t distance) -> Coordinate {  // p = 2^255 - 19
  Coordinate y;
  y.fill(0xff);
  y[0] = static_cast<std::uint8_t>(0xed - distance);
  y[31] = 0x7f;
  return y;
}
inline constexpr std::array<Coordinate, 5> kSmallOrder{
    small_number(0),
    small_number(1),
    below_p(1),
    Coordinate{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
               0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
               0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    Coordinate{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
               0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
               0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};
inline constexpr Coordinate kP = below_p(0);

auto private_key(std::span<const std::uint8_t, 32> seed) -> Botan::Ed25519_PrivateKey {
  return Botan::Ed25519_PrivateKey{Botan::secure_vector<std::uint8_t>(seed.begin(), seed.end())};
}

}  // namespace

auto is_strict_point(std::span<const std::uint8_t, 32> point) -> bool {
  Coordinate y;
  std::ranges::copy(point, y.begin());
  y[31] &= 0x7f;  // the top bit is the sign of x
  const bool canonical = std::lexicographical_compare(y.rbegin(), y.rend(), kP.rbegin(), kP.rend());
  return canonical && std::ranges::find(kSmallOrder, y) == kSmallOrder.end();
}

auto ed25519_public_key(std::span<const std::uint8_t, 32> seed) -> Result<Ed25519PublicKey> {
  return guarded([&] { return Ed25519PublicKey::from(private_key(seed).raw_public_key_bits()); });
}

auto ed25519_sign(std::span<const std::uint8_t, 32> seed, ByteView message)
    -> Result<Ed25519Signature> {
  return guarded([&] {
    FixedRng none;  // the scheme is deterministic
    const auto key = private_key(seed);
    return Ed25519Signature::from(Botan::PK_Signer{key, none, ""}.sign_message(message, none));
  });
}

auto ed25519_verify(const Ed25519PublicKey& key, ByteView message,
                    const Ed25519Signature& signature) -> Result<void> {
  if (!is_strict_point(key.view())) return fail(Error::bad_key);
  if (!is_strict_point(signature.view().first<32>())) return fail(Error::bad_signature);
  return guarded([&]() -> Result<void> {
    const Botan::Ed25519_PublicKey library_key{key.view()};
    if (!Botan::PK_Verifier{library_key, ""}.verify_message(message, signature.view()))
      return fail(Error::bad_signature);
    return {};
  });
}

}  // namespace holdfast::crypto
