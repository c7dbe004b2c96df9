// examples.h: a fully populated example of every structure of the model, the same on every run.
// Signatures, keys and ciphertexts are patterns, not real ones: encodings do not look inside.
// Limits: none. Threads: pure.
#pragma once

#include <memory>
#include <string_view>

#include "model/commit.h"
#include "model/genesis.h"
#include "model/secret.h"
#include "model/state.h"
#include "model/transaction.h"

namespace holdfast::model::examples {

template <class Fixed>
auto fixed(std::uint8_t seed) -> Fixed {
  Fixed value;
  for (std::size_t i = 0; i < value.bytes.size(); ++i)
    value.bytes[i] = static_cast<std::uint8_t>(seed + i * 7 + i / 256);
  return value;
}
inline auto bytes(std::size_t size, std::uint8_t seed) -> base::Bytes {
  base::Bytes value(size);
  for (std::size_t i = 0; i < size; ++i) value[i] = static_cast<std::uint8_t>(seed + i * 11);
  return value;
}
inline auto secret_bytes(base::SecretMemory& memory, std::string_view text) -> base::SecretBytes {
  return base::SecretBytes::copy_of(memory, text).value();
}

inline auto version() -> Version {
  Version v;
  v.secret = fixed<SecretId>(1);
  v.category = fixed<CategoryId>(2);
  v.generation = Generation{3};
  v.parents = {fixed<VersionId>(4), fixed<VersionId>(5)};
  v.replaces = fixed<VersionId>(6);
  v.author = fixed<DeviceId>(7);
  v.author_seq = AuthorSeq{1000};
  v.index = 8;
  v.kind = VersionKind::content;
  v.wrapped_key = bytes(kWrappedKeyBytes, 9);
  v.commitment = fixed<crypto::Commitment>(10);
  v.nonce = fixed<crypto::Nonce>(11);
  v.sealed = bytes(272, 12);
  return v;
}
inline auto first_version() -> Version {
  Version v = version();
  v.parents.clear();
  v.replaces.reset();
  return v;
}
inline auto tombstone() -> Version {
  Version v = version();
  v.kind = VersionKind::tombstone;
  v.wrapped_key.clear();
  v.sealed.clear();
  return v;
}
inline auto stub() -> Stub {
  return {fixed<VersionId>(1), {fixed<VersionId>(2), fixed<VersionId>(3)}, StubReason::denied};
}

inline auto category() -> CategoryRecord {
  return {fixed<CategoryId>(2), fixed<CategoryId>(20), bytes(60, 21)};
}
inline auto key_wrap(std::uint8_t seed) -> KeyWrap {
  return {fixed<DeviceId>(seed), WrapKeyNumber{1}, fixed<KemCiphertext>(seed),
          bytes(kSealedKeyBytes, seed)};
}
inline auto key_generation() -> KeyGeneration {
  KeyGeneration g;
  g.vault = fixed<VaultId>(30);
  g.category = fixed<CategoryId>(2);
  g.generation = Generation{2};
  g.previous = fixed<Digest>(31);
  g.readers = fixed<Digest>(32);
  g.reason = 1;
  g.commitment = fixed<Digest>(33);
  g.old_key_sealed = bytes(kSealedKeyBytes, 34);
  g.wraps = {key_wrap(40), key_wrap(41)};
  return g;
}
inline auto wrap_key() -> WrapKeyRecord {
  return {WrapKeyNumber{300}, fixed<KemPublic>(50), fixed<crypto::Signature>(51)};
}
inline auto member() -> MemberRecord {
  MemberRecord m;
  m.node_key = fixed<crypto::PublicKey>(60);
  m.device = device_id(m.node_key);
  m.person = fixed<PersonId>(61);
  m.role = RoleId{2};
  m.author_key = fixed<crypto::PublicKey>(62);
  m.wrap_key = wrap_key();
  m.sealed_name = bytes(100, 63);
  m.proofs = {fixed<crypto::Signature>(64), fixed<crypto::Signature>(65)};
  return m;
}
inline auto replica() -> MemberRecord {
  MemberRecord m = member();
  m.author_key.reset();
  m.wrap_key.reset();
  m.proofs.resize(1);
  return m;
}
inline auto policy() -> PolicyRecord {
  PolicyRecord p;
  p.id = fixed<PolicyId>(70);
  p.category = fixed<CategoryId>(2);
  p.secret = fixed<SecretId>(1);
  p.required = 5;
  p.checks = {RequireSignature{bytes(40, 71)},
              RequireMultiSig{{fixed<PersonId>(72), fixed<PersonId>(73)}, 2}, TimeWindow{480, 1080},
              RateLimit{100, 60'000}};
  return p;
}

// One change of every type, in the order of the variant.
inline auto all_changes() -> std::vector<Change> {
  const auto proposal = std::make_shared<const Change>(Change{RemoveMember{fixed<DeviceId>(80)}});
  std::vector<Change> c;
  const auto add = [&](auto change) { c.push_back(Change{std::move(change)}); };
  add(AddSecret{encode(first_version())});
  add(UpdateSecret{encode(version())});
  add(DeleteSecret{encode(tombstone())});
  add(PurgeSecret{fixed<SecretId>(1)});
  add(AddCategory{category(), key_generation()});
  add(RenameCategory{category()});
  add(MoveCategory{fixed<CategoryId>(2), fixed<CategoryId>(81)});
  add(DeleteCategory{fixed<CategoryId>(2)});
  add(AddMember{member()});
  add(RemoveMember{fixed<DeviceId>(82)});
  add(SetRole{fixed<DeviceId>(83), fixed<CategoryId>(2), RoleId{3}});
  add(DefineRole{RoleRecord{RoleId{200}, bytes(30, 84), {1, 2, 30}}});
  add(SetPolicy{policy()});
  add(StartKeyGeneration{key_generation()});
  add(GrantKey{KeyGrant{fixed<CategoryId>(2), Generation{2}, key_wrap(85)}});
  add(RewrapKeys{RewrapRecord{fixed<CategoryId>(2),
                              Generation{2},
                              {{fixed<VersionId>(86), bytes(kWrappedKeyBytes, 87)},
                               {fixed<VersionId>(88), bytes(kWrappedKeyBytes, 89)}}}});
  add(RenewWrapKey{wrap_key()});
  add(SetValidators{{fixed<DeviceId>(90), fixed<DeviceId>(91)}});
  add(SetStrategy{bytes(200, 92)});
  add(SetRetention{Retention{5, 30, 60}});
  add(Propose{proposal});
  add(Approve{fixed<TxId>(93)});
  add(CloseEpoch{});
  add(ConfirmTime{TimeMs{1'700'000'000'000}});
  return c;
}
inline auto transaction(std::vector<Change> changes) -> Transaction {
  Transaction t;
  t.vault = fixed<VaultId>(30);
  t.author = fixed<DeviceId>(7);
  t.seq = AuthorSeq{1000};
  t.previous = fixed<TxId>(100);
  t.height_seen = Height{70'000};
  t.created = TimeMs{1'700'000'000'000};
  t.changes = std::move(changes);
  return t;
}
inline auto small_transaction() -> Transaction {
  return transaction({Change{AddSecret{encode(first_version())}}});
}
inline auto signature() -> crypto::Signature { return fixed<crypto::Signature>(101); }
inline auto signed_bytes(const Transaction& t) -> base::Bytes {
  return attach_signature(encode_unsigned(t).value(), signature());
}

inline auto genesis() -> Genesis {
  Genesis g;
  g.created = TimeMs{1'700'000'000'000};
  g.nonce = fixed<base::FixedBytes<struct GenesisNonceTag, 16>>(110);
  g.owner = member();
  g.recovery_key = fixed<KemPublic>(111);
  g.retention = {20, 90, 365};
  return g;
}

inline auto block_ref(std::uint8_t seed) -> BlockRef {
  return {Round{41}, AuthorIndex{seed}, fixed<BlockDigest>(seed)};
}
inline auto header() -> Header {
  Header h;
  h.vault = fixed<VaultId>(30);
  h.epoch = Epoch{2};
  h.round = Round{42};
  h.author = AuthorIndex{3};
  h.timestamp = TimeMs{1'700'000'000'000};
  h.ancestors = {block_ref(3), block_ref(0), block_ref(1)};
  h.payload_root = fixed<Digest>(120);
  h.payload_len = 5000;
  h.commit_votes = {{Height{7}, fixed<CommitDigest>(121)}, {Height{9}, fixed<CommitDigest>(122)}};
  h.ready = true;
  return h;
}
inline auto block() -> Block {
  Block b;
  b.fields = header();
  b.header = encode(b.fields);
  b.signature = fixed<crypto::Signature>(123);
  b.payload = {signed_bytes(small_transaction()), bytes(300, 124)};
  b.digest = block_digest(b.header, b.signature);
  return b;
}
inline auto commit() -> Commit {
  Commit c;
  c.vault = fixed<VaultId>(30);
  c.epoch = Epoch{2};
  c.height = Height{500};
  c.previous = fixed<CommitDigest>(130);
  c.leader = block_ref(2);
  c.timestamp = TimeMs{1'700'000'000'001};
  c.blocks = {block_ref(0), block_ref(1), block_ref(2)};
  c.tx_root = fixed<Digest>(131);
  return c;
}
inline auto committee() -> Committee {
  return {Epoch{3},
          {{fixed<DeviceId>(140), fixed<crypto::PublicKey>(141)},
           {fixed<DeviceId>(142), fixed<crypto::PublicKey>(143)}}};
}
inline auto checkpoint() -> Checkpoint {
  Checkpoint c;
  c.vault = fixed<VaultId>(30);
  c.epoch = Epoch{2};
  c.height = Height{500};
  c.commit = fixed<CommitDigest>(150);
  c.tx_root = fixed<Digest>(151);
  c.state_root = fixed<Digest>(152);
  c.audit_root = fixed<Digest>(153);
  c.timestamp = TimeMs{1'700'000'000'002};
  c.next = committee();
  return c;
}
inline auto checkpoint_vote() -> CheckpointVote {
  return {encode(checkpoint()), fixed<DeviceId>(154), fixed<crypto::Signature>(155)};
}

inline auto chain_state() -> ChainState {
  return {fixed<VaultId>(30), Height{500},         TimeMs{1'700'000'000'000}, true,
          Retention{1, 2, 3}, fixed<CategoryId>(2)};
}
inline auto member_state() -> MemberState { return {member(), Height{10}, Height{400}}; }
inline auto author_state() -> AuthorState { return {AuthorSeq{77}, fixed<TxId>(160)}; }
inline auto roster() -> Roster { return {{fixed<DeviceId>(7), fixed<DeviceId>(9)}}; }
inline auto category_state() -> CategoryState { return {category(), Generation{4}, true, false}; }
inline auto version_node(std::uint8_t seed) -> VersionNode {
  return {fixed<VersionId>(seed),
          {fixed<VersionId>(1), fixed<VersionId>(2)},
          fixed<VersionId>(3),
          VersionKind::tombstone,
          BodyState::purged,
          fixed<DeviceId>(7),
          Height{300},
          12,
          TimeMs{1'700'000'000'000}};
}
inline auto secret_state() -> SecretState {
  return {fixed<SecretId>(1), fixed<CategoryId>(2), {version_node(170), version_node(171)}};
}
inline auto audit_record() -> AuditRecord {
  return {Height{300},
          12,
          TimeMs{1'700'000'000'000},
          fixed<DeviceId>(7),
          fixed<TxId>(180),
          OutcomeKind::denied,
          3001,
          {0, 1, 20}};
}

// Every field of a secret, with canaries that tests can search memory for.
inline auto secret(base::SecretMemory& memory) -> Secret {
  const auto text = [&](std::string_view value) { return secret_bytes(memory, value); };
  Secret s{memory};
  s.kind = Kind::card;
  s.label = text("Bank \xc3\xbc");
  s.username = text("ann");
  s.password = text("canary-password");
  s.urls.push_back(text("https://bank.example"));
  s.urls.push_back(text("https://www.bank.example/login"));
  s.notes = text("line one\nline two");
  s.tags.push_back(text("money"));
  s.fields.push_back(
      Field{text("Card"), text("PIN"), text("canary-pin"), true, FieldType::concealed});
  s.fields.push_back(Field{text(""), text("raw"), text(std::string_view{"\x00\xff\x80", 3}), false,
                           FieldType::text});
  s.totp.algorithm = OtpAlgorithm::sha256;
  s.totp.digits = 8;
  s.totp.period = 60;
  s.totp.secret = text("12345678901234567890");
  s.attachments.push_back(Attachment{text("scan.pdf"), text("application/pdf"), text("%PDF-1.4")});
  s.created = TimeMs{1'600'000'000'000};
  s.modified = TimeMs{1'700'000'000'000};
  s.sources.push_back(Source{text("keepass"), text("0123")});
  s.unknown.emplace_back(13, text("\x82\x01\x61\x61"));  // [1, "a"]
  s.unknown.emplace_back(1000, text("\xf5"));            // true
  return s;
}

}  // namespace holdfast::model::examples
