// Checkpoints, and the end of an epoch as the vault sees it.
#include <algorithm>

#include "consensus/core.h"

namespace holdfast::consensus {

void Core::on(const Applied& in) {
  const auto found = unapplied_.find(in.height);
  if (found == unapplied_.end()) return;
  const Unapplied commit = found->second;
  unapplied_.erase(unapplied_.begin(), std::next(found));
  closing_ = closing_ || in.close_epoch;
  items_since_checkpoint_ = items_since_checkpoint_ || commit.has_items;
  const bool in_time = items_since_checkpoint_ && checkpoint_due(checkpoint_height_, checkpoint_at_,
                                                                 in.height, commit.timestamp);
  const bool many_heights =
      std::to_underlying(in.height) >= std::to_underlying(checkpoint_height_) + kCheckpointHeights;
  if (!in_time && !many_heights && !commit.last_of_epoch) return;

  checkpoint_height_ = in.height;
  checkpoint_at_ = commit.timestamp;
  items_since_checkpoint_ = false;
  const model::Checkpoint checkpoint{
      .vault = settings_.epoch.vault,
      .epoch = settings_.epoch.committee.epoch,
      .height = in.height,
      .commit = commit.digest,
      .tx_root = commit.tx_root,
      .state_root = in.state_root,
      .audit_root = in.audit_root,
      .timestamp = commit.timestamp,
      .next = commit.last_of_epoch ? in.next : std::optional<model::Committee>{}};
  base::Bytes encoded = model::encode(checkpoint);
  checkpoints_.own(in.height, encoded);
  if (!settings_.self || halted_) return;
  last_sign_ = SignId{std::to_underlying(last_sign_) + 1};
  effects_.emplace_back(SignCheckpoint{last_sign_, std::move(encoded)});
}

void Core::on(const CheckpointSigned& in) {
  if (halted_) return;
  effects_.emplace_back(Send{persisted_, {}, CheckpointMessage{*in.vote}});
  count_vote(in.vote);
}

void Core::on(const CheckpointVoted& in) { count_vote(in.vote); }

void Core::count_vote(const model::VerifiedCheckpointVote& vote) {
  auto certificate = checkpoints_.add(vote);
  if (!certificate) return;
  if (checkpoints_.own_differs(*certificate)) halt(HaltReason::checkpoint_differs);
  effects_.emplace_back(CheckpointCertified{*std::move(certificate)});
}

}  // namespace holdfast::consensus
