// What MemoryStore does to its contents on request: the promises of the port must survive it.
#include "store/memory_store.h"

#include <gmock/gmock.h>

#include <format>
#include <set>

#include "store/store_fixtures.h"

namespace holdfast::store::testing {
namespace {

void write(MemoryStore& store, std::string_view key, Durability durability) {
  ASSERT_TRUE(store.write(put_one(key, "v"), durability).has_value());
}

TEST(MemoryStore, CrashKeepsSyncedBatchesAndAPrefixOfTheOthers) {
  std::set<std::size_t> survivors;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    MemoryStore store;
    write(store, "a", Durability::buffered);
    write(store, "b", Durability::synced);
    Batch batch = put_one("c", "1");
    batch.put(Column::state, bytes("c2"), bytes("whole or not at all"));
    ASSERT_TRUE(store.write(batch, Durability::buffered).has_value());
    write(store, "d", Durability::buffered);
    write(store, "e", Durability::buffered);
    store.crash(seed);
    const Rows all{{"a", "v"}, {"b", "v"}, {"c", "1"}, {"c2", "whole or not at all"},
                   {"d", "v"}, {"e", "v"}};
    const Rows found = *rows(store);
    ASSERT_GE(found.size(), 2U);
    ASSERT_NE(found.size(), 3U);
    ASSERT_TRUE(std::equal(found.begin(), found.end(), all.begin()));
    ASSERT_EQ(std::to_underlying(store.last_synced()), found.size());
    survivors.insert(found.size());
  }
  EXPECT_THAT(survivors, ::testing::ElementsAre(2, 4, 5, 6));  // each prefix happens
}

TEST(MemoryStore, CrashBringsBackWhatBufferedBatchesReplacedOrErased) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    MemoryStore store;
    ASSERT_TRUE(store.write(put_one("a", "old"), Durability::synced).has_value());
    ASSERT_TRUE(store.write(put_one("b", "old"), Durability::synced).has_value());
    Batch batch = put_one("a", "new");
    batch.erase(Column::state, bytes("b"));
    ASSERT_TRUE(store.write(batch, Durability::buffered).has_value());
    store.crash(seed);
    outcomes.insert(read(store, "a"));
    EXPECT_EQ(read(store, "b"), read(store, "a") == "old" ? "old" : "<none>");
  }
  EXPECT_THAT(outcomes, ::testing::ElementsAre("new", "old"));
}

TEST(MemoryStore, ImageHoldsOnlyWhatIsDurable) {
  MemoryStore store;
  ASSERT_TRUE(store.write(put_one("a", "old"), Durability::synced).has_value());
  ASSERT_TRUE(store.write(put_one("a", "new"), Durability::buffered).has_value());
  MemoryStore copy;
  copy.restore(store.image());
  EXPECT_EQ(*rows(copy), (Rows{{"a", "old"}}));
}

TEST(MemoryStore, EqualSeedsGiveEqualRemains) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    MemoryStore one;
    MemoryStore two;
    for (MemoryStore* store : {&one, &two}) {
      for (int i = 0; i < 30; ++i) write(*store, std::format("{:02}", i), Durability::buffered);
      store->crash(seed);
    }
    EXPECT_EQ(*rows(one), *rows(two));
    EXPECT_EQ(one.last_synced(), two.last_synced());
    EXPECT_EQ(one.flip_any_bit(seed), two.flip_any_bit(seed));
  }
}

TEST(MemoryStore, SurvivesManyCrashesWithALongLog) {
  MemoryStore store;
  int synced = 0;
  for (std::uint64_t round = 0; round < 20; ++round) {
    for (int i = 0; i < 40; ++i) write(store, std::format("s{:04}", synced++), Durability::synced);
    write(store, "t", Durability::buffered);
    store.crash(round);
    ASSERT_EQ(rows(store, "s", "t")->size(), static_cast<std::size_t>(synced));
  }
  EXPECT_TRUE(store.verify_checksums().has_value());
}

TEST(MemoryStore, LosingTheLogTakesSyncedBatchesOfIt) {
  MemoryStore store;
  for (std::size_t i = 0; i < MemoryStore::kLogBatchesMax; ++i) {
    write(store, std::format("{:04}", i), Durability::synced);
  }
  const auto in_tables = store.last_synced();
  write(store, "in the log", Durability::synced);
  store.lose_log(0);
  EXPECT_EQ(store.last_synced(), in_tables);
  EXPECT_EQ(rows(store, "0", "9")->size(), MemoryStore::kLogBatchesMax);
  EXPECT_EQ(read(store, "in the log"), "<none>");
}

TEST(MemoryStore, FailedWriteStopsWritingUntilReopened) {
  for (const Error reason : {Error::store_io, Error::store_full}) {
    MemoryStore store;
    write(store, "a", Durability::synced);
    store.fail_write(2, reason);
    write(store, "b", Durability::synced);
    EXPECT_EQ(store.write(put_one("c", "v"), Durability::synced), base::fail(reason));
    EXPECT_EQ(store.write(put_one("d", "v"), Durability::buffered),
              base::fail(Error::store_failed));
    EXPECT_TRUE(store.statistics().failed);
    EXPECT_EQ(*rows(store), (Rows{{"a", "v"}, {"b", "v"}}));
    store.reopen();
    EXPECT_EQ(*rows(store), (Rows{{"a", "v"}, {"b", "v"}}));
    write(store, "e", Durability::synced);
    EXPECT_EQ(read(store, "e"), "v");
  }
}

TEST(MemoryStore, FailedWriteMayStillBeThereAfterACrash) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    MemoryStore store;
    store.fail_write(1, Error::store_io);
    ASSERT_FALSE(store.write(put_one("in doubt", "v"), Durability::synced).has_value());
    EXPECT_EQ(read(store, "in doubt"), "<none>");
    store.crash(seed);
    outcomes.insert(read(store, "in doubt"));
  }
  EXPECT_THAT(outcomes, ::testing::ElementsAre("<none>", "v"));
}

TEST(MemoryStore, FailsAReadOnceOnRequest) {
  MemoryStore store;
  write(store, "a", Durability::synced);
  store.fail_read(2, Error::store_io);
  EXPECT_EQ(read(store, "a"), "v");
  EXPECT_EQ(read(store, "a"), "store_io");
  EXPECT_EQ(read(store, "a"), "v");
  store.fail_read(1, Error::store_io);
  EXPECT_EQ(rows(store).error(), Error::store_io);
}

TEST(MemoryStore, EveryFlippedBitIsFoundByGetScanAndVerify) {
  for (std::size_t bit = 0; bit < 8 * 5; ++bit) {
    MemoryStore store;
    ASSERT_TRUE(store.write(put_one("a", "12345"), Durability::synced).has_value());
    write(store, "b", Durability::synced);
    ASSERT_TRUE(store.flip_bit(Column::state, base::view_of("a"), bit));
    EXPECT_EQ(read(store, "a"), "store_corrupt");
    EXPECT_EQ(read(store, "b"), "v");
    EXPECT_EQ(rows(store).error(), Error::store_corrupt);
    EXPECT_EQ(store.verify_checksums(), base::fail(Error::store_corrupt));
    ASSERT_TRUE(store.write(put_one("a", "repaired"), Durability::synced).has_value());
    EXPECT_EQ(read(store, "a"), "repaired");
  }
}

TEST(MemoryStore, FlipsNoBitThatIsNotThere) {
  MemoryStore store;
  EXPECT_FALSE(store.flip_any_bit(1).has_value());
  ASSERT_TRUE(store.write(put_one("a", "1"), Durability::synced).has_value());
  EXPECT_FALSE(store.flip_bit(Column::state, base::view_of("a"), 8));
  EXPECT_FALSE(store.flip_bit(Column::meta, base::view_of("a"), 0));
  EXPECT_TRUE(store.flip_any_bit(1).has_value());
}

TEST(MemoryStore, RollsBackToAnImageAndIsEmptyOnceWiped) {
  MemoryStore store;
  write(store, "a", Durability::synced);
  const auto image = store.image();
  const auto then = store.last_synced();
  write(store, "b", Durability::synced);
  store.restore(image);
  EXPECT_EQ(*rows(store), (Rows{{"a", "v"}}));
  EXPECT_EQ(store.last_synced(), then);
  store.wipe();
  EXPECT_TRUE(rows(store)->empty());
  EXPECT_EQ(store.last_synced(), SequenceNumber{});
}

}  // namespace
}  // namespace holdfast::store::testing
