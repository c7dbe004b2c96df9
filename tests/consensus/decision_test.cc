// What the drawn scenarios do not reach: errors, the cursor, and single rules.
#include "consensus/decision.h"

#include <gmock/gmock.h>

#include "dag_text.h"

namespace holdfast::consensus {
namespace {

class DecisionTest : public testing::Test {
 protected:
  void draw(const std::string& text) {
    for (const BlockPtr& block : drawing_.draw(text)) dag_.accept(block);
  }
  [[nodiscard]] auto held(const std::string& name) const -> const DagBlock& {
    return *dag_.find(drawing_.ref(name));
  }
  static auto rounds(const std::vector<Decision>& decisions) -> std::vector<std::uint64_t> {
    std::vector<std::uint64_t> all;
    for (const Decision& decision : decisions)
      all.push_back(std::to_underlying(decision.slot.round));
    return all;
  }

  Drawing drawing_{4};
  LeaderSchedule schedule_ = schedule_of(drawing_.epoch());
  Dag dag_{Validators{4}};
};

// More than f validators are Byzantine: B, C and D vote and certify on both sides.
TEST_F(DecisionTest, TwoLeaderBlocksWithCertificatesAreFatal) {
  draw("Round 1: { *->[*], A1'->[*] }");
  draw("Round 2: { *->[*], A2'->[-A1,A1'], B2'->[-A1,A1'], C2'->[-A1,A1'] }");
  draw("Round 3: { *->[*], A3'->[A2',B2',C2'], B3'->[A2',B2',C2'], C3'->[A2',B2',C2'] }");
  const auto committed = directly_committed(dag_, {Round{1}, AuthorIndex{0}});
  ASSERT_FALSE(committed.has_value());
  EXPECT_EQ(committed.error(), base::Error::two_leader_blocks_certified);
  Decider decider{schedule_, Round{0}};
  EXPECT_FALSE(decider.advance(dag_).has_value());
}
TEST_F(DecisionTest, TwoCertificatesInOneHistoryAreFatal) {
  draw("Round 1: { *->[*], A1'->[*] }");
  draw("Round 2: { *->[*], A2'->[-A1,A1'], B2'->[-A1,A1'], C2'->[-A1,A1'] }");
  draw("Round 3: { A->[*], B3'->[A2',B2',C2'], C->[*] } Round 4: { D->[A3,B3',C3] }");
  const auto certified = certified_in_history(dag_, {Round{1}, AuthorIndex{0}}, held("D4"));
  ASSERT_FALSE(certified.has_value());
  EXPECT_EQ(certified.error(), base::Error::two_leader_blocks_certified);
}

TEST_F(DecisionTest, AVoteIsForABlockOfTheRoundBefore) {
  draw("Rounds 1-2: { * } Round 3: { A->[*], B->[-A2,A1] }");
  EXPECT_TRUE(held("A2").votes_for(held("A1")));
  EXPECT_FALSE(held("B3").votes_for(held("A1"))) << "a weak ancestor is no vote";
  EXPECT_EQ(votes_for(dag_, held("A2")), 1U);
  EXPECT_EQ(votes_for(dag_, held("A1")), 4U);
}
TEST_F(DecisionTest, CountsVotesByAuthor) {
  draw("Round 1: { * } Round 2: { A->[*], B->[*], B2'->[*] }");
  EXPECT_EQ(votes_for(dag_, held("A1")), 2U);
}
TEST_F(DecisionTest, ASlotIsNotSkippedBeforeAQuorumHasVoted) {
  draw("Round 1: { B->[*], C->[*], D->[*] } Round 2: { B->[*], C->[*], B2'->[*] }");
  EXPECT_FALSE(is_directly_skipped(dag_, {Round{1}, AuthorIndex{0}}));
  draw("Round 2: { D->[*] }");
  EXPECT_TRUE(is_directly_skipped(dag_, {Round{1}, AuthorIndex{0}}));
}
TEST_F(DecisionTest, ACertificateCountsTheVotesAmongItsStrongAncestors) {
  draw("Round 1: { * } Round 2: { A->[*], B->[*], C->[*], D->[-A1] }");
  draw("Round 3: { A->[*], B->[-C2], D->[D2,A2,B2,C2] }");
  EXPECT_TRUE(is_certificate(dag_, held("A3"), held("A1")));
  EXPECT_TRUE(is_certificate(dag_, held("D3"), held("A1")));
  EXPECT_FALSE(is_certificate(dag_, held("B3"), held("A1")));
}

TEST_F(DecisionTest, KnowsWhatIsDecidedButNotGivenYet) {
  draw("Round 1: { * } Round 2: { A->[*], B->[*], C->[-A1], D->[-A1] } Rounds 3-4: { * }");
  Decider decider{schedule_, Round{0}};
  ASSERT_TRUE(decider.advance(dag_).has_value());
  EXPECT_EQ(decider.last_decided(), Round{0});
  EXPECT_TRUE(decider.is_decided(Round{0}));
  EXPECT_FALSE(decider.is_decided(Round{1}));
  EXPECT_TRUE(decider.is_decided(Round{2}));
  EXPECT_FALSE(decider.is_decided(Round{3}));
  EXPECT_FALSE(decider.is_decided(Round{99}));
}
TEST_F(DecisionTest, GoesOnAfterWhatACertifiedCommitDecided) {
  draw("Rounds 1-6: { * }");
  Decider fresh{schedule_, Round{0}};
  fresh.decided_elsewhere(Round{2});
  EXPECT_EQ(rounds(fresh.advance(dag_).value()), (std::vector<std::uint64_t>{3, 4}));

  Decider behind{schedule_, Round{0}};
  Drawing split{4};
  Dag dag{Validators{4}};
  for (const BlockPtr& block :
       split.draw("Round 1: { * } Round 2: { first 2->[*], last 2->[-A1] } Rounds 3-5: { * }"))
    dag.accept(block);
  EXPECT_TRUE(behind.advance(dag).value().empty());
  behind.decided_elsewhere(Round{1});
  EXPECT_EQ(rounds(behind.advance(dag).value()), (std::vector<std::uint64_t>{2, 3}));
  behind.decided_elsewhere(Round{2});
  EXPECT_EQ(behind.last_decided(), Round{3}) << "it never goes back";
}
TEST_F(DecisionTest, SaysWhetherVotesOrALaterLeaderDecided) {
  draw("Round 1: { * } Round 2: { A->[*], B->[*], C->[-A1], D->[-A1] } Rounds 3-6: { * }");
  Decider decider{schedule_, Round{0}};
  const auto decided = decider.advance(dag_).value();
  ASSERT_EQ(decided.size(), 4U);
  EXPECT_FALSE(decided[0].direct);
  EXPECT_EQ(decided[0].status, SlotStatus::skipped);
  EXPECT_TRUE(decided[1].direct);
}

}  // namespace
}  // namespace holdfast::consensus
