// proposer.h: whether to propose now, for which round, and on which parents.
// It never jumps to the round of the threshold clock silently: no round r is left out unless round
// r-2 is decided, and nobody leaves out an undecided round that it leads. Without these rules
// validators that jump in turn can keep every leader from being committed for ever. Whoever has
// nothing to do first fills the round below the clock, which a slower one may need (ADR 19). A
// proposal for T waits for the leaders of T-1 and
// for votes on the leaders of T-2 (C1), at most the leader timeout (C2), and not at all once a
// quorum has gone ahead (C3). Limits: n. Time: an argument. Threads: one. Errors: none. Source:
// docs/design/consensus.md §4; the counterexample to round jumping: S&P 2026, named there.
#pragma once

#include <optional>

#include "consensus/decision.h"
#include "consensus/parameters.h"
#include "consensus/threshold_clock.h"

namespace holdfast::consensus {

enum class ProposeReason : std::uint8_t { leaders_held, timeout, quorum_ahead };

struct ProposalPlan {
  Round round{};
  ProposeReason reason{};
};

// What the decision depends on, besides the DAG.
struct ProposerView {
  Instant now{};
  bool busy = false;       // something waits to be ordered
  milliseconds timeout{};  // the leader timeout, 2 Delta
  Round clock{};           // of the threshold clock
};

class Proposer {
 public:
  // A follower, who is nobody, never proposes.
  Proposer(const LeaderSchedule& schedule, const Parameters& parameters,
           std::optional<AuthorIndex> self, Round proposed, Instant now)
      : schedule_{schedule},
        pace_{parameters.pace},
        self_{self},
        proposed_{proposed},
        ready_since_{now} {}

  // Nothing: not yet, and wake_at() says when it may change by itself.
  [[nodiscard]] auto plan(const Dag& dag, const Decider& decider, const ProposerView& view)
      -> std::optional<ProposalPlan>;
  [[nodiscard]] auto wake_at() const -> std::optional<Instant> { return wake_at_; }
  void on_proposed(Round round) { proposed_ = round; }
  [[nodiscard]] auto proposed() const -> Round { return proposed_; }  // P

  // The round to propose for: the next one, or the first that may not be left out.
  [[nodiscard]] auto target(const Decider& decider, Round clock, bool busy) const -> Round;

 private:
  [[nodiscard]] auto leaders_are_held(const Dag& dag, Round target) const -> bool;
  [[nodiscard]] auto may_leave_out(const Decider& decider, Round round) const -> bool;

  const LeaderSchedule& schedule_;
  milliseconds pace_;
  std::optional<AuthorIndex> self_;
  Round proposed_;
  Round ready_for_{};    // the target whose parents were found ready
  Instant ready_since_;  // and since when
  std::optional<Instant> wake_at_;
};

// Own last block first; then of every other author the highest block below `round` that the own
// last block does not reach by name; of an equivocation its first branch.
[[nodiscard]] auto parents_for(const Dag& dag, Round round, const BlockRef& own_last,
                               std::span<const BlockRef> covered) -> std::vector<BlockRef>;

}  // namespace holdfast::consensus
