#include "consensus/proposer.h"

#include <algorithm>

namespace holdfast::consensus {

auto Proposer::target(const Decider& decider, Round clock, bool busy) const -> Round {
  Round target = next(proposed_);
  if (planted(PlantedBug::jump_rounds)) return std::max(target, clock);
  const bool fills = !busy && !planted(PlantedBug::leave_out_led_rounds);
  const Round goal = fills ? earlier(clock, 1) : clock;
  while (target < goal && may_leave_out(decider, target)) target = next(target);
  return target;
}

// A leader that comes late still proposes: others wait for its block, and if each in turn left its
// round out, every leader would be skipped.
auto Proposer::may_leave_out(const Decider& decider, Round round) const -> bool {
  if (!decider.is_decided(earlier(round, 2))) return false;
  if (planted(PlantedBug::leave_out_led_rounds)) return true;
  return schedule_.leader(round) != self_ || decider.is_decided(round);
}

// All leader blocks of T-1, and for each leader of T-2 a quorum of votes or none possible any more.
auto Proposer::leaders_are_held(const Dag& dag, Round target) const -> bool {
  const Round voting = earlier(target, 1);
  if (voting == Round{0}) return true;
  if (dag.at(schedule_.slot(voting)).empty()) return false;
  const Round led = earlier(voting, 1);
  if (led == Round{0} || led <= dag.gc_round()) return true;
  const Slot slot = schedule_.slot(led);
  if (is_directly_skipped(dag, slot)) return true;
  return std::ranges::any_of(dag.at(slot), [&](const auto& block) {
    return votes_for(dag, *block) >= dag.validators().quorum();
  });
}

auto Proposer::plan(const Dag& dag, const Decider& decider, const ProposerView& view)
    -> std::optional<ProposalPlan> {
  wake_at_.reset();
  const std::size_t quorum = dag.validators().quorum();
  const Round round = target(decider, view.clock, view.busy);
  if (dag.authors_of(earlier(round, 1)) < quorum) return std::nullopt;
  if (ready_for_ != round) {
    ready_for_ = round;
    ready_since_ = view.now;
  }
  if (dag.authors_of(round) >= quorum) return ProposalPlan{round, ProposeReason::quorum_ahead};
  // At rest nobody begins a round, but all of them follow into one that was begun: whoever began it
  // may have more to order, and needs a quorum there.
  if (!view.busy && dag.highest_round() < round) return std::nullopt;
  const Instant paced = ready_since_ + pace_;
  const Instant overdue = paced + view.timeout;
  if (view.now >= overdue) return ProposalPlan{round, ProposeReason::timeout};
  const bool held = leaders_are_held(dag, round);
  if (held && view.now >= paced) return ProposalPlan{round, ProposeReason::leaders_held};
  wake_at_ = held ? paced : overdue;
  return std::nullopt;
}

auto parents_for(const Dag& dag, Round round, const BlockRef& own_last,
                 std::span<const BlockRef> covered) -> std::vector<BlockRef> {
  std::vector<BlockRef> parents{own_last};
  for (std::size_t i = 0; i < dag.validators().count(); ++i) {
    const AuthorIndex author{i};
    if (author == own_last.author) continue;
    const DagBlock* latest = dag.latest_of(author, round);
    if (latest == nullptr) continue;
    if (std::ranges::find(covered, latest->ref) != covered.end()) continue;
    parents.push_back(latest->ref);
  }
  return parents;
}

}  // namespace holdfast::consensus
