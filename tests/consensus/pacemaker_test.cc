// The threshold clock, the leader timeout and the proposer.
#include <gmock/gmock.h>

#include "consensus/leader_timeout.h"
#include "consensus/proposer.h"
#include "dag_text.h"

namespace holdfast::consensus {
namespace {

using std::chrono::seconds;

// ---- threshold_clock.h

TEST(ThresholdClock, EntersTheNextRoundAtAQuorumOfAuthors) {
  ThresholdClock clock{Validators{4}};
  EXPECT_EQ(clock.round(), Round{1});
  EXPECT_FALSE(clock.on_accepted(Round{1}, AuthorIndex{0}));
  EXPECT_FALSE(clock.on_accepted(Round{1}, AuthorIndex{1}));
  EXPECT_FALSE(clock.on_accepted(Round{1}, AuthorIndex{1})) << "an author counts once";
  EXPECT_TRUE(clock.on_accepted(Round{1}, AuthorIndex{3}));
  EXPECT_EQ(clock.round(), Round{2});
}
TEST(ThresholdClock, NeedsAllButFNotTwoFPlusOne) {
  ThresholdClock clock{Validators{5}};
  for (std::uint64_t author = 0; author < 3; ++author)
    EXPECT_FALSE(clock.on_accepted(Round{1}, AuthorIndex{author}));
  EXPECT_TRUE(clock.on_accepted(Round{1}, AuthorIndex{3}));
}
TEST(ThresholdClock, JumpsToALaterRoundAndCountsAnew) {
  ThresholdClock clock{Validators{4}};
  EXPECT_FALSE(clock.on_accepted(Round{1}, AuthorIndex{0}));
  EXPECT_TRUE(clock.on_accepted(Round{7}, AuthorIndex{1}));
  EXPECT_EQ(clock.round(), Round{7});
  EXPECT_FALSE(clock.on_accepted(Round{7}, AuthorIndex{0}));
  EXPECT_TRUE(clock.on_accepted(Round{7}, AuthorIndex{2}));
  EXPECT_EQ(clock.round(), Round{8});
}
TEST(ThresholdClock, IgnoresEarlierRounds) {
  ThresholdClock clock{Validators{4}};
  EXPECT_TRUE(clock.on_accepted(Round{5}, AuthorIndex{0}));
  for (std::uint64_t author = 0; author < 4; ++author)
    EXPECT_FALSE(clock.on_accepted(Round{4}, AuthorIndex{author}));
  EXPECT_EQ(clock.round(), Round{5});
}
TEST(ThresholdClock, CommitteeOfOneEntersTheRoundAfterAJump) {
  ThresholdClock clock{Validators{1}};
  EXPECT_TRUE(clock.on_accepted(Round{9}, AuthorIndex{0}));
  EXPECT_EQ(clock.round(), Round{10});
}

// ---- leader_timeout.h

TEST(LeaderTimeout, StaysAtItsStartWhileCommitsFollow) {
  LeaderTimeout timeout{Parameters{}};
  for (std::uint64_t round = 1; round <= 100; ++round) {
    timeout.on_proposed(Round{round + 12}, Round{round}, false);
    timeout.on_commit();
    EXPECT_EQ(timeout.wait(), milliseconds{250});
  }
}
TEST(LeaderTimeout, GrowsWithTheSquareOfTheDistanceToTheLastCommit) {
  LeaderTimeout timeout{Parameters{}};
  timeout.on_proposed(Round{32}, Round{20}, false);
  EXPECT_EQ(timeout.wait(), milliseconds{250}) << "12 rounds are no stall";
  timeout.on_proposed(Round{33}, Round{20}, false);
  EXPECT_EQ(timeout.wait(), milliseconds{543});  // 250 (1 + (13 / 12)^2)
  timeout.on_proposed(Round{44}, Round{20}, false);
  EXPECT_EQ(timeout.wait(), milliseconds{1250});  // 250 (1 + 2^2)
  timeout.on_proposed(Round{20 + 120}, Round{20}, false);
  EXPECT_EQ(timeout.wait(), milliseconds{25'250});
}
TEST(LeaderTimeout, HasABound) {
  LeaderTimeout timeout{Parameters{}};
  for (const std::uint64_t round : {std::uint64_t{500}, std::uint64_t{1} << 40, UINT64_MAX - 12}) {
    timeout.on_proposed(Round{round}, Round{0}, false);
    EXPECT_EQ(timeout.wait(), seconds{60});
  }
}
TEST(LeaderTimeout, AStallBeginsAlsoWhenNothingCommitsForTooLong) {
  LeaderTimeout timeout{Parameters{}};
  timeout.on_proposed(Round{23}, Round{20}, true);
  EXPECT_EQ(timeout.wait(), milliseconds{265});  // 250 (1 + (3 / 12)^2)
}
TEST(LeaderTimeout, MeasuresAStallFromWhereItBegan) {
  LeaderTimeout timeout{Parameters{}};
  timeout.on_proposed(Round{44}, Round{20}, false);
  timeout.on_commit();
  timeout.on_proposed(Round{44}, Round{40}, false);
  EXPECT_EQ(timeout.wait(), milliseconds{1250}) << "one commit does not end it";
}
TEST(LeaderTimeout, HalvesWithEachCommitFromTheThirdOnDownToItsStart) {
  LeaderTimeout timeout{Parameters{}};
  timeout.on_proposed(Round{44}, Round{20}, false);
  for (const std::int64_t expected : {1250, 1250, 625, 312, 250, 250}) {
    timeout.on_commit();
    EXPECT_EQ(timeout.wait(), milliseconds{expected});
  }
}

// ---- proposer.h

class ProposerTest : public testing::Test {
 protected:
  void draw(const std::string& text) {
    for (const BlockPtr& block : drawing_.draw(text)) {
      const DagBlock& accepted = dag_.accept(block);
      clock_.on_accepted(accepted.ref.round, accepted.ref.author);
    }
    ASSERT_TRUE(decider_.advance(dag_).has_value());
  }
  auto plan(milliseconds now, bool busy = true) -> std::optional<ProposalPlan> {
    return proposer_.plan(
        dag_, decider_,
        {.now = now, .busy = busy, .timeout = milliseconds{250}, .clock = clock_.round()});
  }
  void expect_plan(milliseconds now, std::uint64_t round, ProposeReason reason) {
    const auto made = plan(now);
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(made->round, Round{round});
    EXPECT_EQ(made->reason, reason);
  }

  Drawing drawing_{4};
  LeaderSchedule schedule_ = schedule_of(drawing_.epoch());
  Dag dag_{Validators{4}};
  Decider decider_{schedule_, Round{0}};
  ThresholdClock clock_{Validators{4}};
  Proposer proposer_{schedule_, Parameters{}, AuthorIndex{3}, Round{0}, Instant{0}};  // D
};

// C1
TEST_F(ProposerTest, ProposesTheFirstRoundAfterThePace) {
  EXPECT_FALSE(plan(milliseconds{0}).has_value());
  EXPECT_EQ(proposer_.wake_at(), Instant{milliseconds{3}});
  expect_plan(milliseconds{3}, 1, ProposeReason::leaders_held);
}
TEST_F(ProposerTest, ProposesOnceTheLeaderIsHeldAndThePaceHasPassed) {
  proposer_.on_proposed(Round{1});
  draw("Round 1: { B->[*], C->[*], D->[*] }");
  EXPECT_FALSE(plan(milliseconds{10}).has_value());
  draw("Round 1: { A->[*] }");
  expect_plan(milliseconds{13}, 2, ProposeReason::leaders_held);
}
TEST_F(ProposerTest, WaitsForVotesOnTheLeaderBefore) {
  proposer_.on_proposed(Round{2});
  draw("Round 1: { * } Round 2: { A->[*], B->[*], C->[-A1] }");
  EXPECT_FALSE(plan(milliseconds{0}).has_value());
  EXPECT_FALSE(plan(milliseconds{100}).has_value()) << "two votes, one against: neither is certain";
  draw("Round 2: { D->[*] }");
  expect_plan(milliseconds{100}, 3, ProposeReason::leaders_held);
}
TEST_F(ProposerTest, ASkipPatternDoesInPlaceOfVotes) {
  proposer_.on_proposed(Round{2});
  draw("Round 1: { * } Round 2: { B->[-A1], C->[-A1], D->[-A1] }");
  EXPECT_FALSE(plan(milliseconds{0}).has_value());
  expect_plan(milliseconds{3}, 3, ProposeReason::leaders_held);
}
TEST_F(ProposerTest, OneOfTwoBlocksOfALeaderWithVotesIsEnough) {
  proposer_.on_proposed(Round{2});
  draw("Round 1: { *->[*], A1'->[*] } Round 2: { A->[-A1,A1'], B->[-A1,A1'], C->[-A1,A1'] }");
  EXPECT_FALSE(plan(milliseconds{0}).has_value());
  expect_plan(milliseconds{3}, 3, ProposeReason::leaders_held);
}

// C2
TEST_F(ProposerTest, GoesOnWithoutALeaderAfterPaceAndTimeout) {
  proposer_.on_proposed(Round{1});
  draw("Round 1: { B->[*], C->[*], D->[*] }");
  EXPECT_FALSE(plan(milliseconds{1000}).has_value());
  EXPECT_EQ(proposer_.wake_at(), Instant{milliseconds{1253}});
  EXPECT_FALSE(plan(milliseconds{1252}).has_value());
  expect_plan(milliseconds{1253}, 2, ProposeReason::timeout);
}
TEST_F(ProposerTest, ATimerThatBeganBeforeTheParentsWereReadyDoesNotCount) {
  proposer_.on_proposed(Round{1});
  draw("Round 1: { B->[*], C->[*] }");
  EXPECT_FALSE(plan(milliseconds{0}).has_value());
  EXPECT_FALSE(proposer_.wake_at().has_value()) << "without parents no timer helps";
  EXPECT_FALSE(plan(milliseconds{5000}).has_value());
  draw("Round 1: { D->[*] }");
  EXPECT_FALSE(plan(milliseconds{5000}).has_value());
  EXPECT_EQ(proposer_.wake_at(), Instant{milliseconds{5253}});
}

// C3
TEST_F(ProposerTest, FollowsAQuorumThatHasGoneAheadAtOnceAndAlsoWhenIdle) {
  proposer_.on_proposed(Round{2});
  draw("Round 1: { * } Round 2: { A->[*], B->[*], C->[-A1], D->[-A1] }");  // A1 stays undecided
  draw("Round 3: { B->[*], C->[*] }");
  EXPECT_FALSE(plan(milliseconds{0}, false).has_value());
  draw("Round 3: { D->[*] }");
  const auto made = plan(milliseconds{0}, false);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->round, Round{3});
  EXPECT_EQ(made->reason, ProposeReason::quorum_ahead);
}

TEST_F(ProposerTest, RestsWhileNothingWaitsToBeOrdered) {
  EXPECT_FALSE(plan(milliseconds{60'000}, false).has_value());
  EXPECT_FALSE(proposer_.wake_at().has_value()) << "and sets no timer";
  EXPECT_TRUE(plan(milliseconds{60'003}).has_value());
}

// the target
TEST_F(ProposerTest, LeavesNoRoundOutWhileTheLeaderTwoBeforeIsUndecided) {
  Proposer of_b{schedule_, Parameters{}, AuthorIndex{1}, Round{3}, Instant{0}};
  // A1 is undecided until round 6; B has proposed up to round 3 here
  draw("Round 1: { * } Round 2: { A->[*], B->[*], C->[-A1], D->[-A1] } Round 3: { * }");
  draw("Rounds 4-5: { A->[*], B->[*], C->[*] }");
  EXPECT_EQ(clock_.round(), Round{6});
  EXPECT_TRUE(decider_.is_decided(Round{2}));
  EXPECT_TRUE(decider_.is_decided(Round{3}));
  EXPECT_FALSE(decider_.is_decided(Round{4}));
  EXPECT_EQ(of_b.target(decider_, clock_.round(), true), Round{6})
      << "rounds 4 and 5 may be left out, since 2 and 3 are decided";
  of_b.on_proposed(Round{2});
  EXPECT_EQ(of_b.target(decider_, clock_.round(), true), Round{3}) << "A1 is not decided";
}
TEST_F(ProposerTest, LeavesNoRoundOutThatItLeadsAndThatIsUndecided) {
  draw("Rounds 1-6: { A->[*], B->[*], C->[*] }");
  const auto target_of = [&](std::uint64_t author) {
    const Proposer proposer{schedule_, Parameters{}, AuthorIndex{author}, Round{3}, Instant{0}};
    return proposer.target(decider_, clock_.round(), true);
  };
  EXPECT_EQ(target_of(2), Round{7}) << "C leads none of the rounds between";
  EXPECT_EQ(target_of(0), Round{5}) << "A leads it";
  EXPECT_EQ(target_of(3), Round{7}) << "D4 is skipped already";
}
TEST_F(ProposerTest, FillsTheRoundBelowTheClockBeforeItRests) {
  proposer_.on_proposed(Round{2});
  draw("Rounds 1-6: { A->[*], B->[*], C->[*] }");
  const auto made = plan(milliseconds{0}, false);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->round, Round{6}) << "whoever lacks a block of it may need this one";
  EXPECT_EQ(made->reason, ProposeReason::quorum_ahead);
  proposer_.on_proposed(Round{6});
  EXPECT_FALSE(plan(milliseconds{60'000}, false).has_value());
}
TEST_F(ProposerTest, FollowsAtRestIntoARoundThatWasBegun) {
  proposer_.on_proposed(Round{3});
  draw("Rounds 1-3: { * } Round 4: { A->[*] }");
  ASSERT_FALSE(plan(milliseconds{0}, false).has_value());
  const auto made = plan(milliseconds{10'000}, false);
  ASSERT_TRUE(made.has_value()) << "whoever began it may have more to order";
  EXPECT_EQ(made->round, Round{4});
  proposer_.on_proposed(Round{4});
  EXPECT_FALSE(plan(milliseconds{60'000}, false).has_value()) << "and begins none itself";
}
TEST_F(ProposerTest, ProposesForTheClockWhereAllBeforeIsDecided) {
  proposer_.on_proposed(Round{2});
  draw("Rounds 1-6: { A->[*], B->[*], C->[*] }");
  EXPECT_EQ(clock_.round(), Round{7});
  EXPECT_EQ(proposer_.target(decider_, clock_.round(), true), Round{7})
      << "D4, who is silent, is skipped";
}
TEST_F(ProposerTest, NeverTargetsARoundItHasProposed) {
  proposer_.on_proposed(Round{9});
  draw("Rounds 1-3: { * }");
  EXPECT_EQ(proposer_.target(decider_, clock_.round(), true), Round{10});
  EXPECT_FALSE(plan(seconds{60}).has_value()) << "its parents are not there";
}

// the parents
TEST_F(ProposerTest, ParentsAreTheHighestBlocksBelowOwnFirst) {
  draw("Round 1: { * } Round 2: { A->[*], B->[*], C->[*] } Round 3: { A->[*], A3'->[*], B->[*] }");
  const auto at = [&](std::uint64_t round) {
    return parents_for(dag_, Round{round}, drawing_.ref("B2"),
                       (**drawing_.block("B2")).fields.ancestors);
  };
  const auto refs = [&](std::initializer_list<const char*> names) {
    std::vector<BlockRef> all;
    for (const char* name : names) all.push_back(drawing_.ref(name));
    return all;
  };
  EXPECT_EQ(at(3), refs({"B2", "A2", "C2"})) << "D1 is covered by B2";
  EXPECT_EQ(at(4), refs({"B2", "A3", "C2"})) << "of two branches the first";
  EXPECT_EQ(parents_for(dag_, Round{3}, drawing_.ref("B2"), {}), refs({"B2", "A2", "C2", "D1"}));
}

}  // namespace
}  // namespace holdfast::consensus
