#include "consensus/light_client.h"

namespace holdfast::consensus {

using base::Error;
using base::fail;

auto LightClient::advance(base::ByteView checkpoint_bytes,
                          const std::vector<model::VerifiedCheckpointVote>& votes)
    -> base::Result<void> {
  TRY(checkpoint, model::decode_checkpoint(checkpoint_bytes));
  if (checkpoint.vault != vault_) return fail(Error::foreign_vault);
  if (checkpoint.epoch != committee_.epoch) return fail(Error::foreign_epoch);
  if (latest_ && checkpoint.height < latest_->height) return fail(Error::broken_commit_chain);
  if (latest_ && checkpoint.height == latest_->height && checkpoint != *latest_)
    return fail(Error::broken_commit_chain);
  if (!is_certified(committee_, checkpoint_bytes, votes)) return fail(Error::too_few_signatures);
  if (checkpoint.next && checkpoint.next->epoch != next(checkpoint.epoch))
    return fail(Error::foreign_epoch);
  if (checkpoint.next) committee_ = *checkpoint.next;
  latest_ = std::move(checkpoint);
  return {};
}

}  // namespace holdfast::consensus
