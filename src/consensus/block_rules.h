// block_rules.h: whether a block is valid: a function of its bytes and the epoch alone, never of a
// clock, a configuration or local progress, so that all validators judge alike. Cheap checks come
// first. Both signature halves are verified outside, between the header's rules and the payload's.
// Limits: model/commit.h. Time: none. Threads: pure. Errors: foreign_vault, foreign_epoch,
// unknown_validator, bad_ancestors, too_few_parents, bad_commit_votes, payload_mismatch.
// Source: docs/design/consensus.md §3.
#pragma once

#include "base/result.h"
#include "consensus/dag.h"
#include "consensus/primitives.h"

namespace holdfast::consensus {

// What a validator of an epoch knows before the first block.
struct EpochRules {
  model::VaultId vault;
  model::Committee committee;
  std::vector<BlockRef> genesis;  // by author

  EpochRules(const model::VaultId& vault, model::Committee committee);
  [[nodiscard]] auto validators() const -> Validators {
    return Validators{committee.members.size()};
  }
};

[[nodiscard]] auto check_header(const model::Header& header, const EpochRules& epoch)
    -> base::Result<void>;
[[nodiscard]] auto check_payload(const model::Block& block, MerkleRoot merkle_root)
    -> base::Result<void>;

}  // namespace holdfast::consensus
