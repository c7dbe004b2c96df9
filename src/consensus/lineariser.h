// lineariser.h: turns a committed leader into a commit: the blocks of its history that no earlier
// commit had, in one order. Invariant: equal sequences of leaders give equal commits, byte for
// byte; heights are dense; a block is committed once. Blocks at or below gc_round, as it was before
// the commit, are left out for good.
// Limits: kBlocksPerCommitMax is met because gc_depth * validators stays below it. Time: none.
// Threads: one. Errors: none. Source: docs/design/consensus.md §7.
#pragma once

#include "consensus/dag.h"
#include "consensus/primitives.h"

namespace holdfast::consensus {

// Where the chain of commits stands.
struct CommitState {
  model::Height height{};
  model::CommitDigest digest;  // zero before height 1
  BlockRef leader;             // round 0 before the first commit of an epoch
  model::TimeMs timestamp{};
  auto operator==(const CommitState&) const -> bool = default;
};

struct CommittedSubDag {
  model::Commit commit;
  base::Bytes commit_bytes;
  model::CommitDigest digest;
  std::vector<BlockPtr> blocks;         // in the order of commit.blocks
  std::vector<model::Digest> item_ids;  // of their payloads, in order

  [[nodiscard]] auto state() const -> CommitState {
    return {commit.height, digest, commit.leader, commit.timestamp};
  }
};

class Lineariser {
 public:
  Lineariser(const model::VaultId& vault, model::Epoch epoch, const Primitives& primitives,
             CommitState state)
      : vault_{vault}, epoch_{epoch}, primitives_{primitives}, state_{state} {}

  // Flags the blocks as committed. The leader is in the DAG and not committed.
  [[nodiscard]] auto commit(Dag& dag, const BlockRef& leader) -> CommittedSubDag;
  // Takes over a commit made elsewhere, whose blocks are in the DAG or collected.
  void adopt(Dag& dag, const model::Commit& commit, const model::CommitDigest& digest);
  [[nodiscard]] auto state() const -> const CommitState& { return state_; }

 private:
  model::VaultId vault_;
  model::Epoch epoch_;
  Primitives primitives_;
  CommitState state_;
};

// max(previous, first timestamp of the leader's strong parents whose cumulative weight exceeds
// half).
[[nodiscard]] auto commit_timestamp(const DagBlock& leader, model::TimeMs previous)
    -> model::TimeMs;
// The round up to which blocks are collected once `leader` is the last committed one.
[[nodiscard]] auto gc_round_after(Round leader, std::uint64_t gc_depth) -> Round;

}  // namespace holdfast::consensus
