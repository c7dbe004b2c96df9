#include "consensus/commit_sync.h"

#include <gmock/gmock.h>

#include "consensus/decision.h"
#include "dag_text.h"

namespace holdfast::consensus {
namespace {

using base::Error;
using model::CommitVote, model::Height;

class CommitSync : public testing::Test {
 protected:
  CommitSync() {
    for (const BlockPtr& block : drawing_.draw("Rounds 1-8: { * }")) dag_.accept(block);
    Lineariser lineariser = lineariser_of(drawing_.epoch());
    for (const char* leader : {"A1", "B2", "C3", "D4", "A5"})
      range_.push_back(lineariser.commit(dag_, drawing_.ref(leader)));
    for (std::uint64_t author = 0; author < 4; ++author)
      voters_.push_back(voter(author, {{range_.back().commit.height, range_.back().digest}}));
  }
  // A block whose only business is its commit votes.
  [[nodiscard]] auto voter(std::uint64_t author, std::vector<CommitVote> votes) const -> BlockPtr {
    auto header = header_of(drawing_.epoch(), Round{9}, AuthorIndex{author}, {drawing_.ref("A8")});
    header.commit_votes = std::move(votes);
    return seal(drawing_.epoch(), std::move(header));
  }
  [[nodiscard]] auto certified() const { return certify(drawing_.epoch(), {}, range_, voters_); }
  void refused(Error error) const {
    const auto result = certified();
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error(), error) << base::error_text(result.error());
  }
  // After a change to the commit itself: its own bytes and digest follow.
  static void seal_again(CommittedSubDag& link) {
    link.commit_bytes = model::encode(link.commit);
    link.digest = model::commit_digest(link.commit_bytes);
  }

  Drawing drawing_{4};
  Dag dag_{Validators{4}};
  std::vector<CommittedSubDag> range_;
  std::vector<BlockPtr> voters_;
};

TEST_F(CommitSync, TakesAChainThatAQuorumHasVotedFor) {
  voters_.pop_back();
  const auto result = certified();
  ASSERT_TRUE(result.has_value());
  ASSERT_EQ(result->size(), range_.size());
  for (std::size_t i = 0; i < range_.size(); ++i)
    EXPECT_EQ((*result)[i].sub_dag().digest, range_[i].digest);
}
TEST_F(CommitSync, GoesOnFromWhereTheReceiverStands) {
  const CommitState from = range_[1].state();
  range_.erase(range_.begin(), range_.begin() + 2);
  EXPECT_TRUE(certify(drawing_.epoch(), from, range_, voters_).has_value());
  refused(Error::broken_commit_chain);  // from the beginning
}
TEST_F(CommitSync, TakesNothingForNothing) {
  range_.clear();
  const auto result = certified();
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->empty());
}
TEST_F(CommitSync, RefusesVotesOfLessThanAQuorumOfDistinctAuthors) {
  voters_ = {voters_[0], voters_[1]};
  refused(Error::too_few_signatures);
  voters_.push_back(
      voter(1, {{Height{4}, {}}, {range_.back().commit.height, range_.back().digest}}));
  refused(Error::too_few_signatures);
}
TEST_F(CommitSync, RefusesVotesForAnotherDigestAnotherHeightAndAnotherCommit) {
  const CommitVote good{range_.back().commit.height, range_.back().digest};
  CommitVote forged = good;
  forged.digest.bytes[0] ^= 1;
  for (const CommitVote& vote :
       {forged, CommitVote{Height{4}, good.digest}, CommitVote{Height{4}, range_[3].digest},
        CommitVote{Height{6}, good.digest}}) {
    voters_[0] = voter(0, {vote});
    voters_[1] = voter(1, {vote});
    refused(Error::too_few_signatures);
  }
}
TEST_F(CommitSync, RefusesVotesFromAnotherEpochAndOfNoValidator) {
  model::Committee later = drawing_.epoch().committee;
  later.epoch = model::Epoch{1};
  const EpochRules other{drawing_.epoch().vault, later};
  for (std::uint64_t author = 0; author < 2; ++author) {
    auto header = (**voters_[author]).fields;
    header.epoch = later.epoch;
    voters_[author] = seal(other, std::move(header));
  }
  refused(Error::too_few_signatures);
}
TEST_F(CommitSync, RefusesAGapAndAnotherOrder) {
  auto range = range_;
  range_.erase(range_.begin() + 2);
  refused(Error::broken_commit_chain);
  range_ = range;
  std::swap(range_[1], range_[2]);
  refused(Error::broken_commit_chain);
}
TEST_F(CommitSync, RefusesACommitThatDoesNotFollowItsPredecessor) {
  range_[2].commit.previous.bytes[0] ^= 1;
  seal_again(range_[2]);
  refused(Error::broken_commit_chain);
}
TEST_F(CommitSync, RefusesAForgedCommitThoughItsOwnDigestFits) {
  range_[2].commit.timestamp = model::TimeMs{99};
  seal_again(range_[2]);
  refused(Error::broken_commit_chain);  // found at the next one
  range_.resize(3);
  refused(Error::too_few_signatures);  // nobody has voted for it
}
TEST_F(CommitSync, RefusesFieldsThatDifferFromTheBytesAndBytesFromTheDigest) {
  auto range = range_;
  range_[4].commit.timestamp = model::TimeMs{99};
  refused(Error::broken_commit_chain);
  range_ = range;
  range_[4].digest.bytes[0] ^= 1;
  refused(Error::broken_commit_chain);
}
TEST_F(CommitSync, RefusesBodiesThatAreMissingForeignOrInAnotherOrder) {
  auto range = range_;
  range_[2].blocks.pop_back();
  refused(Error::payload_mismatch);
  range_ = range;
  range_[2].blocks[0] = drawing_.block("D8");
  refused(Error::payload_mismatch);
  range_ = range;
  std::swap(range_[2].blocks[0], range_[2].blocks[1]);
  refused(Error::payload_mismatch);
}
TEST_F(CommitSync, RefusesAnotherVaultAndAnotherEpoch) {
  auto range = range_;
  range_[0].commit.vault.bytes[0] ^= 1;
  refused(Error::foreign_vault);
  range_ = range;
  range_[0].commit.epoch = model::Epoch{1};
  refused(Error::foreign_epoch);
}
TEST_F(CommitSync, RefusesMoreThanARangeHolds) {
  while (range_.size() <= kSyncRangeMax) range_.push_back(range_.back());
  refused(Error::too_long);
}

TEST_F(CommitSync, KnowsTheHeightThatAQuorumHasReached) {
  CommitVotes votes{Validators{4}};
  EXPECT_EQ(votes.quorum_height(), Height{0});
  const auto vote = [&](std::uint64_t author, std::uint64_t height) {
    votes.on_block((**voter(author, {{Height{height}, {}}})).fields);
  };
  vote(0, 1'000'000);
  vote(1, 600);
  EXPECT_EQ(votes.quorum_height(), Height{0}) << "two are no quorum, whatever they claim";
  vote(2, 700);
  EXPECT_EQ(votes.quorum_height(), Height{600});
  vote(1, 5);
  EXPECT_EQ(votes.quorum_height(), Height{600}) << "an older block takes nothing back";
  vote(3, 650);
  EXPECT_EQ(votes.quorum_height(), Height{650});
}

}  // namespace
}  // namespace holdfast::consensus
