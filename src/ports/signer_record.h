// signer_record.h: the last round this node signed, kept apart from the store, so that a lost or
// old store is noticed before anything is signed twice. Invariant: (epoch, round) never decreases,
// and one round never gets a second digest. Durable once write() returns. Limits: none. Time: none.
// Threads: one. Errors: signer_regression (nothing written), store_full, store_io, store_read_only;
// after a failed write only store_failed. Source: docs/design/consensus.md §9.
#pragma once

#include "ports/key_value_store.h"

namespace holdfast::ports {

struct SignerState {
  std::uint64_t epoch = 0;
  std::uint64_t round = 0;                // the highest round signed in `epoch`
  std::array<std::uint8_t, 32> digest{};  // of the block signed there; zero: none was kept
  SequenceNumber synced{};                // KeyValueStore::last_synced() at that time
  auto operator==(const SignerState&) const -> bool = default;
};

class SignerRecord {
 public:
  SignerRecord() = default;
  SignerRecord(const SignerRecord&) = delete;
  auto operator=(const SignerRecord&) -> SignerRecord& = delete;
  virtual ~SignerRecord() = default;

  [[nodiscard]] virtual auto state() const -> const SignerState& = 0;
  [[nodiscard]] virtual auto write(const SignerState& state) -> Result<void> = 0;
};

}  // namespace holdfast::ports
