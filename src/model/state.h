// state.h: the records of the replicated state, the leaves of the state tree, and audit records.
// Keys are a type and an id; the tree's leaf key is a digest of both. Every record is one encoding.
// Limits: kVersionNodesMax per secret. Time: none. Threads: values. Errors: the codec's.
// Source: docs/formats.cddl (State), docs/adr/0006-bucketed-sparse-merkle-tree.md.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "model/records.h"
#include "model/version.h"

namespace holdfast::model {

inline constexpr std::size_t kVersionNodesMax = 4096;
inline constexpr std::size_t kMembersMax = 1000;

enum class StateType : std::uint8_t {
  chain = 0,          // ChainState, one; id empty
  member = 1,         // MemberState by device id
  category = 2,       // CategoryState by category id
  generation = 3,     // KeyGeneration by category id ‖ generation (8 bytes, big endian)
  secret = 4,         // SecretState by secret id
  sequence = 5,       // TxId by author ‖ number (8 bytes, big endian): what was committed under it
  sequence_used = 6,  // audited once: TxId by the id of a second transaction with a used number
  settings = 7,       // sealed strategy and rules, one; id empty
  roster = 8,         // Roster, one; id empty
  author = 9,         // AuthorState by device id
};

struct StateKey {
  StateType type{};
  base::Bytes id;
  auto operator<=>(const StateKey&) const = default;
  [[nodiscard]] auto encoded() const -> base::Bytes;  // type byte ‖ id: the store's key
};

// What of the chain the state itself remembers.
struct ChainState {
  VaultId vault;
  Height height{};
  TimeMs timestamp{};  // of the last commit
  bool time_suspect = false;
  Retention retention;
  std::optional<CategoryId> root_category;
  auto operator==(const ChainState&) const -> bool = default;
};

struct MemberState {
  MemberRecord record;
  Height joined{};
  std::optional<Height> removed;
  auto operator==(const MemberState&) const -> bool = default;
};

// Apart from MemberState, whose keys weigh 15 kB, as it changes with every transaction.
struct AuthorState {
  AuthorSeq last_seq{};
  std::optional<TxId> last_tx;
  auto operator==(const AuthorState&) const -> bool = default;
};

struct Roster {  // who was not removed; so that readers can be counted without a scan
  std::vector<DeviceId> members;  // ascending, at most kMembersMax
  auto operator==(const Roster&) const -> bool = default;
};

struct CategoryState {
  CategoryRecord record;
  Generation generation{};  // current or last
  bool ended = false;       // the generation ended; writes wait for the next
  bool deleted = false;
  auto operator==(const CategoryState&) const -> bool = default;
};

enum class BodyState : std::uint8_t { present, pruned, purged, denied };

struct VersionNode {
  VersionId id;
  std::vector<VersionId> parents;
  std::optional<VersionId> replaces;
  VersionKind kind{};
  BodyState body{};
  DeviceId author;
  Height height{};          // of its commit
  std::uint64_t index = 0;  // of its transaction in the commit
  TimeMs committed{};
  auto operator==(const VersionNode&) const -> bool = default;
};

// The whole version DAG of one secret. Its heads follow from it (vault/version_dag.h).
struct SecretState {
  SecretId id;
  CategoryId category;
  std::vector<VersionNode> versions;  // in committed order
  auto operator==(const SecretState&) const -> bool = default;
};

enum class OutcomeKind : std::uint8_t {
  applied,
  duplicate,
  gap,
  sequence_used,
  stale_generation,
  rate_limited,
  denied,
  invalid,
  malformed
};
[[nodiscard]] auto outcome_name(OutcomeKind kind) -> std::string_view;

struct AuditRecord {
  Height height{};
  std::uint64_t index = 0;  // of the transaction in the commit
  TimeMs timestamp{};       // of the commit
  DeviceId author;
  TxId transaction;
  OutcomeKind outcome{};
  std::uint64_t reason = 0;            // an error number: which rule; 0 for applied
  std::vector<std::uint64_t> changes;  // type numbers of the changes
  auto operator==(const AuditRecord&) const -> bool = default;
};

[[nodiscard]] auto encode(const ChainState& record) -> base::Bytes;
[[nodiscard]] auto decode_chain_state(base::ByteView encoded) -> base::Result<ChainState>;
[[nodiscard]] auto encode(const MemberState& record) -> base::Bytes;
[[nodiscard]] auto decode_member_state(base::ByteView encoded) -> base::Result<MemberState>;
[[nodiscard]] auto encode(const AuthorState& record) -> base::Bytes;
[[nodiscard]] auto decode_author_state(base::ByteView encoded) -> base::Result<AuthorState>;
[[nodiscard]] auto encode(const CategoryState& record) -> base::Bytes;
[[nodiscard]] auto decode_category_state(base::ByteView encoded) -> base::Result<CategoryState>;
[[nodiscard]] auto encode(const SecretState& record) -> base::Bytes;
[[nodiscard]] auto decode_secret_state(base::ByteView encoded) -> base::Result<SecretState>;
[[nodiscard]] auto encode(const AuditRecord& record) -> base::Bytes;
[[nodiscard]] auto decode_audit_record(base::ByteView encoded) -> base::Result<AuditRecord>;

[[nodiscard]] auto encode(const Roster& record) -> base::Bytes;
[[nodiscard]] auto decode_roster(base::ByteView encoded) -> base::Result<Roster>;
[[nodiscard]] auto encode(const TxId& record) -> base::Bytes;
[[nodiscard]] auto decode_tx_id(base::ByteView encoded) -> base::Result<TxId>;

[[nodiscard]] auto state_leaf_key(const StateKey& key) -> Digest;
[[nodiscard]] auto state_leaf_value(base::ByteView encoded_record) -> Digest;
[[nodiscard]] auto change_number(std::size_t variant_index) -> std::uint64_t;  // as in the CDDL

}  // namespace holdfast::model
