// RocksStore and its surroundings: folders, other processes, full disks, failed syncs.
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <system_error>

#include "base/check.h"
#include "store/store_fixtures.h"

namespace holdfast::store::testing {
namespace {

constexpr std::string_view kOpened = "opened";

auto open_error(const Path& folder, OpenMode mode = OpenMode::must_exist) -> std::string {
  const auto store = RocksStore::open(folder, {.mode = mode});
  return std::string{store ? kOpened : base::error_name(store.error().code)};
}

// Exit codes of children carry error numbers, which do not fit; so they report them instead.
auto number_of(Error error) -> std::uint64_t { return std::to_underlying(error); }

TEST(RocksStore, SaysThatNoStoreIsThere) {
  const Scratch scratch;
  EXPECT_EQ(open_error(scratch / "absent"), "store_missing");
  EXPECT_EQ(open_error(scratch.path()), "store_missing");
  EXPECT_EQ(open_error(scratch / "no/parent", OpenMode::create_if_missing), "not_found");
}

TEST(RocksStore, CreatesAFolderThatOnlyItsOwnerMayEnter) {
  const Scratch scratch;
  ASSERT_EQ(open_error(scratch / "store", OpenMode::create_if_missing), kOpened);
  struct stat status{};
  ASSERT_EQ(::stat((scratch / "store").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST(RocksStore, KeepsItsOwnNotesShort) {
  const Scratch scratch;
  for (int i = 0; i < 6; ++i) {
    ASSERT_EQ(open_error(scratch / "store", OpenMode::create_if_missing), kOpened);
  }
  std::size_t notes = 0;
  for (const auto& entry : std::filesystem::directory_iterator{scratch / "store"}) {
    if (entry.path().filename().string().starts_with("LOG")) ++notes;
  }
  EXPECT_LE(notes, 2U);
}

TEST(RocksStore, RefusesASecondOpeningInTheSameProcess) {
  const Scratch scratch;
  const auto first = create_store(scratch / "store");
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(open_error(scratch / "store"), "store_locked");
}

TEST(ChildRole, DISABLED_HoldsAStoreOpen) {
  const auto store = create_store(variable("HOLDFAST_TEST_FOLDER"));
  report(store ? 0 : number_of(store.error().code));
  ::pause();
}

TEST(RocksStore, RefusesASecondProcessAndOpensOnceItIsGone) {
  const Scratch scratch;
  const Path folder = scratch / "store";
  Child holder{"HoldsAStoreOpen", {{"HOLDFAST_TEST_FOLDER", folder.string()}}};
  ASSERT_EQ(holder.next_number(), 0U);
  EXPECT_EQ(open_error(folder), "store_locked");
  holder.kill();
  EXPECT_EQ(holder.wait(), -SIGKILL);
  EXPECT_EQ(open_error(folder), kOpened);
}

TEST(ChildRole, DISABLED_OpensWithoutPrivileges) {
  const Path folder = variable("HOLDFAST_TEST_FOLDER");
  if (::geteuid() == 0) CHECK(::setresuid(65534, 65534, 65534) == 0);
  for (const OpenMode mode : {OpenMode::must_exist, OpenMode::create_if_missing}) {
    const auto store = RocksStore::open(folder, {.mode = mode});
    report(store ? 0 : number_of(store.error().code));
  }
}

TEST(RocksStore, SaysThatTheFolderIsNotWritable) {
  const Scratch scratch;
  ASSERT_EQ(open_error(scratch / "store", OpenMode::create_if_missing), kOpened);
  for (const auto& [mode_of_store, what] :
       {std::pair{mode_t{0555}, "readable only"}, std::pair{mode_t{0}, "closed"}}) {
    ASSERT_EQ(::chmod(scratch.path().c_str(), 0755), 0);
    ASSERT_EQ(::chmod((scratch / "store").c_str(), mode_of_store), 0);
    Child child{"OpensWithoutPrivileges", {{"HOLDFAST_TEST_FOLDER", scratch / "store"}}};
    EXPECT_EQ(child.next_number(), number_of(Error::store_read_only)) << what;
    EXPECT_EQ(child.next_number(), number_of(Error::store_read_only)) << what;
  }
  ASSERT_EQ(::chmod((scratch / "store").c_str(), 0700), 0);
  EXPECT_EQ(open_error(scratch / "store"), kOpened);
}

TEST(RocksStore, SaysThatAFolderCannotBeCreated) {
  Child child{"OpensWithoutPrivileges", {{"HOLDFAST_TEST_FOLDER", "/usr/holdfast-test-absent"}}};
  EXPECT_EQ(child.next_number(), number_of(Error::store_missing));
  EXPECT_EQ(child.next_number(), number_of(Error::store_read_only));
}

// Fills the store until a write fails; reports the number of acknowledged rows, the error of the
// failed write and that of the next one, and whether everything acknowledged is still readable.
void fill_until_refused(ports::KeyValueStore& store) {
  std::uint64_t acknowledged = 0;
  Result<SequenceNumber> last = SequenceNumber{};
  for (; acknowledged < 100'000 && last; ++acknowledged) {
    last = store.write(put_one(std::to_string(acknowledged), std::string(50'000, 'v')),
                       Durability::synced);
  }
  --acknowledged;  // the last one failed
  const auto next = store.write(put_one("next", "v"), Durability::synced);
  bool readable = true;
  for (std::uint64_t i = 0; i < acknowledged; ++i) {
    readable = readable && read(store, std::to_string(i)) == std::string(50'000, 'v');
  }
  report(acknowledged);
  report(last ? 0 : number_of(last.error()));
  report(next ? 0 : number_of(next.error()));
  report(readable && store.statistics().failed ? 1 : 0);
}

void expect_full_then_recover(Child& child, const Path& folder,
                              const std::function<void()>& make_room) {
  const auto acknowledged = child.next_number();
  ASSERT_TRUE(acknowledged.has_value());
  EXPECT_GT(*acknowledged, 10U);
  EXPECT_EQ(child.next_number(), number_of(Error::store_full));
  EXPECT_EQ(child.next_number(), number_of(Error::store_failed));
  EXPECT_EQ(child.next_number(), 1U);
  EXPECT_EQ(child.wait(), 0);
  make_room();
  const auto store = RocksStore::open(folder);
  ASSERT_TRUE(store.has_value()) << store.error().text();
  for (std::uint64_t i = 0; i < *acknowledged; ++i) {
    EXPECT_EQ(read(**store, std::to_string(i)).size(), 50'000U);
  }
  EXPECT_TRUE((*store)->write(put_one("again", "v"), Durability::synced).has_value());
  EXPECT_TRUE((*store)->verify_checksums().has_value());
}

TEST(ChildRole, DISABLED_FillsUnderAFileSizeLimit) {
  const auto store = create_store(variable("HOLDFAST_TEST_FOLDER"));
  CHECK(store.has_value());
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{2'000'000, 2'000'000};
  CHECK(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  fill_until_refused(**store);
}

TEST(RocksStore, FileSizeLimitIsAFullDiskAndNothingIsLost) {
  const Scratch scratch;
  const Path folder = scratch / "store";
  Child child{"FillsUnderAFileSizeLimit", {{"HOLDFAST_TEST_FOLDER", folder.string()}}};
  expect_full_then_recover(child, folder, [] {});
}

TEST(ChildRole, DISABLED_FillsTheDisk) {
  const auto store = create_store(variable("HOLDFAST_TEST_FOLDER"));
  CHECK(store.has_value());
  fill_until_refused(**store);
}

TEST(RocksStore, FullDiskIsSaidAndWritingGoesOnAfterReopeningWithSpace) {
  const Scratch scratch;
  if (::mount("tmpfs", scratch.path().c_str(), "tmpfs", 0, "size=24m") != 0) {
    GTEST_SKIP() << "cannot mount a tmpfs here: " << std::generic_category().message(errno);
  }
  const Path folder = scratch / "store";
  {
    Child child{"FillsTheDisk", {{"HOLDFAST_TEST_FOLDER", folder.string()}}};
    expect_full_then_recover(child, folder, [&] {
      CHECK(::mount("tmpfs", scratch.path().c_str(), "tmpfs", MS_REMOUNT, "size=96m") == 0);
    });
  }
  EXPECT_EQ(::mount("tmpfs", scratch.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, ""), 0);
  EXPECT_EQ(open_error(folder), "store_read_only");
  EXPECT_EQ(::umount(scratch.path().c_str()), 0);
}

TEST(ChildRole, DISABLED_OpensWithFewDescriptors) {
  const rlimit limit{std::stoul(variable("HOLDFAST_TEST_FILES")), 256};
  CHECK(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  const auto store = RocksStore::open(variable("HOLDFAST_TEST_FOLDER"));
  report(store ? 0 : number_of(store.error().code));
}

TEST(RocksStore, SaysThatTooManyFilesAreOpenAndLosesNothing) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer itself opens files and reports errors without them";
#endif
  const Scratch scratch;
  const Path folder = scratch / "store";
  {
    const auto store = create_store(folder);
    ASSERT_TRUE(store.has_value());
    ASSERT_TRUE((*store)->write(put_one("a", "1"), Durability::synced).has_value());
  }
  bool opened = false;
  for (int files = 4; files < 64 && !opened; ++files) {
    Child child{"OpensWithFewDescriptors",
                {{"HOLDFAST_TEST_FOLDER", folder.string()},
                 {"HOLDFAST_TEST_FILES", std::to_string(files)}}};
    const auto result = child.next_number();
    ASSERT_TRUE(result.has_value());
    opened = *result == 0;
    if (!opened) {
      EXPECT_EQ(*result, number_of(Error::too_many_files)) << files << " descriptors";
    }
  }
  EXPECT_TRUE(opened);
  const auto store = RocksStore::open(folder);
  ASSERT_TRUE(store.has_value());
  EXPECT_EQ(read(**store, "a"), "1");
}

TEST(RocksStore, FailedSyncIsNotAcknowledgedNorRepeatedAndStopsWriting) {
  const Scratch scratch;
  for (const auto& [number, error] :
       {std::pair{EIO, Error::store_io}, std::pair{ENOSPC, Error::store_full},
        std::pair{EDQUOT, Error::store_full}, std::pair{EROFS, Error::store_read_only}}) {
    const Path folder = scratch.path() / std::to_string(number);
    {
      const auto store = create_store(folder);
      ASSERT_TRUE(store.has_value());
      ASSERT_TRUE((*store)->write(put_one("a", "before"), Durability::synced).has_value());
      const auto synced = (*store)->last_synced();
      SyscallFaults::fail_sync(1, number);
      EXPECT_EQ((*store)->write(put_one("b", "in doubt"), Durability::synced), base::fail(error));
      const int syncs = SyscallFaults::syncs();
      EXPECT_EQ((*store)->write(put_one("c", "after"), Durability::synced),
                base::fail(Error::store_failed));
      EXPECT_EQ((*store)->write(put_one("c", "after"), Durability::buffered),
                base::fail(Error::store_failed));
      EXPECT_EQ((*store)->write(Batch{}, Durability::synced), base::fail(Error::store_failed));
      EXPECT_EQ(SyscallFaults::syncs(), syncs);
      EXPECT_EQ((*store)->last_synced(), synced);
      EXPECT_EQ(read(**store, "a"), "before");
      EXPECT_EQ(read(**store, "c"), "<none>");
      EXPECT_TRUE((*store)->statistics().failed);
    }
    const auto again = RocksStore::open(folder);
    ASSERT_TRUE(again.has_value()) << again.error().text();
    EXPECT_EQ(read(**again, "a"), "before");
    EXPECT_EQ(read(**again, "c"), "<none>");
    EXPECT_TRUE((*again)->write(put_one("d", "works again"), Durability::synced).has_value());
  }
}

TEST(RocksStore, EveryFailedSyncOfOpeningIsAnErrorOrHarmless) {
  const Scratch scratch;
  const Path folder = scratch / "store";
  {
    const auto store = create_store(folder);
    ASSERT_TRUE(store.has_value());
    ASSERT_TRUE((*store)->write(put_one("a", "1"), Durability::synced).has_value());
  }
  const int before = SyscallFaults::syncs();
  ASSERT_EQ(open_error(folder), kOpened);
  const int syncs = SyscallFaults::syncs() - before;
  ASSERT_GT(syncs, 0);
  for (int nth = 1; nth <= syncs; ++nth) {
    SyscallFaults::fail_sync(nth, EIO);
    if (const auto store = RocksStore::open(folder); store) {
      EXPECT_EQ(read(**store, "a"), "1");
    } else {
      EXPECT_EQ(store.error().code, Error::store_io) << nth;
    }
    SyscallFaults::fail_sync(0, 0);
    const auto store = RocksStore::open(folder);
    ASSERT_TRUE(store.has_value()) << "sync " << nth << ": " << store.error().text();
    EXPECT_EQ(read(**store, "a"), "1");
  }
}

TEST(RocksStore, SyncedWriteCostsOneSync) {
  const Scratch scratch;
  const auto store = create_store(scratch / "store");
  ASSERT_TRUE(store.has_value());
  const int before = SyscallFaults::syncs();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE((*store)->write(put_one("k", "v"), Durability::synced).has_value());
  }
  EXPECT_GE(SyscallFaults::syncs() - before, 20);
  EXPECT_LE(SyscallFaults::syncs() - before, 22);  // the first also makes the log's name durable
}

}  // namespace
}  // namespace holdfast::store::testing
