// decision.h: which leader blocks are committed and which leader slots are skipped.
// Direct rule: a quorum of certificates commits, a quorum of blocks that do not vote skips.
// Indirect rule: what the direct one leaves open is decided by the first later leader that is
// committed, if its history holds a certificate. Invariant: decisions come in order of rounds, once
// each, and are the same on every validator whose blocks lie in one DAG with at most f
// equivocators. Limits: those of the DAG. Time: none. Threads: one. Errors:
// two_leader_blocks_certified proves more than f Byzantine validators; the caller stops. Source:
// Mysticeti (2310.14821) §3.2, algorithms 1 and 2; docs/design/consensus.md §6.
#pragma once

#include "base/result.h"
#include "consensus/leader_schedule.h"

namespace holdfast::consensus {

enum class SlotStatus : std::uint8_t { undecided, committed, skipped };

struct Decision {
  Slot slot;
  SlotStatus status = SlotStatus::undecided;
  BlockRef block;       // where committed
  bool direct = false;  // by its own votes, not by a later leader
  auto operator==(const Decision&) const -> bool = default;
};

// ---- the rules, each a pure function of the DAG
// A block of round r+2 whose strong ancestors vote for `candidate` with the weight of a quorum.
[[nodiscard]] auto is_certificate(const Dag& dag, const DagBlock& block, const DagBlock& candidate)
    -> bool;
[[nodiscard]] auto votes_for(const Dag& dag, const DagBlock& candidate) -> std::size_t;
// The votes of round r+1 can never become a certificate for any block of the slot.
[[nodiscard]] auto is_directly_skipped(const Dag& dag, Slot slot) -> bool;
[[nodiscard]] auto directly_committed(const Dag& dag, Slot slot) -> base::Result<const DagBlock*>;
// The block of the slot that has a certificate in the history of the anchor.
[[nodiscard]] auto certified_in_history(const Dag& dag, Slot slot, const DagBlock& anchor)
    -> base::Result<const DagBlock*>;

class Decider {
 public:
  // Decides the rounds after `last_decided`.
  Decider(const LeaderSchedule& schedule, Round last_decided)
      : schedule_{schedule}, last_decided_{last_decided} {}

  // The longest run of decided leader slots that was not given before. A decision once made stays.
  [[nodiscard]] auto advance(const Dag& dag) -> base::Result<std::vector<Decision>>;
  [[nodiscard]] auto last_decided() const -> Round { return last_decided_; }
  // Whether advance() has decided this round, given or not.
  [[nodiscard]] auto is_decided(Round round) const -> bool;
  [[nodiscard]] auto open_slots() const -> std::size_t { return open_.size(); }
  void decided_elsewhere(Round round);  // by a certified commit

 private:
  const LeaderSchedule& schedule_;
  Round last_decided_;
  std::deque<Decision> open_;  // from last_decided_ + 1 on: the first is undecided
  std::uint64_t seen_ = 0;     // blocks of the DAG when advance() looked last
};

}  // namespace holdfast::consensus
