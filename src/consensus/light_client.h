// light_client.h: follows a vault by checkpoints alone: from a pinned committee through each
// epoch's final checkpoint, which the old committee signs and which names the next. Invariant:
// trust comes from the signatures of a quorum of distinct members, never from whoever serves them;
// heights only grow. Limits: those of a checkpoint. Time: none. Threads: one. Errors:
// foreign_vault, foreign_epoch, too_few_signatures, broken_commit_chain (older than what is known,
// or another digest for a known height). Source: docs/design/consensus.md §11.
#pragma once

#include "base/result.h"
#include "consensus/checkpoints.h"

namespace holdfast::consensus {

class LightClient {
 public:
  LightClient(const model::VaultId& vault, model::Committee pinned)
      : vault_{vault}, committee_{std::move(pinned)} {}

  [[nodiscard]] auto advance(base::ByteView checkpoint_bytes,
                             const std::vector<model::VerifiedCheckpointVote>& votes)
      -> base::Result<void>;
  [[nodiscard]] auto latest() const -> const std::optional<model::Checkpoint>& { return latest_; }
  [[nodiscard]] auto committee() const -> const model::Committee& { return committee_; }

 private:
  model::VaultId vault_;
  model::Committee committee_;  // of the epoch of the next checkpoint
  std::optional<model::Checkpoint> latest_;
};

}  // namespace holdfast::consensus
