#include "consensus/leader_schedule.h"

#include <gmock/gmock.h>

#include "blocks.h"
#include "crypto/xof.h"

namespace holdfast::consensus {
namespace {

using model::Digest, model::Epoch, model::VaultId;

auto rising(std::uint8_t from) -> std::array<std::uint8_t, 32> {
  std::array<std::uint8_t, 32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(from + i);
  return bytes;
}
auto schedule(std::size_t validators, Xof xof = crypto::shake256) -> LeaderSchedule {
  return {VaultId{rising(0)}, Epoch{3}, Digest{rising(100)}, Validators{validators}, xof};
}

// From a program of its own: hashlib's SHAKE256 over CBOR written by hand.
struct Vector {
  std::size_t validators;
  std::vector<std::uint64_t> leaders;
};
const std::vector<std::uint64_t> kRounds{1,
                                         2,
                                         3,
                                         4,
                                         5,
                                         6,
                                         7,
                                         8,
                                         9,
                                         10,
                                         11,
                                         12,
                                         13,
                                         14,
                                         15,
                                         16,
                                         23,
                                         24,
                                         255,
                                         256,
                                         65535,
                                         65536,
                                         std::uint64_t{1} << 32,
                                         std::uint64_t{1} << 63};
const std::vector<Vector> kVectors{
    {1, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {2, {1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1}},
    {3, {1, 0, 0, 1, 0, 1, 0, 2, 1, 0, 2, 0, 0, 1, 0, 1, 1, 0, 0, 2, 0, 0, 0, 2}},
    {4, {3, 2, 1, 2, 0, 0, 1, 1, 1, 2, 1, 3, 2, 3, 2, 0, 1, 0, 2, 0, 2, 2, 2, 1}},
    {5, {4, 1, 1, 0, 1, 0, 1, 1, 2, 4, 3, 2, 1, 0, 2, 2, 0, 4, 3, 2, 0, 3, 2, 4}},
    {7, {0, 5, 4, 5, 4, 5, 2, 5, 5, 3, 6, 3, 5, 0, 5, 3, 6, 5, 6, 4, 5, 6, 6, 1}},
    {10, {9, 6, 1, 0, 6, 0, 1, 1, 7, 4, 3, 7, 6, 5, 2, 2, 5, 4, 8, 2, 0, 8, 2, 9}},
    {31, {12, 1, 25, 1, 1, 9, 23, 6, 11, 8, 24, 24, 19, 3, 3, 25, 7, 30, 5, 25, 4, 26, 28, 26}},
    {100, {79, 86, 81, 90, 76, 20, 81, 1,  17, 54, 93, 47,
           26, 95, 62, 12, 85, 64, 38, 12, 30, 18, 82, 89}}};

TEST(LeaderSchedule, ElectsAsAnIndependentProgramDoes) {
  for (const Vector& vector : kVectors) {
    const LeaderSchedule chosen = schedule(vector.validators);
    for (std::size_t i = 0; i < kRounds.size(); ++i)
      EXPECT_EQ(chosen.leader(Round{kRounds[i]}), AuthorIndex{vector.leaders[i]})
          << vector.validators << " validators, round " << kRounds[i];
  }
}

TEST(LeaderSchedule, AsksForEachRoundAgainAndInAnyOrderWithTheSameAnswer) {
  const LeaderSchedule asked = schedule(7);
  for (std::uint64_t round = 1; round <= 3 * LeaderSchedule::kWindow; ++round)
    EXPECT_EQ(asked.leader(Round{round}), schedule(7).leader(Round{round})) << round;
  for (std::uint64_t round = 1; round <= 3 * LeaderSchedule::kWindow; round += 41)
    EXPECT_EQ(asked.leader(Round{round}), schedule(7).leader(Round{round})) << "again " << round;
}

TEST(LeaderSchedule, GivesEveryValidatorItsShare) {
  for (const std::size_t validators : {4U, 7U, 10U, 31U}) {
    const LeaderSchedule chosen = schedule(validators);
    std::vector<std::size_t> led(validators);
    const std::size_t rounds = 1000 * validators;
    for (std::uint64_t round = 1; round <= rounds; ++round)
      ++led[std::to_underlying(chosen.leader(Round{round}))];
    for (const std::size_t count : led) {  // 1,000 expected; six standard deviations are 190
      EXPECT_GT(count, 810U) << validators;
      EXPECT_LT(count, 1190U) << validators;
    }
  }
}

TEST(LeaderSchedule, DependsOnVaultEpochAndBeacon) {
  const Validators hundred{100};
  const auto first = [&](const VaultId& vault, Epoch epoch, const Digest& beacon) {
    const LeaderSchedule chosen{vault, epoch, beacon, hundred, crypto::shake256};
    std::vector<AuthorIndex> leaders;
    for (std::uint64_t round = 1; round <= 10; ++round)
      leaders.push_back(chosen.leader(Round{round}));
    return leaders;
  };
  const VaultId vault{rising(0)};
  const Digest beacon{rising(100)};
  const auto leaders = first(vault, Epoch{3}, beacon);
  EXPECT_NE(first(VaultId{rising(1)}, Epoch{3}, beacon), leaders);
  EXPECT_NE(first(vault, Epoch{4}, beacon), leaders);
  EXPECT_NE(first(vault, Epoch{3}, Digest{rising(101)}), leaders);
}

// Words that would favour the lower indices, and after these the number 2.
void refused_words(base::ByteView /*seed*/, std::span<std::uint8_t> out) {
  std::ranges::fill(out, std::uint8_t{0xff});
  if (out.size() > 64) out[64] = 2;
  for (std::size_t i = 65; i < 72 && i < out.size(); ++i) out[i] = 0;
}

TEST(LeaderSchedule, PassesOverWordsAboveTheLargestMultipleAndDrawsMore) {
  EXPECT_EQ(schedule(3, refused_words).leader(Round{1}), AuthorIndex{2});
  // 2^64 is a multiple of four: no word is passed over
  EXPECT_EQ(schedule(4, refused_words).leader(Round{1}), AuthorIndex{3});
}

}  // namespace
}  // namespace holdfast::consensus
