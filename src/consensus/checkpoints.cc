#include "consensus/checkpoints.h"

#include <algorithm>

namespace holdfast::consensus {

using model::AuthorIndex;
using model::Height;

auto checkpoint_due(Height last, model::TimeMs last_at, Height height, model::TimeMs timestamp)
    -> bool {
  return std::to_underlying(timestamp) - std::to_underlying(last_at) >= kCheckpointMs ||
         std::to_underlying(height) - std::to_underlying(last) >= kCheckpointHeights;
}

auto index_of(const model::Committee& committee, const model::DeviceId& device)
    -> std::optional<AuthorIndex> {
  const auto found = std::ranges::find(committee.members, device, &model::CommitteeMember::device);
  if (found == committee.members.end()) return std::nullopt;
  return AuthorIndex{static_cast<std::uint64_t>(found - committee.members.begin())};
}

auto is_certified(const model::Committee& committee, base::ByteView checkpoint_bytes,
                  const std::vector<model::VerifiedCheckpointVote>& votes) -> bool {
  AuthorSet authors;
  for (const auto& vote : votes) {
    if (!std::ranges::equal(vote->checkpoint, checkpoint_bytes)) continue;
    if (const auto author = index_of(committee, vote->author)) authors.add(*author);
  }
  return authors.size() >= Validators{committee.members.size()}.quorum();
}

void CheckpointVotes::own(Height height, base::Bytes checkpoint_bytes) {
  own_[height] = std::move(checkpoint_bytes);
  if (own_.size() > kOpenVotesMax) own_.erase(own_.begin());
}

auto CheckpointVotes::add(const model::VerifiedCheckpointVote& vote)
    -> std::optional<CheckpointCertificate> {
  const auto author = index_of(committee_, vote->author);
  const auto checkpoint = model::decode_checkpoint(vote->checkpoint);
  if (!author || !checkpoint || checkpoint->height <= certified_) return std::nullopt;
  std::vector<std::map<Key, std::map<AuthorIndex, model::CheckpointVote>>::iterator> of_author;
  for (auto it = votes_.begin(); it != votes_.end(); ++it) {
    if (!it->second.contains(*author)) continue;
    if (it->first.first == checkpoint->height) return std::nullopt;  // one vote a height
    of_author.push_back(it);
  }
  if (of_author.size() >= kOpenVotesMax) {
    of_author.front()->second.erase(*author);
    if (of_author.front()->second.empty()) votes_.erase(of_author.front());
  }
  auto& votes = votes_[{checkpoint->height, vote->checkpoint}];
  votes.emplace(*author, *vote);
  if (votes.size() < Validators{committee_.members.size()}.quorum()) return std::nullopt;
  CheckpointCertificate certificate{*checkpoint, vote->checkpoint, {}};
  for (const auto& [index, each] : votes) certificate.votes.push_back(each);
  certified_ = checkpoint->height;
  std::erase_if(votes_, [&](const auto& entry) { return entry.first.first <= certified_; });
  return certificate;
}

auto CheckpointVotes::own_differs(const CheckpointCertificate& certificate) const -> bool {
  const auto own = own_.find(certificate.checkpoint.height);
  return own != own_.end() && own->second != certificate.checkpoint_bytes;
}

}  // namespace holdfast::consensus
