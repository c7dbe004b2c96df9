// What RocksStore does with each damage of docs/architecture.md, Store. Every case works on a copy.
#include <gmock/gmock.h>
#include <unistd.h>

#include <format>

#include "base/check.h"
#include "store/signer_file.h"
#include "store/store_fixtures.h"

namespace holdfast::store::testing {
namespace {

auto value_of(int i) -> std::string { return std::string(1000, static_cast<char>('a' + i % 26)); }
auto key_of(int i) -> std::string { return std::format("{:05}", i); }

void write_rows(ports::KeyValueStore& store, int from, int to) {
  for (int i = from; i < to; ++i) {
    CHECK(store.write(put_one(key_of(i), value_of(i)), Durability::buffered).has_value());
  }
  CHECK(store.write({}, Durability::synced).has_value());
}

auto open_error(const Path& folder, RocksOptions options = {}) -> std::string {
  const auto store = RocksStore::open(folder, options);
  return store ? "opened" : std::string{base::error_name(store.error().code)};
}

auto newest(const Path& folder, std::string_view ending) -> Path {
  const auto files = files_ending(folder, ending);
  CHECK(!files.empty());
  return files.back();
}

auto manifest_of(const Path& folder) -> Path {
  std::string name;
  std::getline(std::ifstream{folder / "CURRENT"}, name);
  return folder / name;
}

void cut(const Path& file, std::uint64_t bytes) {
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - bytes);
}

// Rows 0..99 in tables (recovery flushes them), rows 100..119 only in the newest log.
class DamagedStore : public ::testing::Test {
 protected:
  static constexpr int kInTables = 100;
  static constexpr int kAll = 120;

  DamagedStore() {
    {
      auto store = create_store(scratch_ / "whole");
      CHECK(store.has_value());
      write_rows(**store, 0, kInTables);
    }
    auto store = RocksStore::open(scratch_ / "whole");
    CHECK(store.has_value());
    write_rows(**store, kInTables, kAll);
    signer_.synced = (*store)->last_synced();
    copy_folder(scratch_ / "whole", folder_);  // as a power loss leaves it: not closed
  }

  Scratch scratch_;
  const Path folder_ = scratch_ / "store";
  SignerState signer_;
};

TEST_F(DamagedStore, UndamagedItOpensWithEverything) {
  const auto store = RocksStore::open(folder_);
  ASSERT_TRUE(store.has_value());
  EXPECT_EQ(rows(**store)->size(), std::size_t{kAll});
  EXPECT_TRUE(check_log_complete(**store, signer_).has_value());
  EXPECT_TRUE((*store)->verify_checksums().has_value());
}

TEST_F(DamagedStore, BitInATableIsFoundByReadScanAndVerify) {
  flip_bit_of_file(newest(folder_, ".sst"), 20'000, 3);
  const auto store = RocksStore::open(folder_);
  ASSERT_TRUE(store.has_value());
  int damaged = 0;
  for (int i = 0; i < kInTables; ++i) {
    const std::string value = read(**store, key_of(i));
    if (value == "store_corrupt") {
      ++damaged;
    } else {
      EXPECT_EQ(value, value_of(i));
    }
  }
  EXPECT_GT(damaged, 0);
  EXPECT_LT(damaged, 10);  // one block
  EXPECT_EQ(rows(**store).error(), Error::store_corrupt);
  EXPECT_EQ(rows(*(*store)->snapshot()).error(), Error::store_corrupt);
  EXPECT_EQ((*store)->verify_checksums(), base::fail(Error::store_corrupt));
}

TEST_F(DamagedStore, EveryDamageOfATableIsFoundBeforeUse) {
  const Path whole = newest(folder_, ".sst");
  const auto size = std::filesystem::file_size(whole);
  for (std::uint64_t byte = 0; byte < size; byte += size / 40) {
    const Path copy = copy_folder(folder_, scratch_ / "copy");
    flip_bit_of_file(newest(copy, ".sst"), byte, byte % 8);
    if (const auto store = RocksStore::open(copy); store) {
      const auto found = rows(**store);
      if (found) {
        EXPECT_EQ(found->size(), std::size_t{kAll}) << "byte " << byte;
      } else {
        EXPECT_EQ(found.error(), Error::store_corrupt) << "byte " << byte;
      }
      EXPECT_EQ((*store)->verify_checksums(), base::fail(Error::store_corrupt)) << "byte " << byte;
    } else {
      EXPECT_EQ(store.error().code, Error::store_corrupt) << "byte " << byte;
    }
    std::filesystem::remove_all(copy);
  }
}

TEST_F(DamagedStore, TableCutOrMissingIsRefused) {
  const Path missing = copy_folder(folder_, scratch_ / "missing");
  cut(newest(folder_, ".sst"), 10);
  EXPECT_EQ(open_error(folder_), "store_corrupt");
  std::filesystem::remove(newest(missing, ".sst"));
  EXPECT_EQ(open_error(missing), "store_corrupt");
}

TEST_F(DamagedStore, BitInTheManifestIsRefused) {
  const Path manifest = manifest_of(folder_);
  flip_bit_of_file(manifest, std::filesystem::file_size(manifest) / 2, 0);
  EXPECT_EQ(open_error(folder_), "store_corrupt");
}

TEST_F(DamagedStore, MissingManifestIsRefused) {
  std::filesystem::remove(manifest_of(folder_));
  EXPECT_EQ(open_error(folder_), "store_corrupt");
}

TEST_F(DamagedStore, MissingCurrentIsRefusedAndNeverReplacedByAnEmptyStore) {
  std::filesystem::remove(folder_ / "CURRENT");
  EXPECT_EQ(open_error(folder_), "store_corrupt");
  EXPECT_EQ(open_error(folder_, {.mode = OpenMode::create_if_missing}), "store_corrupt");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "CURRENT"));
}

TEST_F(DamagedStore, DeletedNewestLogIsFoundThroughTheSigner) {
  std::filesystem::remove(newest(folder_, ".log"));
  const auto store = RocksStore::open(folder_);
  ASSERT_TRUE(store.has_value()) << "RocksDB itself does not notice";
  EXPECT_EQ(rows(**store)->size(), std::size_t{kInTables});
  EXPECT_EQ(check_log_complete(**store, signer_), base::fail(Error::store_log_lost));
}

TEST_F(DamagedStore, LogCutAnywhereLosesOnlyItsEndAndTheSignerTells) {
  const auto size = std::filesystem::file_size(newest(folder_, ".log"));
  for (std::uint64_t bytes = 1; bytes < size; bytes += 997) {
    const Path copy = copy_folder(folder_, scratch_ / "copy");
    cut(newest(copy, ".log"), bytes);
    {
      const auto store = RocksStore::open(copy);
      ASSERT_TRUE(store.has_value()) << bytes;
      const auto found = rows(**store);
      ASSERT_TRUE(found.has_value());
      ASSERT_LT(found->size(), std::size_t{kAll});
      for (std::size_t i = 0; i < found->size(); ++i) {  // a prefix, each row whole
        EXPECT_EQ((*found)[i],
                  std::pair(key_of(static_cast<int>(i)), value_of(static_cast<int>(i))));
      }
      EXPECT_EQ(check_log_complete(**store, signer_), base::fail(Error::store_log_lost));
    }
    std::filesystem::remove_all(copy);
  }
}

TEST_F(DamagedStore, BitInTheLogIsRefusedUnlessSalvagedAndThenTheSignerTells) {
  flip_bit_of_file(newest(folder_, ".log"), 5000, 0);
  EXPECT_EQ(open_error(folder_), "store_corrupt");
  const auto store = RocksStore::open(folder_, {.salvage_log = true});
  ASSERT_TRUE(store.has_value());
  EXPECT_EQ(rows(**store)->size(), std::size_t{kInTables + 4});  // up to the damage
  EXPECT_EQ(check_log_complete(**store, signer_), base::fail(Error::store_log_lost));
}

TEST_F(DamagedStore, RubbishBehindTheLogLosesNothing) {
  for (const char filler : {'\0', '\xa5'}) {
    const Path copy = copy_folder(folder_, scratch_ / "copy");
    std::ofstream{newest(copy, ".log"), std::ios::app | std::ios::binary}
        << std::string(700, filler);
    {
      const auto store = RocksStore::open(copy);
      ASSERT_TRUE(store.has_value());
      EXPECT_TRUE(check_log_complete(**store, signer_).has_value());
      EXPECT_EQ(rows(**store)->size(), std::size_t{kAll});
    }
    std::filesystem::remove_all(copy);
  }
}

// A power loss may keep a later page of an unsynced tail and not an earlier one. Nothing that was
// acknowledged is gone then; opening refuses, and repair shows that nothing is lost.
TEST_F(DamagedStore, HoleInTheUnsyncedTailIsSalvagedWithoutLoss) {
  std::filesystem::remove_all(folder_);
  {
    auto store = create_store(scratch_ / "other");
    ASSERT_TRUE(store.has_value());
    ASSERT_TRUE((*store)->write(put_one("a", "synced"), Durability::synced).has_value());
    signer_.synced = (*store)->last_synced();
    for (const std::string_view key : {"b", "c"}) {
      const std::string value(100'000, 'x');
      ASSERT_TRUE((*store)->write(put_one(key, value), Durability::buffered).has_value());
    }
    copy_folder(scratch_ / "other", folder_);
  }
  std::fstream log{newest(folder_, ".log"), std::ios::in | std::ios::out | std::ios::binary};
  log.seekp(40'960);  // inside "b"
  log << std::string(4096, '\0');
  log.close();
  EXPECT_EQ(open_error(folder_), "store_corrupt");
  const auto store = RocksStore::open(folder_, {.salvage_log = true});
  ASSERT_TRUE(store.has_value()) << store.error().text();
  EXPECT_EQ(read(**store, "a"), "synced");
  EXPECT_EQ(read(**store, "b"), "<none>");
  EXPECT_EQ(read(**store, "c"), "<none>") << "a later batch must not survive without an earlier";
  EXPECT_TRUE(check_log_complete(**store, signer_).has_value());
}

}  // namespace
}  // namespace holdfast::store::testing
