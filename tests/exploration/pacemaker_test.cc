// Orders of arrival and of timers around a few cores: all of those that deviate from the order of
// time in at most so many places. Whatever the order, no round is left out that may not be, what
// was submitted is ordered once messages arrive in time again, the cluster rests when nothing
// waits, and the next transaction wakes it. Guards: consensus.md §4.
#include <gmock/gmock.h>

#include <cstdio>
#include <format>

#include "lab.h"

namespace holdfast::consensus {
namespace {

struct Bounds {
  std::size_t validators, deviations, steps, window;
};
struct Start {
  std::optional<NodeIndex> silent, slow;  // never there; messages take long to it for a while
  std::uint64_t slow_rounds = 0;
};

auto starts(std::size_t validators) -> std::vector<Start> {
  std::vector<Start> all{{}};
  const bool may_fail = validators > 3;
  for (NodeIndex node = 0; node < validators; ++node) {
    if (may_fail) all.push_back({.silent = node, .slow = {}});
    for (const std::uint64_t rounds : {1U, 2U, 4U})
      all.push_back({.silent = {}, .slow = node, .slow_rounds = rounds});
  }
  return all;
}

auto lab_for(const Bounds& bounds, const Start& start) -> Lab {
  LabSettings settings{.validators = bounds.validators};
  if (start.silent) settings.silent.insert(*start.silent);
  settings.delay = [start](NodeIndex, NodeIndex to, Round round) {
    const bool slow = start.slow == to && round <= Round{start.slow_rounds};
    return milliseconds{slow ? 1000 : 10};
  };
  return Lab{std::move(settings)};
}

// Settles: everything is ordered everywhere, and nothing waits any more.
auto comes_to_rest(Lab& lab, const Bounds& bounds, std::uint8_t number) -> Violation {
  lab.settle(20'000);
  if (lab.violation()) return lab.violation();
  for (NodeIndex node = 0; node < bounds.validators; ++node)
    if (lab.is_up(node) && !lab.has_ordered(node, number))
      return std::format("node {} has not ordered transaction {}", node, number);
  if (lab.waiting() > 0) return "the cluster does not rest";
  return std::nullopt;
}

auto run(Choices& choices, const Bounds& bounds, const Start& start) -> Violation {
  Lab lab = lab_for(bounds, start);
  const NodeIndex author = start.silent == NodeIndex{0} ? 1 : 0;
  lab.start();
  lab.submit(author, 1);
  lab.run(choices, bounds.steps, bounds.window);
  if (auto violation = comes_to_rest(lab, bounds, 1)) return violation;
  const std::uint64_t before = lab.proposals();
  lab.submit(author, 2);
  if (auto violation = comes_to_rest(lab, bounds, 2)) return violation;
  if (lab.proposals() == before) return "it was ordered without a proposal";
  return std::nullopt;
}

auto explore_all(const Bounds& bounds) -> Explored {
  Explored sum;
  for (const Start& start : starts(bounds.validators)) {
    const Explored explored =
        explore([&](Choices& choices) { return run(choices, bounds, start); }, bounds.deviations);
    sum.cases += explored.cases;
    sum.violation = explored.violation;
    if (sum.violation) break;
  }
  return sum;
}

auto all_bounds() -> std::vector<Bounds> {
  if (is_campaign()) return {{1, 3, 30, 3}, {2, 3, 30, 4}, {3, 2, 60, 4}, {4, 2, 80, 4}};
  return {{1, 2, 20, 3}, {2, 2, 20, 3}, {3, 1, 40, 4}, {4, 1, 60, 4}};
}

class PacemakerExplorer : public testing::Test {
 protected:
  ~PacemakerExplorer() override { planted_bug = PlantedBug::none; }
};

TEST_F(PacemakerExplorer, EveryOrderCommitsRestsAndWakes) {
  for (const Bounds& bounds : all_bounds()) {
    const Explored explored = explore_all(bounds);
    ASSERT_EQ(explored.violation, std::nullopt) << bounds.validators << " validators";
    std::printf(
        "%zu validators: %llu orders, up to %zu of the first %zu steps out of turn by %zu\n",
        bounds.validators, static_cast<unsigned long long>(explored.cases), bounds.deviations,
        bounds.steps, bounds.window - 1);
  }
}
TEST_F(PacemakerExplorer, FindsAPacemakerThatJumpsRounds) {
  planted_bug = PlantedBug::jump_rounds;
  EXPECT_NE(explore_all({4, 1, 60, 4}).violation, std::nullopt);
}
TEST_F(PacemakerExplorer, FindsALeaderThatLeavesItsRoundOut) {
  planted_bug = PlantedBug::leave_out_led_rounds;
  EXPECT_NE(explore_all({4, 1, 60, 4}).violation, std::nullopt);
}

}  // namespace
}  // namespace holdfast::consensus
