#include "consensus/chain_end.h"

namespace holdfast::consensus {

auto chain_start(const model::VaultId& vault, const model::Committee& committee,
                 model::TimeMs created) -> ChainEnd {
  return {.epoch = committee.epoch,
          .height = {},
          .last_block = model::genesis_ref(vault, committee, model::AuthorIndex{0}),
          .last_commit = {},
          .timestamp = created,
          .checkpoint_height = {},
          .checkpoint_timestamp = created,
          .items_since_checkpoint = false};
}

auto after_commit(const ChainEnd& end, const model::Commit& commit,
                  const model::CommitDigest& digest, bool has_items, bool last_of_epoch)
    -> ChainEnd {
  ChainEnd after{.epoch = commit.epoch,
                 .height = commit.height,
                 .last_block = commit.leader,
                 .last_commit = digest,
                 .timestamp = commit.timestamp,
                 .checkpoint_height = end.checkpoint_height,
                 .checkpoint_timestamp = end.checkpoint_timestamp,
                 .items_since_checkpoint = end.items_since_checkpoint || has_items};
  const bool in_time = after.items_since_checkpoint &&
                       checkpoint_due(end.checkpoint_height, end.checkpoint_timestamp,
                                      commit.height, commit.timestamp);
  const bool many_heights = std::to_underlying(commit.height) >=
                            std::to_underlying(end.checkpoint_height) + kCheckpointHeights;
  if (!in_time && !many_heights && !last_of_epoch) return after;
  after.checkpoint_height = commit.height;
  after.checkpoint_timestamp = commit.timestamp;
  after.items_since_checkpoint = false;
  return after;
}

}  // namespace holdfast::consensus
