#include "consensus/block_manager.h"

#include <algorithm>

namespace holdfast::consensus {
namespace {

using base::Error;
using base::fail;
using base::Result;

auto bytes_of(const model::Block& block) -> std::size_t {
  return block.header.size() + block.fields.payload_len + crypto::Signature::kSize;
}

}  // namespace

auto BlockManager::admit(const Dag& dag, const model::Block& block, Arrival arrival,
                         Round clock) const -> Result<void> {
  const BlockRef ref = block.ref();
  if (ref.round <= dag.gc_round()) return fail(Error::round_collected);
  if (waiting_.contains(ref)) return {};  // something refers to it: none of the limits below
  if (arrival == Arrival::pushed && ref.round > later(clock, kFutureRoundsMax))
    return fail(Error::round_too_far_ahead);
  std::size_t branches = dag.at({ref.round, ref.author}).size();
  const auto first = suspended_.lower_bound({ref.round, ref.author, {}});
  for (auto it = first;
       it != suspended_.end() && it->first.round == ref.round && it->first.author == ref.author;
       ++it)
    ++branches;
  if (branches >= kBranchesMax) return fail(Error::too_many_branches);
  return {};
}

auto BlockManager::add(Dag& dag, BlockPtr block, Arrival arrival, Round clock)
    -> Result<std::vector<DagBlock*>> {
  const model::Block& content = **block;
  const BlockRef ref = content.ref();
  if (dag.contains(ref) || suspended_.contains(ref)) return {};
  TRY_DO(admit(dag, content, arrival, clock));
  std::vector<BlockRef> waits_for;
  for (const BlockRef& ancestor : content.fields.ancestors)
    if (!dag.is_known(ancestor)) waits_for.push_back(ancestor);
  if (waits_for.empty()) return accept_with_descendants(dag, std::move(block));

  Share& share = shares_[std::to_underlying(ref.author)];
  const std::size_t bytes = bytes_of(content);
  while (share.refs + waits_for.size() > kSuspendedRefsMax ||
         share.bytes + bytes > kSuspendedBytesMax)
    if (!evict_above(ref)) return fail(Error::too_many_suspended);
  share.refs += waits_for.size();
  share.bytes += bytes;
  for (const BlockRef& ancestor : waits_for) {
    waiting_[ancestor].push_back(ref);
    if (!suspended_.contains(ancestor)) wanted_.push_back(ancestor);
  }
  suspended_.emplace(ref, Suspended{std::move(block), waits_for.size(), bytes});
  return {};
}

// Makes room for `ref`: a node that is far behind finds its way down from the newest blocks, and
// must be able to reach the ground.
auto BlockManager::evict_above(const BlockRef& ref) -> bool {
  const auto highest = std::find_if(suspended_.rbegin(), suspended_.rend(), [&](const auto& entry) {
    return entry.first.author == ref.author;
  });
  if (highest == suspended_.rend() || highest->first.round <= ref.round) return false;
  const BlockRef evicted = highest->first;
  drop(evicted);
  if (waiting_.contains(evicted)) wanted_.push_back(evicted);
  return true;
}

// Takes `ref` off the list of whoever waits for it; blocks that wait for nothing more become ready.
void BlockManager::resume(const Dag& dag, const BlockRef& ref, std::vector<BlockPtr>& ready) {
  const auto waiters = waiting_.find(ref);
  if (waiters == waiting_.end()) return;
  for (const BlockRef& waiter : waiters->second) {
    Suspended& entry = suspended_.at(waiter);
    --shares_[std::to_underlying(waiter.author)].refs;
    if (--entry.missing > 0) continue;
    shares_[std::to_underlying(waiter.author)].bytes -= entry.bytes;
    if (waiter.round > dag.gc_round()) ready.push_back(std::move(entry.block));
    suspended_.erase(waiter);
  }
  waiting_.erase(waiters);
}

auto BlockManager::accept_with_descendants(Dag& dag, BlockPtr block) -> std::vector<DagBlock*> {
  std::vector<DagBlock*> accepted;
  std::vector<BlockPtr> ready{std::move(block)};
  while (!ready.empty()) {
    BlockPtr one = std::move(ready.back());
    ready.pop_back();
    DagBlock& entry = dag.accept(std::move(one));
    accepted.push_back(&entry);
    resume(dag, entry.ref, ready);
  }
  return accepted;
}

void BlockManager::drop(const BlockRef& ref) {
  const auto it = suspended_.find(ref);
  CHECK(it != suspended_.end());
  Share& share = shares_[std::to_underlying(ref.author)];
  share.refs -= it->second.missing;
  share.bytes -= it->second.bytes;
  for (const BlockRef& ancestor : (**it->second.block).fields.ancestors) {
    const auto waiters = waiting_.find(ancestor);
    if (waiters == waiting_.end() || std::erase(waiters->second, ref) == 0) continue;
    if (waiters->second.empty()) waiting_.erase(waiters);
  }
  suspended_.erase(it);
}

auto BlockManager::release(Dag& dag) -> std::vector<DagBlock*> {
  while (!suspended_.empty() && suspended_.begin()->first.round <= dag.gc_round())
    drop(suspended_.begin()->first);
  std::vector<DagBlock*> accepted;
  std::vector<BlockPtr> ready;
  while (!waiting_.empty() && waiting_.begin()->first.round <= dag.gc_round()) {
    resume(dag, waiting_.begin()->first, ready);
    for (BlockPtr& block : std::exchange(ready, {}))
      std::ranges::copy(accept_with_descendants(dag, std::move(block)),
                        std::back_inserter(accepted));
  }
  return accepted;
}

auto BlockManager::missing(std::size_t count_max) const -> std::vector<BlockRef> {
  std::vector<BlockRef> refs;
  for (const auto& [ref, waiters] : waiting_) {
    if (refs.size() >= count_max) break;
    if (!suspended_.contains(ref)) refs.push_back(ref);
  }
  return refs;
}

auto BlockManager::highest_suspended() const -> Round {
  return suspended_.empty() ? Round{0} : suspended_.rbegin()->first.round;
}

}  // namespace holdfast::consensus
