// chain_end.h: where the chain of commits ends, whoever ordered it, and where the last checkpoint
// was. Invariant: a function of the commits alone, so that all who applied the same have the same.
// Limits: none. Time: none. Threads: values. Errors: none.
// Source: docs/design/consensus.md §7, §11.
#pragma once

#include "consensus/checkpoints.h"

namespace holdfast::consensus {

struct ChainEnd {
  model::Epoch epoch{};
  model::Height height{};
  model::BlockRef last_block;  // the leader of the last commit; the genesis block at first
  model::CommitDigest last_commit;
  model::TimeMs timestamp{};
  model::Height checkpoint_height{};
  model::TimeMs checkpoint_timestamp{};
  bool items_since_checkpoint = false;
  auto operator==(const ChainEnd&) const -> bool = default;

  [[nodiscard]] auto checkpoint_is_here() const -> bool {
    return height > model::Height{0} && checkpoint_height == height;
  }
};

// The beginning of a vault: nothing is committed.
[[nodiscard]] auto chain_start(const model::VaultId& vault, const model::Committee& committee,
                               model::TimeMs created) -> ChainEnd;
// After one more commit.
[[nodiscard]] auto after_commit(const ChainEnd& end, const model::Commit& commit,
                                const model::CommitDigest& digest, bool has_items,
                                bool last_of_epoch) -> ChainEnd;

}  // namespace holdfast::consensus
