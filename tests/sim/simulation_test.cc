#include "sim/simulation.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "consensus/planted_bug.h"

namespace holdfast::sim {
namespace {

using consensus::PlantedBug;

auto run(Options options, std::uint64_t seed) -> Report {
  options.seed = seed;
  Report report = simulate(options);
  if (report.violation) {
    *report.violation +=
        "; replay: " + replay_command(options, consensus::kPlantedBugNames.at(
                                                   std::to_underlying(consensus::planted_bug)));
  }
  return report;
}

struct Size {
  std::size_t nodes, byzantine;
  std::uint64_t seeds;
};

// Runs the seeds and adds up what was injected; stops at the first violation.
auto run_all(const Size& size, seconds duration) -> Report {
  Report sum;
  for (std::uint64_t seed = 1; seed <= size.seeds; ++seed) {
    const Report report =
        run({.nodes = size.nodes, .byzantine = size.byzantine, .duration = duration}, seed);
    for (std::size_t i = 0; i < sum.faults.size(); ++i) sum.faults.at(i) += report.faults.at(i);
    sum.commits += report.commits;
    sum.commits_checked += report.commits_checked;
    if (report.violation) {
      sum.violation = report.violation;
      return sum;
    }
  }
  return sum;
}

TEST(Simulation, EqualSeedsGiveEqualTracesAndOthersDoNot) {
  const Options options{.nodes = 4, .byzantine = 1, .duration = seconds{10}};
  const Report first = run(options, 3);
  EXPECT_EQ(run(options, 3).trace, first.trace);
  EXPECT_NE(run(options, 4).trace, first.trace);
  EXPECT_GT(first.commits, 0U);
}

class Cluster : public testing::TestWithParam<Size> {};

TEST_P(Cluster, AgreesAndMakesProgressWhateverFails) {
  const Report sum = run_all(GetParam(), seconds{20});
  EXPECT_EQ(sum.violation, std::nullopt);
  EXPECT_GT(sum.commits_checked, 100U * GetParam().seeds);
  EXPECT_GT(sum.faults.at(std::to_underlying(Fault::crash)), 0U);
  const std::uint64_t partitions = sum.faults.at(std::to_underlying(Fault::partition));
  EXPECT_EQ(partitions > 0, GetParam().nodes > 1) << partitions;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kSome = 5, kMany = 5;  // fifteen times slower, and after other faults
#else
constexpr std::uint64_t kSome = 10, kMany = 20;
#endif

INSTANTIATE_TEST_SUITE_P(Sizes, Cluster,
                         testing::Values(Size{1, 0, kSome}, Size{2, 0, kSome}, Size{3, 0, kSome},
                                         Size{4, 0, kMany}, Size{4, 1, kMany}, Size{7, 2, 5}),
                         [](const auto& each) {
                           return "Of" + std::to_string(each.param.nodes) + "With" +
                                  std::to_string(each.param.byzantine) + "Byzantine";
                         });

TEST(Simulation, EveryFaultHappensAndANodeThatLostItsDiskSignsNothingTwice) {
  const Report sum = run_all({4, 0, 40}, seconds{10});
  EXPECT_EQ(sum.violation, std::nullopt);
  for (std::size_t i = 0; i < sum.faults.size(); ++i) {
    if (static_cast<Fault>(i) == Fault::byzantine_node) continue;
    EXPECT_GT(sum.faults.at(i), 0U) << kFaultNames.at(i) << " did nothing in any run";
  }
}

// Blocks that lead are delivered after three message delays, others after four, and what a round
// costs besides: pace, signature and sync.
TEST(Simulation, ACalmNetworkCommitsInThreeMessageDelays) {
  constexpr milliseconds kDelay{50};
  constexpr milliseconds kRound{5};
  for (const std::size_t nodes : {4UZ, 7UZ}) {
    Report report = run({.nodes = nodes,
                         .duration = seconds{30},
                         .faults = false,
                         .delay = kDelay,
                         .transactions_per_second = 200},
                        1);
    ASSERT_EQ(report.violation, std::nullopt);
    const auto median = [](std::vector<Instant>& values) {
      std::ranges::sort(values);
      return values.at(values.size() / 2);
    };
    EXPECT_LE(median(report.leader_latencies), 3 * (kDelay + kRound));
    EXPECT_LE(median(report.other_latencies), 4 * (kDelay + kRound));
  }
}

// Each round after a leader that crashed costs pace and timeout, as C1 waits for its block: half of
// the transactions meet at most two of them on their way, and all but one in a hundred seven.
TEST(Simulation, WithFCrashedLatencyIsBoundedByTheLeaderTimeout) {
  constexpr milliseconds kDelay{50};
  constexpr milliseconds kRound{8};
  constexpr milliseconds kWait{253};  // pace and 2 Delta
  for (const std::size_t nodes : {4UZ, 7UZ, 10UZ}) {
    Report report = run({.nodes = nodes,
                         .absent = (nodes - 1) / 3,
                         .duration = seconds{60},
                         .faults = false,
                         .delay = kDelay,
                         .transactions_per_second = 50},
                        1);
    ASSERT_EQ(report.violation, std::nullopt);
    const auto show = [&](const char* what, std::vector<Instant>& values) {
      std::ranges::sort(values);
      const auto ms = [&](std::size_t percent) {
        const Instant at = values.at(values.size() * percent / 100);
        return std::chrono::duration_cast<milliseconds>(at).count();
      };
      std::cout << nodes << " validators, f crashed: " << what << " p50 " << ms(50) << " ms, p99 "
                << ms(99) << " ms of " << values.size() << "\n";
    };
    show("leading blocks", report.leader_latencies);
    show("other blocks", report.other_latencies);
    show("transactions", report.latencies);
    const auto& values = report.latencies;
    EXPECT_LE(values.at(values.size() / 2), 5 * (kDelay + kRound) + 2 * kWait);
    EXPECT_LE(values.at(values.size() * 99 / 100), 8 * (kDelay + kRound) + 7 * kWait);
  }
}

struct Planted {
  PlantedBug bug;
  Size size;  // within how many seeds it must be found
};
class PlantedBugs : public testing::TestWithParam<Planted> {
 protected:
  ~PlantedBugs() override { consensus::planted_bug = PlantedBug::none; }
};

TEST_P(PlantedBugs, AreFound) {
  consensus::planted_bug = GetParam().bug;
  EXPECT_NE(run_all(GetParam().size, seconds{10}).violation, std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(ByName, PlantedBugs,
                         testing::Values(Planted{PlantedBug::send_before_sync, {4, 0, 60}},
                                         Planted{PlantedBug::sign_again_after_restart, {4, 0, 10}},
                                         Planted{PlantedBug::quorum_less_one, {4, 1, 10}},
                                         Planted{PlantedBug::quorum_two_f_plus_one, {6, 1, 20}},
                                         Planted{PlantedBug::anchor_one_round_later, {4, 1, 100}},
                                         Planted{PlantedBug::sort_without_digest, {4, 1, 100}},
                                         Planted{PlantedBug::skip_by_one_candidate, {4, 1, 10}},
                                         Planted{PlantedBug::deliver_before_sync, {4, 0, 100}}),
                         [](const auto& each) {
                           std::string name{
                               consensus::kPlantedBugNames.at(std::to_underlying(each.param.bug))};
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace holdfast::sim
