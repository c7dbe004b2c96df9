// ledger_recovery.cc: holding a ledger back, and letting a restored one sign again.
#include <mutex>

#include "node/ledger.h"

namespace holdfast::node {

using base::Error;
using base::fail;

void Ledger::hold(std::optional<Error> reason) {
  const std::unique_lock lock{mutex_};
  held_ = reason;
}

auto Ledger::confirm_recovery() -> base::Detailed<void> {
  {
    const std::shared_lock lock{mutex_};
    if (read_only_ != Error::signer_missing) {
      return fail(read_only_.value_or(Error::nothing_to_recover), folder_.string());
    }
  }
  const consensus::SoloState& solo = solo_.state();
  const store::SignerState last{.epoch = std::to_underlying(solo.epoch),
                                .round = std::to_underlying(solo.last_block.round),
                                .digest = solo.last_block.digest.bytes,
                                .synced = store_->last_synced()};
  TRY(signer, store::SignerFile::create(folder_ / "signer", last));
  signer_.adopt(std::move(signer));
  const std::unique_lock lock{mutex_};
  read_only_.reset();
  return {};
}

}  // namespace holdfast::node
