// What a core holds does not grow with the rounds that it has seen.
#include <gmock/gmock.h>

#include <fstream>
#include <iostream>

#include "cores.h"

namespace holdfast::consensus {
namespace {

auto resident_bytes() -> std::size_t {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t all = 0, resident = 0;
  statm >> all >> resident;
  return resident * 4096;
}

// With one transaction a core and round: a round passes, and everything is ordered four later.
void expect_bounds(const Held& held, std::size_t validators) {
  const std::size_t depth = Parameters{}.gc_depth + kWaveRounds + 2;
  EXPECT_LE(held.blocks, depth * validators);
  EXPECT_LE(held.own_blocks, depth);
  EXPECT_LE(held.suspended + held.missing + held.wanted, 2 * validators);
  EXPECT_LE(held.undecided, 2 * kWaveRounds);
  EXPECT_LE(held.transactions, 2 * kWaveRounds);
  EXPECT_LE(held.votable, 2 * kWaveRounds);
  EXPECT_LE(held.unapplied, 1U);
  EXPECT_LE(held.checkpoint_votes, kOpenVotesMax);
  EXPECT_LE(held.own_checkpoints, kOpenVotesMax);
  EXPECT_EQ(held.system_items, 0U);
}

class Endurance : public testing::TestWithParam<std::size_t> {};

TEST_P(Endurance, NothingGrowsWithTheNumberOfRounds) {
  const std::uint64_t rounds = is_campaign() ? 1'000'000 : 10'000;
  const std::uint64_t sample = rounds / 20;
  Cores cores{GetParam(), 1};
  std::size_t early = 0, late = 0;  // resident, at a tenth of the way and at the end
  for (std::uint64_t round = 1; round <= rounds && !HasFailure(); ++round) {
    cores.round(1);
    if (round % sample != 0) continue;
    late = resident_bytes();
    if (round == 2 * sample) early = late;
    for (std::size_t core = 0; core < cores.count(); ++core)
      expect_bounds(cores.core(core).held(), cores.validators());
    if (is_campaign())
      std::cout << round << " rounds: " << late / 1024 << " KiB resident, "
                << cores.core(0).held().blocks << " blocks\n";
  }
  EXPECT_GE(std::to_underlying(cores.core(0).signed_round()), rounds);
  EXPECT_GE(cores.sequenced(), (rounds - 2 * kWaveRounds) * cores.validators());
  EXPECT_LE(late, early + (std::size_t{4} << 20));
}

INSTANTIATE_TEST_SUITE_P(Committees, Endurance, testing::Values(1, 4));

}  // namespace
}  // namespace holdfast::consensus
