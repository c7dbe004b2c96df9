#include "sim/disk.h"

#include <algorithm>

namespace holdfast::sim {

using consensus::BlockPtr;

void Disk::apply(const consensus::Batch& batch) {
  for (const BlockPtr& block : batch.blocks) {
    blocks_.emplace((*block)->ref(), block);
    for (const model::CommitVote& vote : (**block).fields.commit_votes)
      voters_[vote.height].push_back(block);
  }
  for (const auto& commit : batch.commits) commits_.push_back(commit);
  if (batch.floor) {
    signer_round_ = std::max(signer_round_, *batch.floor);
    lost_ = false;
  }
  if (batch.own) {
    own_last_ = batch.own;
    signer_round_ = (**batch.own).fields.round;
  }
}

auto Disk::sync_next() -> consensus::PersistId {
  const consensus::Persist persist = std::move(unsynced_.front());
  unsynced_.pop_front();
  apply(persist.batch);
  return persist.id;
}

auto Disk::power_loss(Random& random) -> std::size_t {
  const std::size_t written = unsynced_.size();
  const std::size_t kept = random.below(written + 1);
  for (std::size_t i = 0; i < kept; ++i) apply(unsynced_[i].batch);
  unsynced_.clear();
  return written - kept;
}

void Disk::wipe() {
  *this = {};
  lost_ = true;
}

auto Disk::recovered(const consensus::Parameters& parameters) const -> consensus::Recovered {
  consensus::Recovered recovered;
  recovered.signed_round = signer_round_;
  recovered.last_own = own_last_;
  if (!commits_.empty()) recovered.commit = commits_.back().state();
  const auto gc_round =
      consensus::gc_round_after(recovered.commit.leader.round, parameters.gc_depth);
  for (auto it = blocks_.lower_bound({next(gc_round), {}, {}}); it != blocks_.end(); ++it)
    recovered.blocks.push_back(it->second);
  std::vector<bool> ready(model::kCommitteeMax);
  for (const auto& commit : commits_) {
    for (const BlockPtr& block : commit.blocks) {
      const model::BlockRef ref = (*block)->ref();
      if (ref.round > gc_round) recovered.committed.push_back(ref);
      if ((**block).fields.ready) ready[std::to_underlying(ref.author)] = true;
    }
  }
  for (std::size_t author = 0; author < ready.size(); ++author)
    if (ready[author]) recovered.ready.push_back(model::AuthorIndex{author});
  return recovered;
}

auto Disk::block(const model::BlockRef& ref) const -> BlockPtr {
  const auto found = blocks_.find(ref);
  return found == blocks_.end() ? nullptr : found->second;
}

auto Disk::voters_for(const model::CommitVote& vote) const -> std::vector<BlockPtr> {
  std::vector<BlockPtr> voters;
  const auto found = voters_.find(vote.height);
  if (found == voters_.end()) return voters;
  for (const BlockPtr& block : found->second)
    if (std::ranges::contains((**block).fields.commit_votes, vote)) voters.push_back(block);
  return voters;
}

auto Disk::height() const -> model::Height {
  return commits_.empty() ? model::Height{} : commits_.back().commit.height;
}

}  // namespace holdfast::sim
