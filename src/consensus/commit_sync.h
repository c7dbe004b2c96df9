// commit_sync.h: catching up by commits that a quorum has voted for, instead of by blocks alone.
// Invariant: a CertifiedCommit can only be made by certify(), which checks the chain of digests,
// the bodies, and the votes of a quorum of distinct authors for exactly the last (height, digest).
// Limits: kSyncRangeMax commits a range; starts kSyncDistance heights behind. Time: none.
// Threads: one. Errors: broken_commit_chain, too_few_signatures, foreign_vault, foreign_epoch,
// payload_mismatch. Source: docs/design/consensus.md §8.
#pragma once

#include <map>

#include "base/result.h"
#include "consensus/block_rules.h"
#include "consensus/lineariser.h"

namespace holdfast::consensus {

inline constexpr std::size_t kSyncRangeMax = 100;
inline constexpr std::uint64_t kSyncDistance = 500;

class CertifiedCommit {
 public:
  [[nodiscard]] auto sub_dag() const -> const CommittedSubDag& { return sub_dag_; }

 private:
  friend auto certify(const EpochRules& epoch, const CommitState& from,
                      std::vector<CommittedSubDag> range, const std::vector<BlockPtr>& voters)
      -> base::Result<std::vector<CertifiedCommit>>;
  explicit CertifiedCommit(CommittedSubDag sub_dag) : sub_dag_{std::move(sub_dag)} {}
  CommittedSubDag sub_dag_;
};

// A range as a peer sent it, beginning after `from`; `voters` are verified blocks with commit
// votes.
[[nodiscard]] auto certify(const EpochRules& epoch, const CommitState& from,
                           std::vector<CommittedSubDag> range, const std::vector<BlockPtr>& voters)
    -> base::Result<std::vector<CertifiedCommit>>;

// The highest height that a quorum of validators has voted for, from the blocks seen.
class CommitVotes {
 public:
  explicit CommitVotes(Validators validators)
      : highest_(validators.count()), quorum_{validators.quorum()} {}
  void on_block(const model::Header& header);
  [[nodiscard]] auto quorum_height() const -> model::Height { return quorum_height_; }

 private:
  std::vector<model::Height> highest_;  // by author
  std::size_t quorum_;
  model::Height quorum_height_{};
};

}  // namespace holdfast::consensus
