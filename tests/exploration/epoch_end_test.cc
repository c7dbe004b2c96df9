// The end of an epoch under many orders of arrival: one validator is Byzantine and ready before the
// barrier. Every honest one ends with the same commit, and it lies behind the barrier. Guards:
// consensus.md §10.
#include <gmock/gmock.h>

#include <cstdio>
#include <format>

#include "lab.h"

namespace holdfast::consensus {
namespace {

constexpr NodeIndex kEarly = 3;
constexpr std::uint8_t kBarrier = 2;

auto run(Choices& choices, std::optional<NodeIndex> slow) -> Violation {
  Lab lab{{.delay =
               [slow](NodeIndex, NodeIndex to, Round round) {
                 return milliseconds{slow == to && round > Round{3} ? 150 : 10};
               },
           .early_ready = {kEarly}}};
  lab.start();
  lab.submit(0, 1);
  lab.run_until(milliseconds{150});  // the early one is ready, and so are its blocks
  lab.submit(1, kBarrier, true);
  lab.run(choices, 60, 4);
  lab.settle(20'000);
  if (lab.violation()) return lab.violation();
  for (NodeIndex node = 0; node < 4; ++node) {
    if (node == kEarly) continue;
    if (!lab.ended_at(node)) return std::format("the epoch does not end at node {}", node);
    if (lab.ended_at(node) != lab.ended_at(0)) return "two nodes end at different heights";
    if (!lab.has_ordered(node, kBarrier)) return "the barrier is not part of the epoch";
  }
  return std::nullopt;
}

auto explore_all() -> Explored {
  Explored sum;
  const std::size_t deviations = is_campaign() ? 2 : 1;
  for (const std::optional<NodeIndex> slow :
       {std::optional<NodeIndex>{}, std::optional<NodeIndex>{0}, std::optional<NodeIndex>{1}}) {
    const Explored explored =
        explore([&](Choices& choices) { return run(choices, slow); }, deviations);
    sum.cases += explored.cases;
    sum.violation = explored.violation;
    if (sum.violation) break;
  }
  return sum;
}

class EpochEndExplorer : public testing::Test {
 protected:
  ~EpochEndExplorer() override { planted_bug = PlantedBug::none; }
};

TEST_F(EpochEndExplorer, AllEndWithOneCommitBehindTheBarrier) {
  const Explored explored = explore_all();
  ASSERT_EQ(explored.violation, std::nullopt);
  std::printf("%llu orders of the end of an epoch\n",
              static_cast<unsigned long long>(explored.cases));
}
TEST_F(EpochEndExplorer, FindsAnEpochThatOneReadyBlockEnds) {
  planted_bug = PlantedBug::end_at_first_ready;
  EXPECT_NE(explore_all().violation, std::nullopt);
}

}  // namespace
}  // namespace holdfast::consensus
