// leader_timeout.h: how long a proposer waits for a leader that does not come: 2 Delta, longer
// while nothing commits, short again once commits flow. Only the distance between the own round and
// the last committed leader counts, so that no other validator can reset or prolong it. Limits:
// between timeout_start and timeout_max. Time: durations; none is read. Threads: one. Errors: none.
// Source: docs/design/consensus.md §4 (the numbers are our own).
#pragma once

#include <algorithm>
#include <optional>

#include "consensus/dag.h"
#include "consensus/parameters.h"

namespace holdfast::consensus {

class LeaderTimeout {
 public:
  explicit LeaderTimeout(const Parameters& parameters)
      : base_{parameters.timeout_start},
        max_{parameters.timeout_max},
        stall_rounds_{parameters.stall_rounds},
        wait_{base_} {}

  // A stall is assumed more than stall_rounds after the last committed leader, or when the caller
  // has seen no commit for too long.
  void on_proposed(Round own, Round committed, bool commits_stalled) {
    if (!stalled_at_ && (commits_stalled || own > later(committed, stall_rounds_))) {
      stalled_at_ = committed;
      commits_in_row_ = 0;
    }
    if (!stalled_at_ || own < *stalled_at_) return;
    const auto distance = std::to_underlying(own) - std::to_underlying(*stalled_at_);
    // base (1 + (distance / stall_rounds)^2); from sqrt(max / base) stall_rounds on it is max.
    const auto bounded =
        std::min(distance, static_cast<std::uint64_t>(max_ / base_) * stall_rounds_);
    const double stretch = static_cast<double>(bounded) / static_cast<double>(stall_rounds_);
    const milliseconds stretched{
        static_cast<std::int64_t>(static_cast<double>(base_.count()) * (1 + stretch * stretch))};
    wait_ = std::min(stretched, max_);
  }
  void on_commit() {
    if (++commits_in_row_ < 3) return;
    stalled_at_.reset();
    wait_ = std::max(base_, wait_ / 2);
  }
  [[nodiscard]] auto wait() const -> milliseconds { return wait_; }

 private:
  milliseconds base_, max_;
  std::uint64_t stall_rounds_;
  std::optional<Round> stalled_at_;  // the last committed leader's round when the stall began
  std::uint64_t commits_in_row_ = 3;
  milliseconds wait_;
};

}  // namespace holdfast::consensus
