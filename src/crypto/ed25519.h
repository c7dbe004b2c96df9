// ed25519.h: Ed25519 with strict verification, a half of every composite signature.
// The library checks S and takes the equation without cofactor, but accepts small-order and
// non-canonical points; both A and R are refused here before it sees them. No batch verification.
// Limits, bytes: seed 32, public 32, signature 64. Time: none. Threads: functions any.
// Errors: bad_key (A refused), bad_signature. Source: RFC 8032 §5.1; docs/design/platform.md §4.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace holdfast::crypto {
using base::ByteView, base::Result;

using Ed25519PublicKey = base::FixedBytes<struct Ed25519PublicKeyTag, 32>;
using Ed25519Signature = base::FixedBytes<struct Ed25519SignatureTag, 64>;

// Canonical (y < p) and not of small order.
[[nodiscard]] auto is_strict_point(std::span<const std::uint8_t, 32> point) -> bool;

[[nodiscard]] auto ed25519_public_key(std::span<const std::uint8_t, 32> seed)
    -> Result<Ed25519PublicKey>;
[[nodiscard]] auto ed25519_sign(std::span<const std::uint8_t, 32> seed, ByteView message)
    -> Result<Ed25519Signature>;
[[nodiscard]] auto ed25519_verify(const Ed25519PublicKey& key, ByteView message,
                                  const Ed25519Signature& signature) -> Result<void>;

}  // namespace holdfast::crypto
