// block_manager.h: lets a block into the DAG once all its ancestors are in it; keeps it suspended
// until then and says which blocks are missing.
// Invariant: whatever is accepted has its whole history above gc_round accepted before it; each
// block is accepted once. Missing refs and suspended bytes are counted against the author of the
// block that waits, so that one validator cannot fill another's share. Limits: kSuspendedRefsMax
// and kSuspendedBytesMax an author, lower rounds
// before higher ones; kFutureRoundsMax; kBranchesMax a slot for blocks that nothing
// refers to. Time: none. Threads: one. Errors: round_too_far_ahead, too_many_suspended,
// too_many_branches, round_collected (state unchanged; the sender may be slow or wrong). Source:
// docs/design/consensus.md §3, §8.
#pragma once

#include <map>

#include "base/result.h"
#include "consensus/dag.h"
#include "consensus/parameters.h"

namespace holdfast::consensus {

enum class Arrival : std::uint8_t {
  pushed,     // sent on its own account
  requested,  // we asked for it, since something refers to it
};

class BlockManager {
 public:
  explicit BlockManager(Validators validators) : shares_(validators.count()) {}

  // The blocks that became accepted, ancestors first; empty: suspended or known already.
  [[nodiscard]] auto add(Dag& dag, BlockPtr block, Arrival arrival, Round clock)
      -> base::Result<std::vector<DagBlock*>>;
  // After the DAG collected: drops what lies at or below gc_round and accepts what waited for it.
  [[nodiscard]] auto release(Dag& dag) -> std::vector<DagBlock*>;

  // What the blocks that were suspended since the last call wait for and nobody has brought.
  [[nodiscard]] auto take_wanted() -> std::vector<BlockRef> { return std::exchange(wanted_, {}); }
  // All of it, in order of rounds.
  [[nodiscard]] auto missing(std::size_t count_max) const -> std::vector<BlockRef>;
  [[nodiscard]] auto missing_count() const -> std::size_t { return waiting_.size(); }
  [[nodiscard]] auto suspended_count() const -> std::size_t { return suspended_.size(); }
  [[nodiscard]] auto suspended_bytes(AuthorIndex author) const -> std::size_t {
    return shares_[std::to_underlying(author)].bytes;
  }
  [[nodiscard]] auto highest_suspended() const -> Round;
  [[nodiscard]] auto is_suspended(const BlockRef& ref) const -> bool {
    return suspended_.contains(ref);
  }

  [[nodiscard]] auto is_waited_for(const BlockRef& ref) const -> bool {
    return waiting_.contains(ref);
  }

 private:
  struct Suspended {
    BlockPtr block;
    std::size_t missing = 0;  // ancestors that are not accepted
    std::size_t bytes = 0;
  };
  struct Share {  // of one author
    std::size_t refs = 0;
    std::size_t bytes = 0;
  };

  auto admit(const Dag& dag, const model::Block& block, Arrival arrival, Round clock) const
      -> base::Result<void>;
  [[nodiscard]] auto accept_with_descendants(Dag& dag, BlockPtr block) -> std::vector<DagBlock*>;
  void resume(const Dag& dag, const BlockRef& ref, std::vector<BlockPtr>& ready);
  [[nodiscard]] auto evict_above(const BlockRef& ref) -> bool;
  void drop(const BlockRef& ref);

  std::map<BlockRef, Suspended> suspended_;
  std::map<BlockRef, std::vector<BlockRef>> waiting_;  // missing or suspended -> who waits for it
  std::vector<BlockRef> wanted_;
  std::vector<Share> shares_;
};

}  // namespace holdfast::consensus
