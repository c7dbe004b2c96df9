// version.h: one immutable encrypted state of a secret; its id; what its encryption binds.
// Bytes are hashed as stored: EncodedVersion keeps them beside the decoded fields.
// Limits: kParentsMax, kSealedBytesMax. Time: none. Threads: values.
// Errors: the codec's, too_long, unsorted_keys (parents not ascending). Source: docs/formats.cddl.
#pragma once

#include <optional>
#include <vector>

#include "crypto/aead.h"
#include "model/ids.h"

namespace holdfast::model {

inline constexpr std::size_t kParentsMax = 16;
inline constexpr std::size_t kSealedBytesMax = (1920 << 10) + 16;  // Padmé of kSecretBytesMax, tag
inline constexpr std::size_t kWrappedKeyBytes = 32 + 32 + 16;      // commitment ‖ key ‖ tag

enum class VersionKind : std::uint8_t { content, tombstone };

struct Version {
  SecretId secret;
  CategoryId category;
  Generation generation{};
  std::vector<VersionId> parents;  // ascending, at most kParentsMax
  std::optional<VersionId> replaces;
  DeviceId author;
  AuthorSeq author_seq{};
  std::uint64_t index = 0;  // place in its transaction
  VersionKind kind = VersionKind::content;
  base::Bytes wrapped_key;  // kWrappedKeyBytes; empty for a tombstone
  crypto::Commitment commitment;
  crypto::Nonce nonce;
  base::Bytes sealed;  // a Padmé-padded Secret; empty for a tombstone
  auto operator==(const Version&) const -> bool = default;
};

struct EncodedVersion {
  Version fields;
  base::Bytes bytes;
  VersionId id;
  auto operator==(const EncodedVersion&) const -> bool = default;
};

[[nodiscard]] auto encode(const Version& version) -> EncodedVersion;
[[nodiscard]] auto decode_version(base::ByteView encoded) -> base::Result<EncodedVersion>;

// Additional authenticated data of `sealed` and of `wrapped_key` (docs/design/security.md,
// Sealing). Everything of the Version but the encrypted parts themselves.
[[nodiscard]] auto sealed_aad(const VaultId& vault, const Version& version) -> base::Bytes;
[[nodiscard]] auto wrapped_key_aad(const VaultId& vault, const Version& version) -> base::Bytes;

enum class StubReason : std::uint8_t { pruned, purged, denied };

struct Stub {
  VersionId version;
  std::vector<VersionId> parents;
  StubReason why{};
  auto operator==(const Stub&) const -> bool = default;
};
[[nodiscard]] auto encode(const Stub& stub) -> base::Bytes;
[[nodiscard]] auto decode_stub(base::ByteView encoded) -> base::Result<Stub>;

}  // namespace holdfast::model
