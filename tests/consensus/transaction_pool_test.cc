#include "consensus/transaction_pool.h"

#include <gmock/gmock.h>

namespace holdfast::consensus {
namespace {

using base::Bytes, base::Error;
using testing::ElementsAre, testing::IsEmpty;

auto key(std::uint64_t number) -> TxKey {
  TxKey id;
  for (std::size_t i = 0; i < 8; ++i) id.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return id;
}
constexpr std::size_t kAll = 1'000'000;

class Pool : public testing::Test {
 protected:
  void submit(std::uint8_t number, std::size_t size = 1) {
    EXPECT_TRUE(pool_.submit(key(number), Bytes(size, number)).has_value());
  }
  auto propose(std::uint64_t round, std::size_t items = kAll) -> std::vector<Bytes> {
    return pool_.take(Round{round}, kAll, items);
  }
  TransactionPool pool_;
};

TEST_F(Pool, GivesThemInOrderOfSubmissionAndOnce) {
  submit(3);
  submit(1);
  submit(2);
  submit(1);
  EXPECT_EQ(pool_.size(), 3U);
  EXPECT_THAT(propose(1, 2), ElementsAre(Bytes{3}, Bytes{1}));
  EXPECT_THAT(propose(2), ElementsAre(Bytes{2}));
  EXPECT_THAT(propose(3), IsEmpty());
  EXPECT_FALSE(pool_.empty()) << "none is ordered yet";
}
TEST_F(Pool, ABatchHoldsSoManyBytesAndNoMore) {
  submit(1, 40);
  submit(2, 60);
  submit(3, 1);
  EXPECT_EQ(pool_.take(Round{1}, 100, kAll).size(), 2U);
  EXPECT_EQ(pool_.take(Round{2}, 100, kAll).size(), 1U);
}
TEST_F(Pool, ForgetsWhatIsOrderedWhereverItWas) {
  submit(1);
  submit(2);
  submit(3);
  EXPECT_THAT(propose(1, 1), ElementsAre(Bytes{1}));
  EXPECT_TRUE(pool_.sequenced(key(1)));
  EXPECT_TRUE(pool_.sequenced(key(2))) << "another validator proposed it";
  EXPECT_FALSE(pool_.sequenced(key(2))) << "it is ours no more";
  EXPECT_THAT(propose(2), ElementsAre(Bytes{3}));
  EXPECT_TRUE(pool_.sequenced(key(3)));
  EXPECT_TRUE(pool_.empty());
  EXPECT_EQ(pool_.bytes_in_blocks(), 0U);
}
TEST_F(Pool, WhatWasInACollectedBlockWaitsAgain) {
  submit(1);
  submit(2);
  submit(3);
  EXPECT_THAT(propose(4, 2), ElementsAre(Bytes{1}, Bytes{2}));
  EXPECT_THAT(propose(5), ElementsAre(Bytes{3}));
  EXPECT_TRUE(pool_.sequenced(key(2)));
  EXPECT_THAT(pool_.collected(Round{3}), IsEmpty());
  EXPECT_THAT(pool_.collected(Round{4}), ElementsAre(key(1)));
  EXPECT_THAT(pool_.collected(Round{4}), IsEmpty()) << "once";
  EXPECT_THAT(propose(9), ElementsAre(Bytes{1}));
  EXPECT_THAT(pool_.collected(Round{9}), testing::UnorderedElementsAre(key(1), key(3)));
}
TEST_F(Pool, RefusesMoreThanItHoldsAndTakesThemOnceThereIsRoom) {
  for (std::uint64_t i = 0; i < kPendingMax; ++i) ASSERT_TRUE(pool_.submit(key(i), {}).has_value());
  const auto full = pool_.submit(key(kPendingMax), {});
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error(), Error::too_many_pending);
  EXPECT_TRUE(pool_.submit(key(5), {}).has_value()) << "a known one is harmless";
  EXPECT_TRUE(pool_.sequenced(key(5)));
  EXPECT_TRUE(pool_.submit(key(kPendingMax), {}).has_value());
}
TEST_F(Pool, RefusesMoreBytesThanItHolds) {
  const std::size_t mebi = 1 << 20;
  for (std::uint64_t i = 0; i < kPendingBytesMax / mebi; ++i)
    ASSERT_TRUE(pool_.submit(key(i), Bytes(mebi)).has_value());
  EXPECT_EQ(pool_.submit(key(999), Bytes(1)).error(), Error::too_many_pending);
  EXPECT_TRUE(pool_.submit(key(998), {}).has_value());
}
TEST_F(Pool, GivesNothingWhileTooMuchIsUnsequenced) {
  const std::size_t mebi = 1 << 20;
  for (std::uint8_t i = 0; i < 20; ++i) submit(i, mebi);
  for (std::uint64_t round = 1; pool_.bytes_in_blocks() < kUnsequencedBytesMax; ++round)
    ASSERT_EQ(pool_.take(Round{round}, 4 * mebi, kAll).size(), 4U);
  EXPECT_EQ(pool_.bytes_in_blocks(), kUnsequencedBytesMax);
  EXPECT_THAT(pool_.take(Round{8}, 4 * mebi, kAll), IsEmpty());
  EXPECT_TRUE(pool_.sequenced(key(0)));
  EXPECT_EQ(pool_.take(Round{9}, 4 * mebi, kAll).size(), 4U);
}
TEST_F(Pool, GivesAllToTheNextEpoch) {
  submit(1);
  submit(2);
  EXPECT_EQ(propose(1, 1).size(), 1U);
  EXPECT_THAT(pool_.take_all(), testing::UnorderedElementsAre(std::pair{key(1), Bytes{1}},
                                                              std::pair{key(2), Bytes{2}}));
  EXPECT_TRUE(pool_.empty());
  EXPECT_EQ(pool_.bytes_in_blocks(), 0U);
}

}  // namespace
}  // namespace holdfast::consensus
