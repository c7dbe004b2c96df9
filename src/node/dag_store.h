// dag_store.h: blocks and commits of one epoch in the store's columns, and what a restart needs of
// them: where the chain of commits ends, what was signed last, who was ready.
// Invariant: one Persist of the core is one batch. No block goes, also none that no commit took: a
// peer who is behind has to accept every ancestor of what was committed.
// Limits: the store's; kVoterRounds. Time: none. Threads: one. Errors: the store's; store_corrupt.
// Source: docs/design/consensus.md §9; docs/formats.cddl, DagMark.
#pragma once

#include <functional>
#include <set>

#include "consensus/core.h"
#include "node/records.h"
#include "ports/key_value_store.h"

namespace holdfast::node {

// Where the epoch stands; rewritten with every batch.
struct DagMark {
  model::Height started_at{};     // the last height before the epoch
  consensus::CommitState commit;  // the last one
  model::Round gc_round{};
  std::optional<model::BlockRef> own;     // the last own block
  std::vector<model::AuthorIndex> ready;  // authors of committed blocks that were ready to close
  auto operator==(const DagMark&) const -> bool = default;
};
[[nodiscard]] auto encode(const DagMark& mark) -> base::Bytes;
[[nodiscard]] auto decode_dag_mark(base::ByteView encoded) -> base::Result<DagMark>;
[[nodiscard]] auto read_dag_mark(const ports::Reader& store, model::Epoch epoch)
    -> base::Result<std::optional<DagMark>>;

// A commit with its blocks, as kept and as a peer is given it: unverified.
struct StoredCommit {
  model::Commit commit;
  base::Bytes commit_bytes;
  model::CommitDigest digest;
  std::vector<model::Block> blocks;  // in the order of commit.blocks
};
struct CommitRange {
  std::vector<StoredCommit> commits;
  std::vector<model::Block> voters;  // blocks of a quorum that vote for the last of them
};

// Both signature halves and the payload; null: it is none of this epoch's.
using VerifyBlock = std::function<consensus::BlockPtr(model::Block block)>;

class DagStore {
 public:
  // How many rounds after a commit its votes are looked for.
  static constexpr std::uint64_t kVoterRounds = 60;

  // `start`: the chain's end when the epoch began.
  DagStore(const ports::KeyValueStore& store, model::Epoch epoch,
           const consensus::CommitState& start);

  // Reads where the epoch stands and what of it is still open. `self`: whose last own block counts.
  [[nodiscard]] auto recover(const VerifyBlock& verify, std::optional<model::AuthorIndex> self)
      -> base::Result<consensus::Recovered>;
  // What the core wants kept.
  void put(const consensus::Batch& from, ports::Batch& batch);

  [[nodiscard]] auto mark() const -> const DagMark& { return mark_; }
  [[nodiscard]] auto block(const model::BlockRef& ref) const
      -> base::Result<std::optional<model::Block>>;
  [[nodiscard]] auto commit(model::Height height) const
      -> base::Result<std::optional<StoredCommit>>;
  // What follows `from`, as far as a quorum's votes are here: for one who is behind. Blocks that
  // `may_give` refuses are left out.
  using MayGive = std::function<bool(const model::BlockRef& ref)>;
  [[nodiscard]] auto range_after(model::Height from, std::size_t quorum,
                                 const MayGive& may_give) const -> base::Result<CommitRange>;

 private:
  void put_block(const model::Block& block, ports::Batch& batch) const;
  void put_commit(const consensus::CommittedSubDag& commit, ports::Batch& batch);
  [[nodiscard]] auto voters_for(const model::CommitVote& vote, model::Round from,
                                const MayGive& may_give) const
      -> base::Result<std::vector<model::Block>>;
  auto read_blocks(const VerifyBlock& verify, std::optional<model::AuthorIndex> self,
                   consensus::Recovered& recovered) -> base::Result<void>;
  auto read_committed(consensus::Recovered& recovered) -> base::Result<void>;

  const ports::KeyValueStore& store_;
  const model::Epoch epoch_;
  DagMark mark_;
  std::set<model::BlockRef> open_;  // stored, above gc_round and in no commit
};

}  // namespace holdfast::node
