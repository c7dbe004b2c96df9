// solo.h: ordering with a committee of one. It makes the same blocks, commits and checkpoints as
// the DAG core would with one validator: each block has a quorum by itself and is its own leader,
// so one block is one commit. Sans-IO: a proposal is signed outside and handed back. Invariant: at
// most one proposal is in flight; round and height only grow; a block is signed once. Limits:
// kPayloadBytesMax, kBlockItemsMax. Time: an argument. Threads: one. Errors: too_long (payload over
// its limit). Source: docs/design/consensus.md (§2, §7, §11), committee of one.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "consensus/chain_end.h"
#include "consensus/primitives.h"
#include "model/commit.h"

namespace holdfast::consensus {

inline constexpr std::size_t kBlockItemsMax = 4096;

struct Item {        // of a payload
  model::Digest id;  // of the transaction
  base::Bytes bytes;
};

struct OrderedCommit {
  model::Block block;
  model::Commit commit;
  base::Bytes commit_bytes;
  ChainEnd after;  // to be stored in the same batch; a checkpoint is signed if one is due there
};

class Solo {
 public:
  Solo(model::VaultId vault, ChainEnd recovered, MerkleRoot merkle_root)
      : vault_{vault}, state_{recovered}, merkle_root_{merkle_root} {}

  // The message to sign with the node key (purpose block). Items must not be empty.
  [[nodiscard]] auto propose(std::vector<Item> items, model::TimeMs now)
      -> base::Result<base::Bytes>;
  // Orders the block in flight.
  [[nodiscard]] auto on_signed(const crypto::Signature& signature) -> OrderedCommit;
  void drop_proposal() { proposal_.reset(); }  // it was never signed, or its batch was refused
  // The batch that holds this commit is durable: the next proposal builds on it.
  void on_persisted(const OrderedCommit& commit) { state_ = commit.after; }

  [[nodiscard]] auto state() const -> const ChainEnd& { return state_; }

 private:
  struct Proposal {
    model::Header header;
    base::Bytes encoded;
    std::vector<Item> items;
  };

  model::VaultId vault_;
  ChainEnd state_;
  MerkleRoot merkle_root_;
  std::optional<Proposal> proposal_;
};

}  // namespace holdfast::consensus
