#include "sim/vault_world.h"

#include <algorithm>

#include "model/genesis.h"
#include "vault/roles.h"
#include "vault/version_dag.h"

namespace holdfast::sim {
namespace {

using model::VersionKind;

constexpr std::uint64_t kCreatedMs = 1'759'000'000'000;  // before any clock of a run
constexpr std::uint64_t kAuthorKeys = 1000;              // node keys have lower numbers

template <class Id>
auto numbered(std::size_t number) -> Id {
  Id id;
  id.bytes.fill(static_cast<std::uint8_t>(number + 1));
  return id;
}

void fill(std::span<std::uint8_t> out, Random& random) {
  for (std::size_t at = 0; at < out.size(); at += 8) {
    std::uint64_t word = random.next();
    for (std::size_t i = at; i < std::min(at + 8, out.size()); ++i, word >>= 8)
      out[i] = static_cast<std::uint8_t>(word);
  }
}

}  // namespace

VaultWorld::VaultWorld(std::size_t nodes, Signatures& signatures)
    : created{kCreatedMs}, category{numbered<model::CategoryId>(0)} {
  std::vector<model::MemberRecord> members;
  for (std::size_t node = 0; node < nodes; ++node) {
    const crypto::PublicKey node_key = signatures.make_key(node + 1);
    authors.push_back(signatures.make_key(kAuthorKeys + node));
    const model::DeviceId device = model::device_id(node_key);
    committee.members.push_back({device, node_key});
    members.push_back({.device = device,
                       .person = numbered<model::PersonId>(node),
                       .role = node == 0 ? vault::kOwner : vault::kWriter,
                       .node_key = node_key,
                       .author_key = authors.back(),
                       .wrap_key = {},
                       .sealed_name = {},
                       .proofs = {crypto::Signature{}}});
  }
  genesis = model::encode(model::Genesis{.created = created,
                                         .nonce = {},
                                         .owner = members.front(),
                                         .recovery_key = {},
                                         .retention = {}});
  vault = model::vault_id(genesis);
  state[vault::chain_key()] = model::encode(model::ChainState{.vault = vault,
                                                              .height = {},
                                                              .timestamp = created,
                                                              .time_suspect = false,
                                                              .retention = {},
                                                              .root_category = category});
  model::Roster roster;
  for (const model::MemberRecord& member : members) {
    roster.members.push_back(member.device);
    state[vault::member_key(member.device)] =
        model::encode(model::MemberState{.record = member, .joined = {}, .removed = {}});
  }
  std::ranges::sort(roster.members);
  state[vault::roster_key()] = model::encode(roster);
  state[vault::category_key(category)] =
      model::encode(model::CategoryState{.record = {category, {}, base::Bytes(64, 1)},
                                         .generation = model::Generation{1},
                                         .ended = false,
                                         .deleted = false});
}

auto Users::write(std::size_t node, const vault::StateView& state, const model::AuthorState& last,
                  model::TimeMs now, Random& random) -> model::SignedTransaction {
  model::Transaction transaction{.vault = world_.vault,
                                 .author = world_.committee.members[node].device,
                                 .seq = next(last.last_seq),
                                 .previous = last.last_tx,
                                 .height_seen = {},
                                 .created = now,
                                 .changes = {}};
  transaction.changes.push_back(change(node, state, transaction.seq, random));
  const auto body = model::encode_unsigned(transaction);
  CHECK(body.has_value());
  const crypto::Signature signature =
      signatures_.sign(world_.authors[node], crypto::Purpose::transaction,
                       model::transaction_message(world_.vault, *body));
  auto made = model::decode_transaction(model::attach_signature(*body, signature));
  CHECK(made.has_value());
  return *std::move(made);
}

auto Users::change(std::size_t node, const vault::StateView& state, model::AuthorSeq seq,
                   Random& random) -> model::Change {
  const std::uint64_t what = random.below(100);
  if (what >= 60 && !secrets_.empty()) {
    const model::SecretId secret = secrets_[random.below(secrets_.size())];
    const auto known = vault::secret(state, secret);
    if (known && *known) {  // as this device knows it: others may have gone further
      if (what >= 98) return {model::PurgeSecret{secret}};
      std::vector<model::VersionId> parents;
      for (const model::VersionNode* head : vault::heads(**known))
        if (parents.size() < model::kParentsMax) parents.push_back(head->id);
      std::ranges::sort(parents);
      if (what >= 94)
        return {model::DeleteSecret{
            version(node, secret, seq, std::move(parents), VersionKind::tombstone, random)}};
      return {model::UpdateSecret{
          version(node, secret, seq, std::move(parents), VersionKind::content, random)}};
    }
  }
  model::SecretId secret;
  fill(secret.bytes, random);
  secrets_.push_back(secret);
  return {model::AddSecret{version(node, secret, seq, {}, VersionKind::content, random)}};
}

auto Users::version(std::size_t node, const model::SecretId& secret, model::AuthorSeq seq,
                    std::vector<model::VersionId> parents, VersionKind kind, Random& random) const
    -> model::EncodedVersion {
  model::Version version{.secret = secret,
                         .category = world_.category,
                         .generation = model::Generation{1},
                         .parents = std::move(parents),
                         .replaces = {},
                         .author = world_.committee.members[node].device,
                         .author_seq = seq,
                         .index = 0,
                         .kind = kind,
                         .wrapped_key = {},
                         .commitment = {},
                         .nonce = {},
                         .sealed = {}};
  fill(version.nonce.bytes, random);
  if (kind == VersionKind::content) {
    version.wrapped_key.resize(model::kWrappedKeyBytes);
    version.sealed.resize(random.between(40, 600));
    fill(version.sealed, random);
  }
  return model::encode(version);
}

}  // namespace holdfast::sim
