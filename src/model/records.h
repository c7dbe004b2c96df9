// records.h: the records that changes carry: categories, key generations, members, roles, policies.
// Limits: below, checked by decode. Time: none. Threads: values. Source: docs/formats.cddl.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "crypto/kem.h"
#include "crypto/sign.h"
#include "model/ids.h"

namespace holdfast::model {

inline constexpr std::size_t kSealedNameBytesMax = 1 << 10;
inline constexpr std::size_t kReadersMax = 1000;
inline constexpr std::size_t kSealedKeyBytes = 24 + 32 + 32 + 16;  // nonce ‖ commitment ‖ key ‖ tag
inline constexpr std::size_t kPermissionsMax = 64;
inline constexpr std::size_t kChecksMax = 16;
inline constexpr std::size_t kPersonsMax = 100;
inline constexpr std::size_t kRewrapsMax = 10'000;
inline constexpr std::size_t kSettingsBytesMax = 64 << 10;

using KemCiphertext = crypto::KemCiphertext;
using KemPublic = crypto::KemPublicKey;

struct CategoryRecord {
  CategoryId id;
  std::optional<CategoryId> parent;
  base::Bytes sealed_name;
  auto operator==(const CategoryRecord&) const -> bool = default;
};

struct KeyWrap {
  DeviceId device;
  WrapKeyNumber key{};
  KemCiphertext kem;
  base::Bytes sealed;  // kSealedKeyBytes
  auto operator==(const KeyWrap&) const -> bool = default;
};

struct KeyGeneration {
  VaultId vault;
  CategoryId category;
  Generation generation{};
  std::optional<Digest> previous;  // generation_digest of g-1
  Digest readers;                  // readers_digest of the recipients, ascending by device
  std::uint64_t reason = 0;        // 0 first, 1 readers shrank, 2 scheduled, 3 complaint
  Digest commitment;               // generation_commitment
  std::optional<base::Bytes> old_key_sealed;
  std::vector<KeyWrap> wraps;  // ascending by device, at most kReadersMax
  auto operator==(const KeyGeneration&) const -> bool = default;
};

struct KeyGrant {
  CategoryId category;
  Generation generation{};
  KeyWrap wrap;
  auto operator==(const KeyGrant&) const -> bool = default;
};

struct RewrapRecord {
  CategoryId category;
  Generation generation{};
  std::vector<std::pair<VersionId, base::Bytes>> keys;
  auto operator==(const RewrapRecord&) const -> bool = default;
};

struct WrapKeyRecord {
  WrapKeyNumber number{};
  KemPublic key;
  crypto::Signature signature;  // purpose wrap_key, by the author key, over wrap_key_body
  auto operator==(const WrapKeyRecord&) const -> bool = default;
};

struct MemberRecord {
  DeviceId device;
  PersonId person;
  RoleId role{};
  crypto::PublicKey node_key;
  std::optional<crypto::PublicKey> author_key;  // none: a replica
  std::optional<WrapKeyRecord> wrap_key;
  base::Bytes sealed_name;
  std::vector<crypto::Signature> proofs;  // purpose member, over member_body: node key, author key
  auto operator==(const MemberRecord&) const -> bool = default;
};

struct RoleRecord {
  RoleId id{};
  base::Bytes sealed_name;
  std::vector<std::uint64_t> permissions;
  auto operator==(const RoleRecord&) const -> bool = default;
};

struct RequireSignature {
  base::Bytes key;
  auto operator==(const RequireSignature&) const -> bool = default;
};
struct RequireMultiSig {
  std::vector<PersonId> persons;
  std::uint64_t threshold = 0;
  auto operator==(const RequireMultiSig&) const -> bool = default;
};
struct TimeWindow {
  std::uint64_t from = 0, until = 0;  // minutes of the day, UTC
  auto operator==(const TimeWindow&) const -> bool = default;
};
struct RateLimit {
  std::uint64_t count = 0, window_ms = 0;
  auto operator==(const RateLimit&) const -> bool = default;
};
using PolicyCheck = std::variant<RequireSignature, RequireMultiSig, TimeWindow, RateLimit>;

struct PolicyRecord {
  PolicyId id;
  std::optional<CategoryId> category;  // none: every
  std::optional<SecretId> secret;
  std::uint64_t required = 0;
  std::vector<PolicyCheck> checks;
  auto operator==(const PolicyRecord&) const -> bool = default;
};

struct Retention {
  std::uint64_t versions = 20, days = 90, transactions_days = 365;
  auto operator==(const Retention&) const -> bool = default;
};

[[nodiscard]] auto encode(const KeyGeneration& record) -> base::Bytes;
[[nodiscard]] auto decode_key_generation(base::ByteView encoded) -> base::Result<KeyGeneration>;
[[nodiscard]] auto encode(const MemberRecord& record) -> base::Bytes;
[[nodiscard]] auto decode_member_record(base::ByteView encoded) -> base::Result<MemberRecord>;

// What signatures and digests of these records cover.
[[nodiscard]] auto wrap_key_body(const DeviceId& device, const WrapKeyRecord& record)
    -> base::Bytes;
[[nodiscard]] auto member_body(const MemberRecord& record) -> base::Bytes;  // all but proofs
[[nodiscard]] auto device_id(const crypto::PublicKey& node_key) -> DeviceId;
[[nodiscard]] auto generation_digest(const KeyGeneration& record) -> Digest;  // of the whole record
[[nodiscard]] auto generation_salt(const KeyGeneration& record) -> Digest;    // without wraps
[[nodiscard]] auto readers_digest(const std::vector<DeviceId>& ascending) -> Digest;
[[nodiscard]] auto generation_commitment(const VaultId& vault, const CategoryId& category,
                                         Generation generation,
                                         std::span<const std::uint8_t, 32> key) -> Digest;
[[nodiscard]] auto generation_wrap_info(const DeviceId& device, WrapKeyNumber key) -> base::Bytes;
// AAD of a category key wrapped to a device, and of generation g-1's key sealed under g.
[[nodiscard]] auto generation_wrap_aad(const KeyGeneration& record, const DeviceId& device,
                                       WrapKeyNumber key) -> base::Bytes;
[[nodiscard]] auto old_key_aad(const KeyGeneration& record) -> base::Bytes;
// AAD of a category's or member's name, sealed under the root category's key as nonce ‖ commitment
// ‖ ciphertext.
[[nodiscard]] auto name_aad(const VaultId& vault, base::ByteView owner_id) -> base::Bytes;

}  // namespace holdfast::model
