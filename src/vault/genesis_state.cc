#include "vault/genesis_state.h"

#include "model/signing.h"
#include "vault/roles.h"

namespace holdfast::vault {
namespace {

auto proofs_hold(const model::MemberRecord& owner, crypto::VerifierCache& verifiers) -> bool {
  if (owner.role != kOwner || owner.device != model::device_id(owner.node_key)) return false;
  if (!owner.author_key || !owner.wrap_key || owner.proofs.size() != 2) return false;
  const Bytes body = model::signed_message({}, {}, model::member_body(owner));
  const Bytes wrap =
      model::signed_message({}, {}, model::wrap_key_body(owner.device, *owner.wrap_key));
  using crypto::Purpose;
  return verifiers.verify(owner.node_key, Purpose::member, body, owner.proofs[0]) &&
         verifiers.verify(*owner.author_key, Purpose::member, body, owner.proofs[1]) &&
         verifiers.verify(*owner.author_key, Purpose::wrap_key, wrap, owner.wrap_key->signature);
}

}  // namespace

auto genesis_state(const model::Genesis& genesis, const model::VaultId& vault,
                   crypto::VerifierCache& verifiers) -> Result<StateChanges> {
  if (!proofs_hold(genesis.owner, verifiers)) return fail(Error::bad_genesis);
  StateChanges changes;
  changes[chain_key()] = model::encode(model::ChainState{.vault = vault,
                                                         .height = {},
                                                         .timestamp = genesis.created,
                                                         .time_suspect = false,
                                                         .retention = genesis.retention,
                                                         .root_category = {}});
  changes[roster_key()] = model::encode(model::Roster{{genesis.owner.device}});
  changes[member_key(genesis.owner.device)] =
      model::encode(model::MemberState{.record = genesis.owner, .joined = {}, .removed = {}});
  return changes;
}

}  // namespace holdfast::vault
