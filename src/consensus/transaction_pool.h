// transaction_pool.h: transactions given to this validator, until they are ordered: those that wait
// for a block and those in own blocks that are not committed yet.
// Invariant: each is known once, by its id; none is lost when its block is collected: it waits
// again. Batches are limited by bytes and count; waiting is bounded, so that submit() pushes back.
// Limits: kPendingMax, kPendingBytesMax; kUnsequencedBytesMax in own blocks, beyond which an author
// proposes empty blocks. Time: none. Threads: one. Errors: too_many_pending. Source:
// docs/design/consensus.md §7, §8.
#pragma once

#include <deque>
#include <map>

#include "base/result.h"
#include "consensus/dag.h"
#include "consensus/parameters.h"

namespace holdfast::consensus {

using TxKey = model::Digest;  // the id of an item of a payload

class TransactionPool {
 public:
  // Known ones are taken as they are: submitting twice is harmless.
  [[nodiscard]] auto submit(const TxKey& id, base::Bytes bytes) -> base::Result<void>;
  // For the own block of this round, in order of submission.
  [[nodiscard]] auto take(Round round, std::size_t bytes_max, std::size_t items_max)
      -> std::vector<base::Bytes>;
  // Of any validator's block: whoever proposed it, it is ordered. Returns whether it was ours.
  auto sequenced(const TxKey& id) -> bool;
  // Own blocks at or below this round will never be committed: what they held waits again.
  [[nodiscard]] auto collected(Round gc_round) -> std::vector<TxKey>;
  // All that is not ordered, for the next epoch.
  [[nodiscard]] auto take_all() -> std::vector<std::pair<TxKey, base::Bytes>>;

  [[nodiscard]] auto empty() const -> bool { return entries_.empty(); }
  [[nodiscard]] auto size() const -> std::size_t { return entries_.size(); }
  [[nodiscard]] auto own_blocks() const -> std::size_t { return blocks_.size(); }
  [[nodiscard]] auto bytes_in_blocks() const -> std::size_t { return bytes_in_blocks_; }

 private:
  struct Entry {
    base::Bytes bytes;
    bool in_block = false;  // otherwise it waits for one
  };
  void wait_again(const TxKey& id);

  std::map<TxKey, Entry> entries_;
  std::deque<TxKey> waiting_;  // in order of submission; ids that wait no more are passed over
  std::map<Round, std::vector<TxKey>> blocks_;  // what own blocks hold, by round
  std::size_t bytes_waiting_ = 0;
  std::size_t bytes_in_blocks_ = 0;
};

}  // namespace holdfast::consensus
