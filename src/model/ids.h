// ids.h: the names of things: ids as byte strings that cannot be confused, numbers as strong types.
// Ids made from content are SHA-256 digests with a domain (signing.h); the others are random.
// Threads: values. Source: docs/formats.cddl.
#pragma once

#include <cstdint>
#include <utility>

#include "base/bytes.h"
#include "crypto/hash.h"

namespace holdfast::model {

using crypto::Digest;

using VaultId = base::FixedBytes<struct VaultIdTag, 32>;      // digest of the Genesis
using DeviceId = base::FixedBytes<struct DeviceIdTag, 32>;    // digest of the public node key
using VersionId = base::FixedBytes<struct VersionIdTag, 32>;  // digest of the Version
using TxId = base::FixedBytes<struct TxIdTag, 32>;            // digest of the unsigned Transaction
using BlockDigest = base::FixedBytes<struct BlockDigestTag, 32>;
using CommitDigest = base::FixedBytes<struct CommitDigestTag, 32>;

using SecretId = base::FixedBytes<struct SecretIdTag, 16>;
using CategoryId = base::FixedBytes<struct CategoryIdTag, 16>;
using PersonId = base::FixedBytes<struct PersonIdTag, 16>;
using PolicyId = base::FixedBytes<struct PolicyIdTag, 16>;

enum class TimeMs : std::uint64_t {};  // Unix time, milliseconds
enum class Height : std::uint64_t {};  // index of a commit; dense, from 1; 0: nothing yet
enum class Round : std::uint64_t {};
enum class Epoch : std::uint64_t {};
enum class AuthorIndex : std::uint64_t {};  // of a validator in its committee
enum class AuthorSeq : std::uint64_t {};    // of a transaction; 0: none yet
enum class Generation : std::uint64_t {};   // of a category key, from 1
enum class RoleId : std::uint64_t {};
enum class WrapKeyNumber : std::uint64_t {};

template <class Number>
  requires std::is_enum_v<Number>
[[nodiscard]] constexpr auto next(Number number) -> Number {
  return Number{std::to_underlying(number) + 1};
}

inline constexpr std::uint64_t kSuite = 1;  // X-Wing, ML-DSA-65 + Ed25519, XChaCha20-Poly1305
inline constexpr std::uint64_t kFormatVersion = 1;  // `v` of every structure

}  // namespace holdfast::model
