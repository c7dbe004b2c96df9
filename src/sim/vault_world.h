// vault_world.h: the vault that the simulated devices share: who its members are, the state it
// begins with, and what their users write into it.
// Invariant: made from the number of nodes alone. Limits: kCommitteeMax members. Threads: one.
// Source: docs/design/reliability.md §2.
#pragma once

#include <vector>

#include "model/transaction.h"
#include "sim/random.h"
#include "sim/signatures.h"
#include "vault/state_view.h"

namespace holdfast::sim {

// Every member writes and has an account of its own; the first owns the vault.
struct VaultWorld {
  VaultWorld(std::size_t nodes, Signatures& signatures);

  base::Bytes genesis;
  model::VaultId vault;
  model::TimeMs created{};
  model::Committee committee;
  std::vector<crypto::PublicKey> authors;  // by node
  model::CategoryId category;
  vault::StateChanges state;  // that the vault begins with
};

// The users: adds, edits of anything, deletions, purges, signed by the author key of the device.
class Users {
 public:
  Users(const VaultWorld& world, Signatures& signatures) : world_{world}, signatures_{signatures} {}

  // `state` and `last` as the device knows them.
  [[nodiscard]] auto write(std::size_t node, const vault::StateView& state,
                           const model::AuthorState& last, model::TimeMs now, Random& random)
      -> model::SignedTransaction;

 private:
  auto change(std::size_t node, const vault::StateView& state, model::AuthorSeq seq, Random& random)
      -> model::Change;
  auto version(std::size_t node, const model::SecretId& secret, model::AuthorSeq seq,
               std::vector<model::VersionId> parents, model::VersionKind kind, Random& random) const
      -> model::EncodedVersion;

  const VaultWorld& world_;
  Signatures& signatures_;
  std::vector<model::SecretId> secrets_;  // that anybody has added
};

}  // namespace holdfast::sim
