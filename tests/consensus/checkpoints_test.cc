#include "consensus/checkpoints.h"

#include <gmock/gmock.h>

#include "blocks.h"
#include "consensus/light_client.h"
#include "sim/signatures.h"

namespace holdfast::consensus {
namespace {

using base::Bytes, base::Error;
using model::Checkpoint, model::CheckpointVote, model::Epoch, model::Height, model::TimeMs;

auto checkpoint_at(std::uint64_t height, std::uint8_t state = 1) -> Checkpoint {
  Checkpoint made;
  made.vault = epoch_of(4).vault;
  made.height = Height{height};
  made.state_root.bytes.fill(state);
  made.timestamp = TimeMs{height * 1000};
  return made;
}
auto vote_for(const Checkpoint& checkpoint, std::size_t member) -> model::VerifiedCheckpointVote {
  CheckpointVote vote;
  vote.checkpoint = model::encode(checkpoint);
  vote.author.bytes.fill(static_cast<std::uint8_t>(member + 1));
  return crypto::SimulatedSignatures::trust(std::move(vote));
}
auto votes_of(const Checkpoint& checkpoint, std::initializer_list<std::size_t> members)
    -> std::vector<model::VerifiedCheckpointVote> {
  std::vector<model::VerifiedCheckpointVote> votes;
  for (const std::size_t member : members) votes.push_back(vote_for(checkpoint, member));
  return votes;
}

TEST(CheckpointDue, AfterASecondOrAHundredHeights) {
  const auto due = [](std::uint64_t height, std::uint64_t time) {
    return checkpoint_due(Height{50}, TimeMs{10'000}, Height{height}, TimeMs{time});
  };
  EXPECT_FALSE(due(51, 10'999));
  EXPECT_TRUE(due(51, 11'000));
  EXPECT_FALSE(due(149, 10'000));
  EXPECT_TRUE(due(150, 10'000));
}

class Votes : public testing::Test {
 protected:
  auto add(const Checkpoint& checkpoint, std::size_t member) {
    return votes_.add(vote_for(checkpoint, member));
  }
  model::Committee committee_ = epoch_of(4).committee;
  CheckpointVotes votes_{committee_};
};

TEST_F(Votes, OfAQuorumOfDistinctMembersCertifyOnce) {
  const Checkpoint checkpoint = checkpoint_at(3);
  EXPECT_FALSE(add(checkpoint, 0).has_value());
  EXPECT_FALSE(add(checkpoint, 2).has_value());
  EXPECT_FALSE(add(checkpoint, 2).has_value()) << "a member counts once";
  const auto certificate = add(checkpoint, 3);
  ASSERT_TRUE(certificate.has_value());
  EXPECT_EQ(certificate->checkpoint, checkpoint);
  EXPECT_EQ(certificate->votes.size(), 3U);
  std::set<model::DeviceId> authors;
  for (const auto& vote : certificate->votes) authors.insert(vote.author);
  EXPECT_EQ(authors.size(), 3U);
  EXPECT_EQ(votes_.certified_height(), Height{3});
  EXPECT_FALSE(add(checkpoint, 1).has_value()) << "it is certified already";
}
TEST_F(Votes, ForBytesThatDifferDoNotAddUp) {
  EXPECT_FALSE(add(checkpoint_at(3, 1), 0).has_value());
  EXPECT_FALSE(add(checkpoint_at(3, 2), 1).has_value());
  EXPECT_FALSE(add(checkpoint_at(3, 1), 2).has_value());
  EXPECT_FALSE(add(checkpoint_at(3, 1), 1).has_value()) << "one vote a height: the first";
  EXPECT_TRUE(add(checkpoint_at(3, 1), 3).has_value());
}
TEST_F(Votes, OfStrangersAndForWhatIsNoCheckpointCountForNothing) {
  EXPECT_FALSE(add(checkpoint_at(3), 0).has_value());
  EXPECT_FALSE(add(checkpoint_at(3), 1).has_value());
  EXPECT_FALSE(add(checkpoint_at(3), 17).has_value());
  CheckpointVote rubbish;
  rubbish.checkpoint = {1, 2, 3};
  rubbish.author = committee_.members[2].device;
  EXPECT_FALSE(votes_.add(crypto::SimulatedSignatures::trust(rubbish)).has_value());
}
TEST_F(Votes, OfOneMemberAreBoundedAndTheOldestGo) {
  for (std::uint64_t height = 1; height <= kOpenVotesMax + 1; ++height)
    EXPECT_FALSE(add(checkpoint_at(height), 0).has_value());
  EXPECT_FALSE(add(checkpoint_at(1), 1).has_value());
  EXPECT_FALSE(add(checkpoint_at(1), 2).has_value()) << "the first vote of member 0 is gone";
  EXPECT_FALSE(add(checkpoint_at(2), 1).has_value());
  EXPECT_TRUE(add(checkpoint_at(2), 2).has_value()) << "the second is not";
}
TEST_F(Votes, ShowAnOwnCheckpointThatDiffers) {
  votes_.own(Height{3}, model::encode(checkpoint_at(3, 9)));
  votes_.own(Height{4}, model::encode(checkpoint_at(4)));
  for (const std::uint64_t height : {3U, 4U}) {
    EXPECT_FALSE(add(checkpoint_at(height), 0).has_value());
    EXPECT_FALSE(add(checkpoint_at(height), 1).has_value());
    const auto certificate = add(checkpoint_at(height), 2);
    ASSERT_TRUE(certificate.has_value());
    EXPECT_EQ(votes_.own_differs(*certificate), height == 3);
  }
}
TEST(Certificate, NeedsAQuorumOfDistinctMembersForExactlyTheseBytes) {
  const model::Committee committee = epoch_of(4).committee;
  const Checkpoint checkpoint = checkpoint_at(3);
  const Bytes bytes = model::encode(checkpoint);
  EXPECT_TRUE(is_certified(committee, bytes, votes_of(checkpoint, {0, 1, 3})));
  EXPECT_FALSE(is_certified(committee, bytes, votes_of(checkpoint, {0, 1})));
  EXPECT_FALSE(is_certified(committee, bytes, votes_of(checkpoint, {0, 1, 1, 0})));
  EXPECT_FALSE(is_certified(committee, bytes, votes_of(checkpoint, {0, 1, 9})));
  auto mixed = votes_of(checkpoint, {0, 1});
  mixed.push_back(vote_for(checkpoint_at(3, 2), 2));
  EXPECT_FALSE(is_certified(committee, bytes, mixed));
}

// ---- light_client.h

class LightClientTest : public testing::Test {
 protected:
  auto advance(const Checkpoint& checkpoint, std::initializer_list<std::size_t> members = {0, 1, 2})
      -> base::Result<void> {
    return client_.advance(model::encode(checkpoint), votes_of(checkpoint, members));
  }
  void refuses(const Checkpoint& checkpoint, Error error,
               std::initializer_list<std::size_t> members = {0, 1, 2}) {
    const auto latest = client_.latest();
    const auto advanced = advance(checkpoint, members);
    ASSERT_FALSE(advanced.has_value());
    EXPECT_EQ(advanced.error(), error);
    EXPECT_EQ(client_.latest(), latest) << "nothing is taken from what is refused";
    EXPECT_EQ(client_.committee().epoch, committee_epoch_);
  }
  LightClient client_{epoch_of(4).vault, epoch_of(4).committee};
  Epoch committee_epoch_{};
};

TEST_F(LightClientTest, FollowsCheckpointsOfAQuorum) {
  EXPECT_TRUE(advance(checkpoint_at(3)));
  EXPECT_TRUE(advance(checkpoint_at(3))) << "the same again changes nothing";
  EXPECT_TRUE(advance(checkpoint_at(9)));
  EXPECT_EQ(client_.latest()->height, Height{9});
}
TEST_F(LightClientTest, RefusesTooFewSignaturesAndSignaturesTwice) {
  refuses(checkpoint_at(3), Error::too_few_signatures, {0, 1});
  refuses(checkpoint_at(3), Error::too_few_signatures, {0, 1, 1, 1});
}
TEST_F(LightClientTest, RefusesAnotherVaultAndAnotherEpoch) {
  Checkpoint foreign = checkpoint_at(3);
  foreign.vault.bytes[0] ^= 1;
  refuses(foreign, Error::foreign_vault);
  foreign = checkpoint_at(3);
  foreign.epoch = Epoch{1};
  refuses(foreign, Error::foreign_epoch);
}
TEST_F(LightClientTest, RefusesToGoBackAndAnotherStateForAKnownHeight) {
  ASSERT_TRUE(advance(checkpoint_at(9)));
  refuses(checkpoint_at(8), Error::broken_commit_chain);
  refuses(checkpoint_at(9, 2), Error::broken_commit_chain);
}
TEST_F(LightClientTest, RefusesBytesThatAreNoCheckpoint) {
  EXPECT_FALSE(client_.advance(Bytes{1, 2, 3}, {}).has_value());
}
TEST_F(LightClientTest, WalksToTheNextCommitteeAndTrustsTheOldOneNoMore) {
  Checkpoint last = checkpoint_at(9);
  last.next = epoch_of(5).committee;
  last.next->epoch = Epoch{2};
  refuses(last, Error::foreign_epoch);  // an epoch left out
  last.next->epoch = Epoch{1};
  for (auto& member : last.next->members)
    member.device.bytes.fill(static_cast<std::uint8_t>(member.device.bytes[0] + 100));
  ASSERT_TRUE(advance(last));
  committee_epoch_ = Epoch{1};
  Checkpoint after = checkpoint_at(10);
  refuses(after, Error::foreign_epoch);
  after.epoch = Epoch{1};
  refuses(after, Error::too_few_signatures);                   // of the old committee
  refuses(after, Error::too_few_signatures, {100, 101, 102});  // Q is four of five
  EXPECT_TRUE(advance(after, {100, 101, 102, 104}));
}

}  // namespace
}  // namespace holdfast::consensus
