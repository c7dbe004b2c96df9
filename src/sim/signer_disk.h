// signer_disk.h: the signer record of a simulated device: what was written is durable; lost with
// its disk, and then there is none until the device remembers. Threads: one.
// Source: docs/design/consensus.md §9.
#pragma once

#include <optional>

#include "ports/signer_record.h"

namespace holdfast::sim {

class SignerDisk final : public ports::SignerRecord {
 public:
  [[nodiscard]] auto state() const -> const ports::SignerState& override { return state_; }
  [[nodiscard]] auto write(const ports::SignerState& state) -> base::Result<void> override {
    if (std::pair{state.epoch, state.round} < std::pair{state_.epoch, state_.round})
      return base::fail(base::Error::signer_regression);
    state_ = state;
    lost_ = false;
    return {};
  }
  void wipe() {
    state_ = {};
    lost_ = true;
  }
  [[nodiscard]] auto is_lost() const -> bool { return lost_; }

 private:
  ports::SignerState state_;
  bool lost_ = false;
};

}  // namespace holdfast::sim
