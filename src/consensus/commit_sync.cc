#include "consensus/commit_sync.h"

#include <algorithm>

namespace holdfast::consensus {
namespace {

using base::Error;
using base::fail;
using base::Result;
using model::Height;

auto check_link(const EpochRules& epoch, const CommitState& before, const CommittedSubDag& link)
    -> Result<void> {
  const model::Commit& commit = link.commit;
  if (commit.vault != epoch.vault) return fail(Error::foreign_vault);
  if (commit.epoch != epoch.committee.epoch) return fail(Error::foreign_epoch);
  if (commit.height != next(before.height)) return fail(Error::broken_commit_chain);
  if (commit.previous != before.digest) return fail(Error::broken_commit_chain);
  if (model::encode(commit) != link.commit_bytes) return fail(Error::broken_commit_chain);
  if (model::commit_digest(link.commit_bytes) != link.digest)
    return fail(Error::broken_commit_chain);
  const bool bodies_match = std::ranges::equal(
      commit.blocks, link.blocks, {}, {}, [](const BlockPtr& block) { return (*block)->ref(); });
  if (!bodies_match) return fail(Error::payload_mismatch);
  return {};
}

}  // namespace

auto certify(const EpochRules& epoch, const CommitState& from, std::vector<CommittedSubDag> range,
             const std::vector<BlockPtr>& voters) -> Result<std::vector<CertifiedCommit>> {
  if (range.empty()) return {};
  if (range.size() > kSyncRangeMax) return fail(Error::too_long);
  CommitState state = from;
  for (const CommittedSubDag& link : range) {
    TRY_DO(check_link(epoch, state, link));
    state = link.state();
  }
  AuthorSet authors;
  for (const BlockPtr& voter : voters) {
    const model::Header& header = (**voter).fields;
    if (header.vault != epoch.vault || header.epoch != epoch.committee.epoch) continue;
    if (!epoch.validators().contains(header.author)) continue;
    if (std::ranges::contains(header.commit_votes, model::CommitVote{state.height, state.digest}))
      authors.add(header.author);
  }
  if (authors.size() < epoch.validators().quorum()) return fail(Error::too_few_signatures);
  std::vector<CertifiedCommit> certified;
  certified.reserve(range.size());
  for (CommittedSubDag& link : range) certified.push_back(CertifiedCommit{std::move(link)});
  return certified;
}

void CommitVotes::on_block(const model::Header& header) {
  if (header.commit_votes.empty()) return;
  Height& highest = highest_[std::to_underlying(header.author)];
  const Height height = header.commit_votes.back().height;
  if (height <= highest) return;
  highest = height;
  if (height <= quorum_height_) return;
  std::vector<Height> heights = highest_;
  const auto quorum = heights.begin() + static_cast<std::ptrdiff_t>(quorum_) - 1;
  std::ranges::nth_element(heights, quorum, std::greater{});
  quorum_height_ = *quorum;
}

}  // namespace holdfast::consensus
