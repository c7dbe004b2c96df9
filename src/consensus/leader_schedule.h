// leader_schedule.h: which validator leads a round: one slot a round, chosen by integer arithmetic
// from a beacon, so that all validators agree and none can choose its rounds in advance.
// elect(r) is the first entry of a Fisher-Yates shuffle of 0..n-1: the index is drawn from the
// little-endian 64-bit words of SHAKE256(CBOR["holdfast/1/leader", vault, epoch, beacon, 0, r]),
// words at or above the largest multiple of n below 2^64 being passed over. Limits: remembers
// kWindow rounds. Time: none. Threads: one. Errors: none. Source: docs/design/consensus.md §5.
#pragma once

#include <array>

#include "consensus/dag.h"
#include "consensus/primitives.h"

namespace holdfast::consensus {

class LeaderSchedule {
 public:
  static constexpr std::size_t kWindow = 256;

  LeaderSchedule(const model::VaultId& vault, model::Epoch epoch, const model::Digest& beacon,
                 Validators validators, Xof xof)
      : vault_{vault}, epoch_{epoch}, beacon_{beacon}, validators_{validators}, xof_{xof} {}

  [[nodiscard]] auto leader(Round round) const -> AuthorIndex;
  [[nodiscard]] auto slot(Round round) const -> Slot { return {round, leader(round)}; }

 private:
  [[nodiscard]] auto elect(Round round) const -> AuthorIndex;

  struct Known {
    Round round{};  // 0: none, as the genesis never leads
    AuthorIndex leader{};
  };

  model::VaultId vault_;
  model::Epoch epoch_;
  model::Digest beacon_;
  Validators validators_;
  Xof xof_;
  mutable std::array<Known, kWindow> known_{};
};

}  // namespace holdfast::consensus
