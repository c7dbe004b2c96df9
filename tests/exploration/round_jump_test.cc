// A schedule that keeps a pacemaker that jumps rounds from ever committing, and not ours. Nobody is
// Byzantine and no message is late: whoever leads the next round learns of this one a little later
// than the others, and so waits out its leader timeout a little longer. Guards: consensus.md §4.
#include <gmock/gmock.h>

#include "lab.h"

namespace holdfast::consensus {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class RoundJump : public testing::TestWithParam<std::size_t> {  // validators
 protected:
  ~RoundJump() override { planted_bug = PlantedBug::none; }

  auto heights_after(Instant time) -> std::vector<model::Height> {
    const std::size_t validators = GetParam();
    // Only the first leader is cut off in round 1, before the network is stable.
    const auto delay = [&](NodeIndex from, NodeIndex to, Round round) {
      const NodeIndex next_leader = std::to_underlying(round) % validators;
      if (round == Round{1} && (from == 0 || to == 0)) return milliseconds{2000};
      return to == next_leader ? milliseconds{30} : milliseconds{10};
    };
    Lab lab{{.validators = validators, .delay = delay}};
    lab.start();
    lab.submit(1, 1);
    lab.run_until(time);
    std::vector<model::Height> heights;
    for (NodeIndex node = 0; node < validators; ++node) heights.push_back(lab.height(node));
    highest_round_ = lab.core(0).dag().highest_round();
    violation_ = lab.violation();
    ordered_ = lab.has_ordered(0, 1);
    return heights;
  }

  Round highest_round_{};
  Violation violation_;
  bool ordered_ = false;
};

TEST_P(RoundJump, StallsTheNaivePacemakerForAsLongAsItRuns) {
  planted_bug = PlantedBug::jump_rounds;
  EXPECT_THAT(heights_after(minutes{30}), testing::Each(model::Height{0}));
  EXPECT_GT(highest_round_, Round{30}) << "rounds pass, and nothing commits";
}

// What is left out two rounds after a decision: the rule before ADR 19.
TEST_P(RoundJump, StallsLeadersThatLeaveTheirOwnRoundsOut) {
  planted_bug = PlantedBug::leave_out_led_rounds;
  EXPECT_THAT(heights_after(minutes{30}), testing::Each(model::Height{0}));
  EXPECT_GT(highest_round_, Round{30});
}

TEST_P(RoundJump, DoesNotStallOurs) {
  EXPECT_THAT(heights_after(seconds{20}), testing::Each(testing::Ge(model::Height{1})));
  EXPECT_TRUE(ordered_);
  EXPECT_EQ(violation_, std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Validators, RoundJump, testing::Values(7U, 10U, 13U));

}  // namespace
}  // namespace holdfast::consensus
