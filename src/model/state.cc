#include "model/state.h"

#include "model/record_encoding.h"
#include "model/signing.h"

namespace holdfast::model {

inline constexpr std::uint64_t kVersionKinds = 2;
inline constexpr std::uint64_t kBodyStates = 4;
inline constexpr std::uint64_t kOutcomes = 9;
inline constexpr std::size_t kAuditedChangesMax = 256;  // = kChangesMax (transaction.h)

auto shape(Is<ChainState> auto& r) {
  return fields(FormatVersion{}, r.vault, r.height, r.timestamp, r.time_suspect, r.retention,
                r.root_category);
}
auto shape(Is<MemberState> auto& r) {
  return fields(FormatVersion{}, r.record, r.joined, r.removed);
}
auto shape(Is<AuthorState> auto& r) { return fields(FormatVersion{}, r.last_seq, r.last_tx); }
auto shape(Is<Roster> auto& r) {
  return fields(FormatVersion{}, Ascending{r.members, 0, kMembersMax});
}
auto shape(Is<CategoryState> auto& r) {
  return fields(FormatVersion{}, r.record, r.generation, r.ended, r.deleted);
}
auto shape(Is<VersionNode> auto& r) {
  return fields(r.id, Ascending{r.parents, 0, kParentsMax}, r.replaces,
                Below{r.kind, kVersionKinds}, Below{r.body, kBodyStates}, r.author, r.height,
                r.index, r.committed);
}
auto shape(Is<SecretState> auto& r) {
  return fields(FormatVersion{}, r.id, r.category, List{r.versions, 0, kVersionNodesMax});
}
auto shape(Is<AuditRecord> auto& r) {
  return fields(FormatVersion{}, r.height, r.index, r.timestamp, r.author, r.transaction,
                Below{r.outcome, kOutcomes}, r.reason, List{r.changes, 0, kAuditedChangesMax});
}

auto outcome_name(OutcomeKind kind) -> std::string_view {
  switch (kind) {
    case OutcomeKind::applied:
      return "applied";
    case OutcomeKind::duplicate:
      return "duplicate";
    case OutcomeKind::gap:
      return "gap";
    case OutcomeKind::sequence_used:
      return "sequence_used";
    case OutcomeKind::stale_generation:
      return "stale_generation";
    case OutcomeKind::rate_limited:
      return "rate_limited";
    case OutcomeKind::denied:
      return "denied";
    case OutcomeKind::invalid:
      return "invalid";
    case OutcomeKind::malformed:
      return "malformed";
  }
  CHECK(false);
}

auto encode(const ChainState& record) -> Bytes { return encoded(record); }
auto decode_chain_state(ByteView bytes) -> Result<ChainState> { return decoded<ChainState>(bytes); }
auto encode(const MemberState& record) -> Bytes { return encoded(record); }
auto decode_member_state(ByteView bytes) -> Result<MemberState> {
  return decoded<MemberState>(bytes);
}
auto encode(const AuthorState& record) -> Bytes { return encoded(record); }
auto decode_author_state(ByteView bytes) -> Result<AuthorState> {
  return decoded<AuthorState>(bytes);
}
auto encode(const CategoryState& record) -> Bytes { return encoded(record); }
auto decode_category_state(ByteView bytes) -> Result<CategoryState> {
  return decoded<CategoryState>(bytes);
}
auto encode(const Roster& record) -> Bytes { return encoded(record); }
auto decode_roster(ByteView bytes) -> Result<Roster> { return decoded<Roster>(bytes); }
auto encode(const TxId& record) -> Bytes {
  Bytes bytes;
  Writer{bytes}.bytes(record.view());
  return bytes;
}
auto decode_tx_id(ByteView bytes) -> Result<TxId> {
  Reader in{bytes};
  TRY(id, in.fixed_bytes<TxId>());
  TRY_DO(in.finish());
  return id;
}
auto encode(const SecretState& record) -> Bytes { return encoded(record); }
auto decode_secret_state(ByteView bytes) -> Result<SecretState> {
  return decoded<SecretState>(bytes);
}
auto encode(const AuditRecord& record) -> Bytes { return encoded(record); }
auto decode_audit_record(ByteView bytes) -> Result<AuditRecord> {
  return decoded<AuditRecord>(bytes);
}

auto StateKey::encoded() const -> Bytes {
  Bytes key;
  key.reserve(1 + id.size());
  key.push_back(std::to_underlying(type));
  base::append(key, id);
  return key;
}

auto state_leaf_key(const StateKey& key) -> Digest {
  return domain_digest("state-key", key.encoded());
}
auto state_leaf_value(ByteView encoded_record) -> Digest {
  return domain_digest("state-value", encoded_record);
}

}  // namespace holdfast::model
