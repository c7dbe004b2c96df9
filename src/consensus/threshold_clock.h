// threshold_clock.h: the round that is reached: r+1 once accepted blocks of r come from a quorum of
// authors. A block of a later round proves earlier quorums, since its parents were checked.
// Whether and for which round to propose is the proposer's question; it does not follow this clock
// blindly. Invariant: never decreases. Limits: none. Time: none. Threads: one. Errors: none.
// Source: Ford, Threshold Logical Clocks (1907.07010); docs/design/consensus.md §4.
#pragma once

#include "consensus/dag.h"

namespace holdfast::consensus {

class ThresholdClock {
 public:
  explicit ThresholdClock(Validators validators) : validators_{validators} {}

  // Returns whether a new round was reached.
  auto on_accepted(Round round, AuthorIndex author) -> bool {
    if (round < round_) return false;
    const Round before = round_;
    if (round > round_) enter(round);
    seen_.add(author);
    if (seen_.size() >= validators_.quorum()) enter(next(round_));
    return round_ > before;
  }
  [[nodiscard]] auto round() const -> Round { return round_; }

 private:
  void enter(Round round) {
    round_ = round;
    seen_.clear();
  }

  Validators validators_;
  Round round_{1};  // the genesis blocks are a quorum of round 0
  AuthorSet seen_;  // with a block of round_; below a quorum
};

}  // namespace holdfast::consensus
