// test_author.h: members who sign real transactions, and a small replicated state to apply them to.
// Versions carry patterns for ciphertext: `apply` never looks inside. Everything follows from
// numbers, so a failing test fails again. Threads: one.
#pragma once

#include <gtest/gtest.h>

#include "crypto/kem.h"
#include "model/genesis.h"
#include "model/signing.h"
#include "vault/apply.h"
#include "vault/genesis_state.h"
#include "vault/roles.h"
#include "vault/version_dag.h"

namespace holdfast::vault::test {

using model::AuthorSeq, model::CategoryId, model::Change, model::DeviceId, model::Generation;
using model::Height, model::OutcomeKind, model::SecretId, model::TimeMs, model::TxId;
using model::VaultId, model::VersionId, model::VersionKind;

inline auto memory() -> base::SecretMemory& {
  static const auto made =
      base::SecretMemory::create({.bytes_max = 64 << 20, .lock = base::Lock::none}).value();
  return *made;
}

// A name made from a number: equal numbers, equal names.
template <class Fixed>
auto named(std::uint64_t number) -> Fixed {
  Fixed value;
  std::uint64_t word = number;
  for (std::uint8_t& byte : value.bytes) {  // splitmix64
    std::uint64_t mixed = (word += 0x9e3779b97f4a7c15ULL);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    byte = static_cast<std::uint8_t>(mixed >> 56);
  }
  return value;
}
inline auto pattern(std::size_t size, std::uint64_t number) -> Bytes {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(number * 31 + i);
  return bytes;
}
inline auto signer_named(std::uint64_t number) -> crypto::Signer {
  const auto seed = named<base::FixedBytes<struct TestSeedTag, 64>>(number);
  return crypto::Signer::create(crypto::SigningSeed::copy_of(memory(), seed.view()).value())
      .value();
}
inline auto kem_seed_named(std::uint64_t number) -> crypto::KemSeed {
  const auto seed = named<base::FixedBytes<struct TestSeedTag, 32>>(number);
  return crypto::KemSeed::copy_of(memory(), seed.view()).value();
}

class TestAuthor {
 public:
  TestAuthor(std::uint64_t number, model::RoleId role)
      : node_{signer_named(number * 10)},
        author_{signer_named(number * 10 + 1)},
        record_{.device = model::device_id(node_.public_key()),
                .person = named<model::PersonId>(number),
                .role = role,
                .node_key = node_.public_key(),
                .author_key = author_.public_key(),
                .wrap_key = {},
                .sealed_name = pattern(20, number),
                .proofs = {}} {
    const auto wrap = crypto::kem_public_key(kem_seed_named(number * 10 + 2)).value();
    record_.wrap_key = model::WrapKeyRecord{.number = {}, .key = wrap, .signature = {}};
    prove();
  }

  // Signs its own record again, as after a change to it.
  void prove() {
    using crypto::Purpose;
    const Bytes wrap =
        model::signed_message({}, {}, model::wrap_key_body(record_.device, *record_.wrap_key));
    record_.wrap_key->signature = signed_with(author_, Purpose::wrap_key, wrap);
    const Bytes body = model::signed_message({}, {}, model::member_body(record_));
    record_.proofs = {signed_with(node_, Purpose::member, body),
                      signed_with(author_, Purpose::member, body)};
  }
  [[nodiscard]] auto sign(const model::Transaction& transaction) -> model::VerifiedTransaction {
    const Bytes body = model::encode_unsigned(transaction).value();
    const Bytes message = model::transaction_message(transaction.vault, body);
    const auto signature = signed_with(author_, crypto::Purpose::transaction, message);
    auto decoded = model::decode_transaction(model::attach_signature(body, signature)).value();
    return crypto::verify(verifiers_, author_.public_key(), crypto::Purpose::transaction, message,
                          signature, std::move(decoded))
        .value();
  }
  [[nodiscard]] auto record() const -> const model::MemberRecord& { return record_; }
  [[nodiscard]] auto record() -> model::MemberRecord& { return record_; }
  [[nodiscard]] auto device() const -> const DeviceId& { return record_.device; }

 private:
  static auto signed_with(crypto::Signer& signer, crypto::Purpose purpose, const Bytes& message)
      -> crypto::Signature {
    const std::array<std::uint8_t, 32> no_randomness{};
    return signer.sign(purpose, message, no_randomness).value();
  }

  crypto::Signer node_, author_;
  crypto::VerifierCache verifiers_{1};
  model::MemberRecord record_;
};

class MapState final : public StateView {
 public:
  [[nodiscard]] auto get(const model::StateKey& key) const
      -> Result<std::optional<Bytes>> override {
    const auto it = records.find(key);
    if (it == records.end()) return std::nullopt;
    return it->second;
  }
  void absorb(const StateChanges& changes) {
    for (const auto& [key, value] : changes) {
      if (value) {
        records[key] = *value;
      } else {
        records.erase(key);
      }
    }
  }
  std::map<model::StateKey, Bytes> records;
};

inline constexpr TimeMs kBegin{1'760'000'000'000};

// A vault whose genesis is applied; members beside the owner are written into the state directly,
// since no change of this version adds them.
class World {
 public:
  explicit World(TestAuthor& owner) {
    genesis.created = kBegin;
    genesis.owner = owner.record();
    vault = model::vault_id(model::encode(genesis));
    crypto::VerifierCache verifiers{2};
    state.absorb(genesis_state(genesis, vault, verifiers).value());
  }
  void admit(const TestAuthor& author) {
    state.records[member_key(author.device())] =
        model::encode(model::MemberState{author.record(), Height{1}, {}});
    model::Roster all = roster(state).value();
    all.members.push_back(author.device());
    std::ranges::sort(all.members);
    state.records[roster_key()] = model::encode(all);
  }
  void remove(const TestAuthor& author) {
    auto found = member(state, author.device()).value().value();
    found.removed = Height{2};
    state.records[member_key(author.device())] = model::encode(found);
    model::Roster all = roster(state).value();
    std::erase(all.members, author.device());
    state.records[roster_key()] = model::encode(all);
  }
  [[nodiscard]] auto context() const -> CommitContext {
    const auto now = chain(state).value();
    return {now.height, 0, now.timestamp};
  }
  // As the one transaction of the next commit.
  auto run(const model::VerifiedTransaction& transaction) -> Outcome {
    begin(TimeMs{std::to_underlying(chain(state).value().timestamp) + 10});
    return run_in_commit(transaction, context());
  }
  auto run_in_commit(const model::VerifiedTransaction& transaction, const CommitContext& at)
      -> Outcome {
    auto outcome = apply(state, transaction, at).value();
    state.absorb(outcome.changes);
    for (const BodyChange& body : outcome.bodies) {
      if (body.bytes) {
        bodies[body.version] = *body.bytes;
      } else {
        bodies.erase(body.version);
      }
    }
    return outcome;
  }
  void begin(TimeMs at) {
    state.absorb(begin_commit(state, model::next(chain(state).value().height), at).value());
  }
  [[nodiscard]] auto heads_of(const SecretId& id) const -> std::vector<VersionId> {
    const auto found = secret(state, id).value();
    std::vector<VersionId> ids;
    if (!found) return ids;
    for (const auto* head : heads(*found)) ids.push_back(head->id);
    return ids;
  }
  [[nodiscard]] auto shown(const SecretId& id) const -> std::optional<VersionId> {
    const auto found = secret(state, id).value();
    const auto* head = found ? shown_head(*found) : nullptr;
    return head == nullptr ? std::nullopt : std::optional{head->id};
  }
  [[nodiscard]] auto readers_now() const -> std::vector<DeviceId> {
    return readers(state, CategoryId{}).value();
  }

  model::Genesis genesis;
  VaultId vault;
  MapState state;
  std::map<VersionId, Bytes> bodies;
};

inline auto generation_for(const VaultId& vault, const CategoryId& category,
                           const std::vector<DeviceId>& readers, Generation number = Generation{1},
                           std::optional<model::Digest> previous = {}) -> model::KeyGeneration {
  model::KeyGeneration record{.vault = vault,
                              .category = category,
                              .generation = number,
                              .previous = previous,
                              .readers = model::readers_digest(readers),
                              .reason = 0,
                              .commitment = named<model::Digest>(5),
                              .old_key_sealed = {},
                              .wraps = {}};
  for (const DeviceId& device : readers) {
    record.wraps.push_back(
        {device, {}, named<model::KemCiphertext>(6), pattern(model::kSealedKeyBytes, 7)});
  }
  return record;
}

// A transaction in the making: the author's next one, unless fields are changed before sign().
// Versions get the author, the number and their place.
class Draft {
 public:
  Draft(const World& world, TestAuthor& author) : author_{author} {
    const auto own = vault::author(world.state, author.device()).value();
    fields = {.vault = world.vault,
              .author = author.device(),
              .seq = model::next(own.last_seq),
              .previous = own.last_tx,
              .height_seen = chain(world.state).value().height,
              .created = kBegin,
              .changes = {}};
  }
  [[nodiscard]] auto version(const SecretId& secret, const CategoryId& category,
                             std::vector<VersionId> parents = {},
                             VersionKind kind = VersionKind::content) const -> model::Version {
    std::ranges::sort(parents);
    model::Version made{.secret = secret,
                        .category = category,
                        .generation = generation,
                        .parents = std::move(parents),
                        .replaces = {},
                        .author = fields.author,
                        .author_seq = fields.seq,
                        .index = fields.changes.size(),
                        .kind = kind,
                        .wrapped_key = {},
                        .commitment = {},
                        .nonce = {},
                        .sealed = {}};
    if (kind == VersionKind::content) {
      made.wrapped_key = pattern(model::kWrappedKeyBytes, fields.changes.size());
      made.sealed = pattern(300, fields.changes.size());
    }
    return made;
  }
  auto add(const SecretId& secret, const CategoryId& category) -> VersionId {
    return put<model::AddSecret>(version(secret, category));
  }
  auto update(const SecretId& secret, const CategoryId& category, std::vector<VersionId> parents)
      -> VersionId {
    return put<model::UpdateSecret>(version(secret, category, std::move(parents)));
  }
  auto remove(const SecretId& secret, const CategoryId& category, std::vector<VersionId> parents)
      -> VersionId {
    return put<model::DeleteSecret>(
        version(secret, category, std::move(parents), VersionKind::tombstone));
  }
  template <class Kind>
  auto put(const model::Version& made) -> VersionId {
    auto encoded = model::encode(made);
    const VersionId id = encoded.id;
    fields.changes.push_back({Kind{std::move(encoded)}});
    return id;
  }
  auto with(auto change) -> Draft& {
    fields.changes.push_back(Change{std::move(change)});
    return *this;
  }
  [[nodiscard]] auto sign() -> model::VerifiedTransaction { return author_.sign(fields); }

  model::Transaction fields;
  Generation generation{1};

 private:
  TestAuthor& author_;
};

// An owner, one member of each other role, and a root category everybody may read.
class VaultWorld : public testing::Test {
 protected:
  VaultWorld() {
    for (TestAuthor* author : {&admin, &writer, &reader, &replica}) world.admit(*author);
    EXPECT_EQ(world.run(draft(owner).with(root_category()).sign()).kind, OutcomeKind::applied);
  }
  auto draft(TestAuthor& author) const -> Draft { return {world, author}; }
  [[nodiscard]] auto root_category() const -> model::AddCategory {
    return {{kRoot, {}, pattern(60, 1)}, generation_for(world.vault, kRoot, world.readers_now())};
  }
  [[nodiscard]] auto child_category(const CategoryId& id, const CategoryId& parent) const
      -> model::AddCategory {
    return {{id, parent, pattern(60, 2)}, generation_for(world.vault, id, world.readers_now())};
  }
  [[nodiscard]] auto generation_after(const CategoryId& id) const -> model::KeyGeneration {
    const auto now = category(world.state, id).value().value();
    const auto record = generation(world.state, id, now.generation).value().value();
    return generation_for(world.vault, id, world.readers_now(), model::next(now.generation),
                          model::generation_digest(record));
  }
  void end_generation(const CategoryId& id) {
    auto now = category(world.state, id).value().value();
    now.ended = true;
    world.state.records[category_key(id)] = model::encode(now);
  }
  auto last_seq(const TestAuthor& author) const -> std::uint64_t {
    return std::to_underlying(vault::author(world.state, author.device()).value().last_seq);
  }
  // The outcome uses the author's number, is audited with its reason, and changes nothing else.
  void expect_refused(TestAuthor& author, const model::VerifiedTransaction& transaction,
                      OutcomeKind kind, Error reason) {
    const MapState& before = world.state;
    const auto records = before.records;
    const std::uint64_t seq = last_seq(author);
    const Outcome outcome = world.run(transaction);
    EXPECT_EQ(outcome.kind, kind) << model::outcome_name(outcome.kind);
    EXPECT_EQ(outcome.reason, reason) << base::error_name(outcome.reason);
    EXPECT_TRUE(outcome.bodies.empty());
    ASSERT_TRUE(outcome.audit.has_value());
    EXPECT_EQ(outcome.audit->outcome, kind);
    EXPECT_EQ(outcome.audit->reason, std::to_underlying(reason));
    EXPECT_EQ(outcome.audit->transaction, transaction->id);
    EXPECT_EQ(last_seq(author), seq + 1);
    for (const auto& [key, value] : world.state.records) {  // only number and chain moved
      if (key == chain_key() || key == author_key(author.device())) continue;
      if (key == sequence_key(author.device(), AuthorSeq{seq + 1})) continue;
      const auto old = records.find(key);
      ASSERT_NE(old, records.end());
      EXPECT_EQ(old->second, value);
    }
  }

  static inline const CategoryId kRoot = named<CategoryId>(1000);
  TestAuthor owner{1, kOwner}, admin{2, kAdmin}, writer{3, kWriter}, reader{4, kReader},
      replica{5, kReplica};
  World world{owner};
};

}  // namespace holdfast::vault::test
