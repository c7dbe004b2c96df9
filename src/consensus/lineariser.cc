#include "consensus/lineariser.h"

#include <algorithm>

namespace holdfast::consensus {
namespace {

using model::TimeMs;

// The planted bug: two blocks of one slot keep the order in which they arrived.
void sort_by_arrival(const Dag& dag, std::vector<const DagBlock*>& blocks) {
  std::vector<const DagBlock*> sorted;
  dag.for_each([&](const DagBlock& block) {
    if (std::ranges::contains(blocks, &block)) sorted.push_back(&block);
  });
  blocks = std::move(sorted);
}

// Depth first from the leader over what is above gc_round and not committed; flags what it meets.
auto take_history(Dag& dag, DagBlock& leader) -> std::vector<const DagBlock*> {
  std::vector<const DagBlock*> open{&leader}, taken;
  dag.mark_committed(leader);
  while (!open.empty()) {
    const DagBlock* block = open.back();
    open.pop_back();
    taken.push_back(block);
    for (const BlockRef& ancestor : block->header().ancestors) {
      if (ancestor.round <= dag.gc_round()) continue;
      DagBlock* parent = dag.find(ancestor);
      CHECK(parent != nullptr);
      if (parent->committed) continue;
      dag.mark_committed(*parent);
      open.push_back(parent);
    }
  }
  std::ranges::sort(taken, {}, &DagBlock::ref);
  if (planted(PlantedBug::sort_without_digest)) sort_by_arrival(dag, taken);
  return taken;
}

}  // namespace

auto commit_timestamp(const DagBlock& leader, TimeMs previous) -> TimeMs {
  std::vector<TimeMs> times;
  for (const DagBlock* parent : leader.strong)
    if (parent != nullptr) times.push_back(parent->header().timestamp);
  if (times.empty()) return std::max(previous, leader.header().timestamp);  // genesis, or collected
  std::ranges::sort(times);
  return std::max(previous, times[times.size() / 2]);  // more than half lies at or below it
}

auto gc_round_after(Round leader, std::uint64_t gc_depth) -> Round {
  return earlier(leader, gc_depth);
}

auto Lineariser::commit(Dag& dag, const BlockRef& leader) -> CommittedSubDag {
  DagBlock* top = dag.find(leader);
  CHECK(top != nullptr);
  CHECK(!top->committed);
  const TimeMs timestamp = commit_timestamp(*top, state_.timestamp);
  CommittedSubDag sub_dag;
  model::Commit& commit = sub_dag.commit;
  std::vector<model::Digest>& ids = sub_dag.item_ids;
  for (const DagBlock* block : take_history(dag, *top)) {
    commit.blocks.push_back(block->ref);
    sub_dag.blocks.push_back(block->block);
    for (const base::Bytes& item : (**block->block).payload)
      ids.push_back(primitives_.item_id(item));
  }
  std::vector<base::ByteView> leaves;
  leaves.reserve(ids.size());
  for (const model::Digest& id : ids) leaves.emplace_back(id.view());
  commit.vault = vault_;
  commit.epoch = epoch_;
  commit.height = next(state_.height);
  commit.previous = state_.digest;
  commit.leader = leader;
  commit.timestamp = timestamp;
  commit.tx_root = primitives_.merkle_root(leaves);
  sub_dag.commit_bytes = model::encode(commit);
  sub_dag.digest = model::commit_digest(sub_dag.commit_bytes);
  state_ = sub_dag.state();
  return sub_dag;
}

void Lineariser::adopt(Dag& dag, const model::Commit& commit, const model::CommitDigest& digest) {
  for (const BlockRef& ref : commit.blocks)
    if (DagBlock* block = dag.find(ref); block != nullptr && !block->committed)
      dag.mark_committed(*block);
  state_ = {commit.height, digest, commit.leader, commit.timestamp};
}

}  // namespace holdfast::consensus
