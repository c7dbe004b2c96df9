// One suite for every KeyValueStore: what the port promises.
#include <gmock/gmock.h>

#include <barrier>
#include <format>
#include <thread>

#include "base/check.h"
#include "store/store_fixtures.h"

namespace holdfast::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class RocksFactory {
 public:
  RocksFactory() { open(OpenMode::create_if_missing); }
  auto store() -> ports::KeyValueStore& { return *store_; }
  void reopen() {
    store_.reset();
    open(OpenMode::must_exist);
  }

 private:
  void open(OpenMode mode) {
    auto opened = RocksStore::open(scratch_ / "store", {.mode = mode});
    CHECK(opened.has_value());
    store_ = *std::move(opened);
  }
  Scratch scratch_;
  std::unique_ptr<RocksStore> store_;
};

class MemoryFactory {
 public:
  auto store() -> ports::KeyValueStore& { return store_; }
  void reopen() { store_.reopen(); }

 private:
  MemoryStore store_;
};

template <class Factory>
class KeyValueStoreTest : public ::testing::Test {
 protected:
  auto store() -> ports::KeyValueStore& { return factory_.store(); }
  void reopen() { factory_.reopen(); }
  void put(std::string_view key, std::string_view value, Column column = Column::state) {
    ASSERT_TRUE(store().write(put_one(key, value, column), Durability::synced).has_value());
  }
  Factory factory_;
};
using Factories = ::testing::Types<RocksFactory, MemoryFactory>;
TYPED_TEST_SUITE(KeyValueStoreTest, Factories);

TYPED_TEST(KeyValueStoreTest, ReturnsNothingForAKeyNeverWritten) {
  EXPECT_EQ(read(this->store(), "absent"), "<none>");
}

TYPED_TEST(KeyValueStoreTest, AppliesABatchInOrderAndAsAWhole) {
  Batch batch;
  batch.put(Column::state, bytes("a"), bytes("1"));
  batch.put(Column::audit, bytes("a"), bytes("other column"));
  batch.put(Column::state, bytes("b"), bytes("gone again"));
  batch.erase(Column::state, bytes("b"));
  batch.put(Column::state, bytes("a"), bytes("2"));
  ASSERT_TRUE(this->store().write(batch, Durability::synced).has_value());
  EXPECT_EQ(read(this->store(), "a"), "2");
  EXPECT_EQ(read(this->store(), "a", Column::audit), "other column");
  EXPECT_EQ(read(this->store(), "b"), "<none>");
}

TYPED_TEST(KeyValueStoreTest, KeepsEveryColumnApart) {
  for (std::size_t i = 0; i < ports::kColumns; ++i) {
    this->put("k", ports::kColumnNames[i], static_cast<Column>(i));
  }
  this->reopen();
  for (std::size_t i = 0; i < ports::kColumns; ++i) {
    EXPECT_EQ(read(this->store(), "k", static_cast<Column>(i)), ports::kColumnNames[i]);
  }
}

TYPED_TEST(KeyValueStoreTest, ScansInUnsignedByteOrder) {
  for (const std::string_view key : {"\xff", "b", "a\x01", "a", "\x7f", "\x80"}) {
    this->put(key, "v");
  }
  EXPECT_THAT(*rows(this->store()),
              ElementsAre(Pair("a", "v"), Pair("a\x01", "v"), Pair("b", "v"), Pair("\x7f", "v"),
                          Pair("\x80", "v"), Pair("\xff", "v")));
}

TYPED_TEST(KeyValueStoreTest, ScanIncludesItsStartAndExcludesItsEnd) {
  for (const std::string_view key : {"a", "b", "c", "d"}) this->put(key, "");
  EXPECT_THAT(*rows(this->store(), "b", "d"), ElementsAre(Pair("b", ""), Pair("c", "")));
  EXPECT_THAT(*rows(this->store(), "bb", ""), ElementsAre(Pair("c", ""), Pair("d", "")));
  EXPECT_TRUE(rows(this->store(), "b", "b")->empty());
  EXPECT_TRUE(rows(this->store(), "e", "")->empty());
}

TYPED_TEST(KeyValueStoreTest, ScanStopsWhenTheVisitorHasEnough) {
  for (const std::string_view key : {"a", "b", "c"}) this->put(key, "");
  int seen = 0;
  const auto done =
      this->store().scan(Column::state, {}, {}, [&](ByteView, ByteView) { return ++seen < 2; });
  EXPECT_TRUE(done.has_value());
  EXPECT_EQ(seen, 2);
}

TYPED_TEST(KeyValueStoreTest, ScanCrossesManyRowsAndLetsTheVisitorRead) {
  Batch batch;
  for (int i = 0; i < 1000; ++i) batch.put(Column::index, bytes(std::format("{:04}", i)), {});
  batch.erase(Column::index, bytes("0500"));
  ASSERT_TRUE(this->store().write(batch, Durability::buffered).has_value());
  int seen = 0;
  bool all_found = true;
  const auto done = this->store().scan(Column::index, {}, {}, [&](ByteView key, ByteView) {
    all_found = all_found && this->store().get(Column::index, key)->has_value();
    return ++seen > 0;
  });
  EXPECT_TRUE(done.has_value());
  EXPECT_EQ(seen, 999);
  EXPECT_TRUE(all_found);
}

TYPED_TEST(KeyValueStoreTest, SnapshotKeepsItsStateWhileTheStoreGoesOn) {
  this->put("a", "old");
  this->put("b", "old");
  {
    const auto snapshot = this->store().snapshot();
    Batch batch = put_one("a", "new");
    batch.erase(Column::state, bytes("b"));
    batch.put(Column::state, bytes("c"), bytes("new"));
    ASSERT_TRUE(this->store().write(batch, Durability::synced).has_value());
    EXPECT_EQ(read(*snapshot, "a"), "old");
    EXPECT_EQ(read(*snapshot, "b"), "old");
    EXPECT_EQ(read(*snapshot, "c"), "<none>");
    EXPECT_THAT(*rows(*snapshot), ElementsAre(Pair("a", "old"), Pair("b", "old")));
  }
  EXPECT_THAT(*rows(this->store()), ElementsAre(Pair("a", "new"), Pair("c", "new")));
}

TYPED_TEST(KeyValueStoreTest, SnapshotOutlivesManyLaterWrites) {
  this->put("a", "0");
  const auto snapshot = this->store().snapshot();
  for (int i = 1; i < 600; ++i) this->put("a", std::to_string(i));
  EXPECT_EQ(read(*snapshot, "a"), "0");
  EXPECT_EQ(read(this->store(), "a"), "599");
}

TYPED_TEST(KeyValueStoreTest, ReopeningKeepsWhatWasWrittenAndItsNumber) {
  this->put("a", "1");
  ASSERT_TRUE(this->store().write(put_one("b", "2"), Durability::buffered).has_value());
  const auto number = this->store().write(put_one("c", "3"), Durability::synced);
  ASSERT_TRUE(number.has_value());
  this->reopen();
  EXPECT_EQ(*rows(this->store()), (Rows{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  EXPECT_EQ(this->store().last_synced(), *number);
}

TYPED_TEST(KeyValueStoreTest, NumbersGrowByOneForEachOperation) {
  const auto before = std::to_underlying(this->store().last_synced());
  Batch three = put_one("a", "1");
  three.put(Column::meta, bytes("b"), bytes("2"));
  three.erase(Column::state, bytes("never there"));
  EXPECT_EQ(this->store().write(three, Durability::synced), SequenceNumber{before + 3});
  EXPECT_EQ(this->store().write(put_one("c", "3"), Durability::synced), SequenceNumber{before + 4});
}

TYPED_TEST(KeyValueStoreTest, OnlySyncedWritesRaiseTheSyncedNumber) {
  this->put("a", "1");
  const auto synced = this->store().last_synced();
  const auto buffered = this->store().write(put_one("b", "2"), Durability::buffered);
  EXPECT_GT(*buffered, synced);
  EXPECT_EQ(this->store().last_synced(), synced);
  EXPECT_EQ(this->store().write(Batch{}, Durability::synced), *buffered);  // an empty one syncs
  EXPECT_EQ(this->store().last_synced(), *buffered);
}

TYPED_TEST(KeyValueStoreTest, AcceptsAnEmptyKeyAndAnEmptyValue) {
  this->put("", "empty key");
  this->put("a", "");
  EXPECT_EQ(read(this->store(), ""), "empty key");
  EXPECT_EQ(read(this->store(), "a"), "");
  EXPECT_THAT(*rows(this->store()), ElementsAre(Pair("", "empty key"), Pair("a", "")));
}

TYPED_TEST(KeyValueStoreTest, KeepsValuesOfOneMebibyte) {
  for (char c = 'a'; c < 'e'; ++c) this->put(std::string(1, c), std::string(1U << 20, c));
  this->reopen();
  EXPECT_EQ(read(this->store(), "c"), std::string(1U << 20, 'c'));
  EXPECT_TRUE(this->store().verify_checksums().has_value());
}

TYPED_TEST(KeyValueStoreTest, RefusesABatchOverItsLimitsAsAWholeAndGoesOn) {
  Batch many = put_one("kept out", "");
  for (std::size_t i = 0; i < ports::kBatchOperationsMax; ++i) many.erase(Column::meta, {});
  EXPECT_EQ(many.size(), ports::kBatchOperationsMax);
  EXPECT_EQ(this->store().write(many, Durability::synced), base::fail(Error::capacity_exceeded));

  Batch wide = put_one("kept out", "");
  wide.put(Column::meta, Bytes(ports::kKeyBytesMax + 1), {});
  EXPECT_EQ(this->store().write(wide, Durability::synced), base::fail(Error::too_long));

  Batch large = put_one("kept out", "");
  large.put(Column::meta, {}, Bytes(ports::kValueBytesMax + 1));
  EXPECT_EQ(this->store().write(large, Durability::synced), base::fail(Error::too_long));

  EXPECT_EQ(read(this->store(), "kept out"), "<none>");
  this->put("a", "still writable");
}

TYPED_TEST(KeyValueStoreTest, AcceptsTheLongestKey) {
  const std::string key(ports::kKeyBytesMax, 'k');
  this->put(key, "v");
  EXPECT_EQ(read(this->store(), key), "v");
}

TYPED_TEST(KeyValueStoreTest, ConcurrentWritersAndReadersLoseNothing) {
  constexpr int kThreads = 4;
  constexpr int kWrites = 50;
  std::barrier start{kThreads};
  std::atomic<bool> sound = true;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        start.arrive_and_wait();
        for (int i = 0; i < kWrites; ++i) {
          const std::string key = std::format("{}-{:02}", t, i);
          const auto durability = i % 3 == 0 ? Durability::buffered : Durability::synced;
          const auto number = this->store().write(put_one(key, key), durability);
          if (!number) sound = false;
          // A number that was promised durable is at most the one the store admits to.
          if (number && durability == Durability::synced && this->store().last_synced() < *number) {
            sound = false;
          }
          if (read(this->store(), key) != key) sound = false;
        }
      });
    }
  }
  EXPECT_TRUE(sound);
  EXPECT_EQ(rows(this->store())->size(), std::size_t{kThreads * kWrites});
  ASSERT_TRUE(this->store().write(Batch{}, Durability::synced).has_value());
  EXPECT_EQ(std::to_underlying(this->store().last_synced()), std::uint64_t{kThreads * kWrites});
}

TYPED_TEST(KeyValueStoreTest, CountsWhatItHolds) {
  for (int i = 0; i < 100; ++i) this->put(std::to_string(i), std::string(100, 'v'));
  const auto statistics = this->store().statistics();
  EXPECT_GE(statistics.bytes_on_disk, 10'000U);
  EXPECT_EQ(statistics.keys_estimate, 100U);
  EXPECT_GT(statistics.bytes_in_memory, 0U);
  EXPECT_FALSE(statistics.failed);
}

TEST(Batch, KeepsNothingMoreOnceOverItsBytes) {
  Batch batch;
  for (std::size_t i = 0; i < ports::kBatchBytesMax / ports::kValueBytesMax; ++i) {
    batch.put(Column::blocks, {}, Bytes(ports::kValueBytesMax));
  }
  EXPECT_TRUE(batch.within_limits().has_value());
  EXPECT_EQ(batch.bytes(), ports::kBatchBytesMax);
  batch.put(Column::blocks, bytes("k"), {});
  EXPECT_EQ(batch.within_limits(), base::fail(Error::capacity_exceeded));
  EXPECT_EQ(batch.bytes(), ports::kBatchBytesMax);
  batch.clear();
  EXPECT_TRUE(batch.within_limits().has_value());
}

}  // namespace
}  // namespace holdfast::store::testing
