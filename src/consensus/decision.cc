#include "consensus/decision.h"

#include <algorithm>
#include <ranges>
#include <set>

#include "consensus/parameters.h"

namespace holdfast::consensus {
namespace {

using base::Error;
using base::fail;
using base::Result;

auto blocks_of(const Dag& dag, Round round, auto&& visit) {
  for (std::size_t author = 0; author < dag.validators().count(); ++author)
    for (const auto& block : dag.at({round, AuthorIndex{author}})) visit(*block);
}

// Counts authors; the planted bug counts blocks.
class Tally {
 public:
  void add(const DagBlock& block) {
    authors_.add(block.ref.author);
    ++blocks_;
  }
  [[nodiscard]] auto weight() const -> std::size_t {
    return planted(PlantedBug::count_blocks_not_authors) ? blocks_ : authors_.size();
  }

 private:
  AuthorSet authors_;
  std::size_t blocks_ = 0;
};

// Too few authors cannot reach a quorum of anything; the planted bug does not count authors.
auto has_quorum(const Dag& dag, Round round) -> bool {
  return planted(PlantedBug::count_blocks_not_authors) ||
         dag.authors_of(round) >= dag.validators().quorum();
}

auto anchor_distance() -> std::uint64_t {
  if (planted(PlantedBug::anchor_one_round_later)) return 1;
  if (planted(PlantedBug::anchor_two_rounds_later)) return 2;
  return kAnchorDistance;
}

// Every block of `round` in the causal history of `top`.
auto history_at(const Dag& dag, const DagBlock& top, Round round) -> std::vector<const DagBlock*> {
  std::set<BlockRef> seen{top.ref};
  std::vector<const DagBlock*> open{&top}, found;
  while (!open.empty()) {
    const DagBlock* block = open.back();
    open.pop_back();
    if (block->ref.round == round) found.push_back(block);
    for (const BlockRef& ancestor : block->header().ancestors) {
      if (ancestor.round < round || ancestor.round <= dag.gc_round()) continue;
      if (!seen.insert(ancestor).second) continue;
      const DagBlock* parent = dag.find(ancestor);
      CHECK(parent != nullptr);
      open.push_back(parent);
    }
  }
  return found;
}

// The decision of `slot`, where `later_slots` are those of the rounds after it, lowest first.
auto decide(const Dag& dag, Slot slot, auto later_slots) -> Result<Decision> {
  Decision decision{.slot = slot, .status = SlotStatus::undecided, .block = {}, .direct = true};
  TRY(direct, directly_committed(dag, slot));
  if (direct != nullptr) {
    decision.status = SlotStatus::committed;
    decision.block = direct->ref;
    return decision;
  }
  if (is_directly_skipped(dag, slot)) {
    decision.status = SlotStatus::skipped;
    return decision;
  }
  decision.direct = false;
  for (const Decision& candidate : later_slots) {
    if (candidate.slot.round < later(slot.round, anchor_distance())) continue;
    if (candidate.status == SlotStatus::skipped) continue;
    if (candidate.status == SlotStatus::undecided) return decision;
    const DagBlock* anchor = dag.find(candidate.block);
    CHECK(anchor != nullptr);
    TRY(certified, certified_in_history(dag, slot, *anchor));
    decision.status = certified != nullptr ? SlotStatus::committed : SlotStatus::skipped;
    if (certified != nullptr) decision.block = certified->ref;
    return decision;
  }
  return decision;
}

}  // namespace

auto is_certificate(const Dag& dag, const DagBlock& block, const DagBlock& candidate) -> bool {
  std::size_t votes = 0;  // an author has one strong ancestor at most
  for (const DagBlock* voter : block.strong)
    if (voter != nullptr && voter->votes_for(candidate)) ++votes;
  return votes >= dag.validators().quorum();
}

auto votes_for(const Dag& dag, const DagBlock& candidate) -> std::size_t {
  Tally votes;
  blocks_of(dag, next(candidate.ref.round), [&](const DagBlock& block) {
    if (block.votes_for(candidate)) votes.add(block);
  });
  return votes.weight();
}

auto is_directly_skipped(const Dag& dag, Slot slot) -> bool {
  const std::size_t quorum = dag.validators().quorum();
  const Round voting = next(slot.round);
  if (dag.authors_of(voting) < quorum) return false;
  const auto is_lost = [&](const auto& candidate) {
    Tally against;
    blocks_of(dag, voting, [&](const DagBlock& block) {
      if (!block.votes_for(*candidate)) against.add(block);
    });
    return against.weight() >= quorum;
  };
  const SlotView candidates = dag.at(slot);
  if (planted(PlantedBug::skip_by_one_candidate) && std::ranges::any_of(candidates, is_lost))
    return true;
  return std::ranges::all_of(candidates, is_lost);
}

auto directly_committed(const Dag& dag, Slot slot) -> Result<const DagBlock*> {
  const DagBlock* committed = nullptr;
  if (!has_quorum(dag, later(slot.round, 2))) return committed;
  for (const auto& candidate : dag.at(slot)) {
    Tally certificates;
    blocks_of(dag, later(slot.round, 2), [&](const DagBlock& block) {
      if (is_certificate(dag, block, *candidate)) certificates.add(block);
    });
    if (certificates.weight() < dag.validators().quorum()) continue;
    if (committed != nullptr) return fail(Error::two_leader_blocks_certified);
    committed = candidate.get();
  }
  return committed;
}

auto certified_in_history(const Dag& dag, Slot slot, const DagBlock& anchor)
    -> Result<const DagBlock*> {
  const SlotView candidates = dag.at(slot);
  if (candidates.empty()) return nullptr;
  const auto certifiers = history_at(dag, anchor, later(slot.round, 2));
  const DagBlock* certified = nullptr;
  for (const auto& candidate : candidates) {
    const bool has_certificate = std::ranges::any_of(
        certifiers, [&](const DagBlock* block) { return is_certificate(dag, *block, *candidate); });
    if (!has_certificate) continue;
    if (certified != nullptr) return fail(Error::two_leader_blocks_certified);
    certified = candidate.get();
  }
  return certified;
}

auto Decider::advance(const Dag& dag) -> Result<std::vector<Decision>> {
  if (std::exchange(seen_, dag.accepted()) == dag.accepted()) return {};
  const Round highest = earlier(dag.highest_round(), 2);  // a certificate may be there
  for (Round round = later(last_decided_, open_.size() + 1); round <= highest; round = next(round))
    open_.push_back({.slot = schedule_.slot(round), .status = {}, .block = {}, .direct = false});
  for (std::size_t i = open_.size(); i-- > 0;) {
    if (open_[i].status != SlotStatus::undecided) continue;
    TRY(decision,
        decide(dag, open_[i].slot, std::views::drop(open_, static_cast<std::ptrdiff_t>(i) + 1)));
    open_[i] = decision;
  }
  std::vector<Decision> decided;
  Round cursor = last_decided_;
  while (!open_.empty() && open_.front().status != SlotStatus::undecided) {
    const Decision decision = open_.front();
    open_.pop_front();
    decided.push_back(decision);
    if (planted(PlantedBug::cursor_only_on_commits) && decision.status == SlotStatus::skipped)
      continue;
    cursor = decision.slot.round;
  }
  if (planted(PlantedBug::cursor_only_on_commits)) open_.clear();
  last_decided_ = cursor;
  return decided;
}

auto Decider::is_decided(Round round) const -> bool {
  if (round <= last_decided_) return true;
  const auto index = std::to_underlying(round) - std::to_underlying(last_decided_) - 1;
  return index < open_.size() && open_[index].status != SlotStatus::undecided;
}

void Decider::decided_elsewhere(Round round) {
  while (last_decided_ < round) {
    if (!open_.empty()) open_.pop_front();
    last_decided_ = next(last_decided_);
    seen_ = 0;
  }
}

}  // namespace holdfast::consensus
