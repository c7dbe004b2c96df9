#include "store/file_io.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>

#include "base/check.h"
#include "store/store_fixtures.h"
#include "store/system.h"

namespace holdfast::store::testing {
namespace {

using base::view_of;

auto mode_of(const Path& path) -> unsigned {
  struct stat status{};
  CHECK(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

auto content(const Path& path) -> std::string {
  const auto read = read_file(path, 1U << 20);
  return read ? std::string{base::text_of(*read)}
              : std::string{base::error_name(read.error().code)};
}

auto names_in(const Path& folder) -> std::vector<std::string> {
  std::vector<std::string> names;
  for (const Path& path : files_ending(folder, "")) names.push_back(path.filename().string());
  return names;
}

TEST(FileIo, WritesAPrivateFileAndReplacesIt) {
  const Scratch scratch;
  const mode_t old = ::umask(0);
  EXPECT_TRUE(write_file_atomic(scratch / "header", view_of("one")).has_value());
  EXPECT_TRUE(write_file_atomic(scratch / "header", view_of("two")).has_value());
  EXPECT_TRUE(write_file_atomic(scratch / "public", view_of("three"), 0644).has_value());
  ::umask(old);
  EXPECT_EQ(content(scratch / "header"), "two");
  EXPECT_EQ(mode_of(scratch / "header"), 0600U);
  EXPECT_EQ(mode_of(scratch / "public"), 0644U);
  EXPECT_THAT(names_in(scratch.path()), ::testing::ElementsAre("header", "public"));
}

TEST(FileIo, RefusesToReplaceWhereAskedTo) {
  const Scratch scratch;
  ASSERT_TRUE(write_file_atomic(scratch / "a", view_of("old"), 0600, Existing::refuse).has_value());
  const auto refused = write_file_atomic(scratch / "a", view_of("new"), 0600, Existing::refuse);
  EXPECT_EQ(refused.error().code, Error::already_exists);
  EXPECT_EQ(refused.error().where, (scratch / "a").string());
  EXPECT_EQ(content(scratch / "a"), "old");
  EXPECT_EQ(names_in(scratch.path()).size(), 1U);
}

TEST(FileIo, WritesOverTheRemainsOfACrash) {
  const Scratch scratch;
  ASSERT_TRUE(write_file_atomic(scratch / "a.new", view_of("remains, longer")).has_value());
  EXPECT_TRUE(write_file_atomic(scratch / "a", view_of("new")).has_value());
  EXPECT_EQ(content(scratch / "a"), "new");
  EXPECT_EQ(names_in(scratch.path()).size(), 1U);
}

TEST(FileIo, AnUnseenFileIsPrivateAndReplacesAnother) {
  const Scratch scratch;
  ASSERT_TRUE(write_file_atomic(scratch / "a.new", view_of("remains of a crash")).has_value());
  const mode_t old = ::umask(0);
  EXPECT_TRUE(write_file_unseen(scratch / "a", view_of("one")).has_value());
  ::umask(old);
  EXPECT_EQ(content(scratch / "a"), "one");
  EXPECT_EQ(mode_of(scratch / "a"), 0600U);
  EXPECT_TRUE(write_file_unseen(scratch / "a", view_of("two")).has_value());
  EXPECT_EQ(content(scratch / "a"), "two");
  EXPECT_THAT(names_in(scratch.path()), ::testing::ElementsAre("a"));
  EXPECT_EQ(write_file_unseen(scratch / "none" / "a", view_of("x")).error().code, Error::not_found);
}

TEST(FileIo, AnUnseenFileThatFailsLeavesTheOldOneAndNoOther) {
  const Scratch scratch;
  SyscallFaults::fail_sync(1, EIO);
  EXPECT_EQ(write_file_unseen(scratch / "a", view_of("one")).error().code, Error::store_io);
  EXPECT_TRUE(names_in(scratch.path()).empty());
  ASSERT_TRUE(write_file_unseen(scratch / "a", view_of("one")).has_value());
  SyscallFaults::fail_rename(1, ENOSPC);
  EXPECT_EQ(write_file_unseen(scratch / "a", view_of("two")).error().code, Error::store_full);
  EXPECT_EQ(content(scratch / "a"), "one");
  EXPECT_THAT(names_in(scratch.path()), ::testing::ElementsAre("a"));
}

TEST(FileIo, KeepsTheOldContentWhenASyncOrTheRenameFails) {
  const Scratch scratch;
  ASSERT_TRUE(write_file_atomic(scratch / "a", view_of("old")).has_value());
  SyscallFaults::fail_sync(1, EIO);
  EXPECT_EQ(write_file_atomic(scratch / "a", view_of("new")).error().code, Error::store_io);
  EXPECT_EQ(content(scratch / "a"), "old");
  SyscallFaults::fail_rename(1, ENOSPC);
  EXPECT_EQ(write_file_atomic(scratch / "a", view_of("new")).error().code, Error::store_full);
  EXPECT_EQ(content(scratch / "a"), "old");
  EXPECT_EQ(names_in(scratch.path()).size(), 1U);
  SyscallFaults::fail_sync(2, EIO);  // the folder's: the new name may not last
  EXPECT_EQ(write_file_atomic(scratch / "a", view_of("new")).error().code, Error::store_io);
}

TEST(FileIo, ReadsAtMostWhatTheCallerAllows) {
  const Scratch scratch;
  ASSERT_TRUE(write_file_atomic(scratch / "a", Bytes(100)).has_value());
  EXPECT_EQ(read_file(scratch / "a", 100)->size(), 100U);
  EXPECT_EQ(read_file(scratch / "a", 99).error().code, Error::too_long);
  EXPECT_EQ(read_file(scratch / "absent", 9).error().code, Error::not_found);
}

TEST(FileIo, RefusesWhatIsNoRegularFile) {
  const Scratch scratch;
  EXPECT_EQ(read_file(scratch.path(), 9).error().code, Error::store_io);
  ASSERT_EQ(::mkfifo((scratch / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_file(scratch / "fifo", 9).error().code, Error::store_io);  // and does not block
  ASSERT_TRUE(write_file_atomic(scratch / "a", view_of("x")).has_value());
  std::filesystem::create_symlink(scratch / "a", scratch / "link");
  EXPECT_FALSE(read_file(scratch / "link", 9).has_value());
}

TEST(FileIo, ReadsSecretsIntoProtectedMemory) {
  const Scratch scratch;
  const auto memory =
      *base::SecretMemory::create({.bytes_max = std::size_t{1} << 20, .lock = base::Lock::none});
  ASSERT_TRUE(write_file_atomic(scratch / "key", view_of("secret")).has_value());
  const auto secret = read_secret_file(scratch / "key", 100, *memory);
  ASSERT_TRUE(secret.has_value());
  EXPECT_TRUE(secret->expose_text([](std::string_view text) { return text == "secret"; }));
  EXPECT_EQ(read_secret_file(scratch / "key", 5, *memory).error().code, Error::too_long);
  ASSERT_TRUE(write_file_atomic(scratch / "large", Bytes(std::size_t{2} << 20)).has_value());
  EXPECT_EQ(read_secret_file(scratch / "large", std::size_t{4} << 20, *memory).error().code,
            Error::secret_memory_exhausted);
}

TEST(FileIo, MakesAPrivateFolderAndLeavesAnExistingOneAlone) {
  const Scratch scratch;
  const mode_t old = ::umask(0);
  EXPECT_TRUE(make_private_folder(scratch / "vault").has_value());
  ::umask(old);
  EXPECT_EQ(mode_of(scratch / "vault"), 0700U);
  ASSERT_EQ(::chmod((scratch / "vault").c_str(), 0755), 0);
  EXPECT_TRUE(make_private_folder(scratch / "vault").has_value());
  EXPECT_EQ(mode_of(scratch / "vault"), 0755U);
  EXPECT_EQ(make_private_folder(scratch / "no/parent").error().code, Error::not_found);
  ASSERT_TRUE(write_file_atomic(scratch / "file", {}).has_value());
  EXPECT_EQ(make_private_folder(scratch / "file").error().code, Error::already_exists);
}

TEST(ChildRole, DISABLED_ReplacesAFileUntilKilled) {
  const Path file = Path{variable("HOLDFAST_TEST_FOLDER")} / "a";
  SyscallFaults::kill_at(std::stoi(variable("HOLDFAST_TEST_CALL")));
  CHECK(write_file_atomic(file, view_of("new")).has_value());
  report(1);
  SyscallFaults::kill_at(0);
}

TEST(FileIo, KilledAtAnySystemCallTheFileIsOldOrNew) {
  int old_seen = 0;
  bool ended = false;
  for (int call = 1; !ended; ++call) {
    ASSERT_LT(call, 50);
    const Scratch scratch;
    ASSERT_TRUE(write_file_atomic(scratch / "a", view_of("old")).has_value());
    Child child{
        "ReplacesAFileUntilKilled",
        {{"HOLDFAST_TEST_FOLDER", scratch.path()}, {"HOLDFAST_TEST_CALL", std::to_string(call)}}};
    const bool acknowledged = child.next_number().has_value();
    ended = child.wait() == 0;
    const std::string found = content(scratch / "a");
    EXPECT_TRUE(found == "new" || (found == "old" && !acknowledged)) << found;
    old_seen += found == "old" ? 1 : 0;
  }
  EXPECT_GT(old_seen, 2);
}

TEST(System, EntropyFillsEveryByteAndDiffers) {
  SystemEntropy entropy;
  Bytes ever_set(1000);
  for (int i = 0; i < 8; ++i) {
    Bytes drawn(1000);
    entropy.fill(drawn);
    for (std::size_t at = 0; at < drawn.size(); ++at) ever_set[at] |= drawn[at];
  }
  EXPECT_THAT(ever_set, ::testing::Each(::testing::Ne(0)));
}

TEST(System, ClocksRun) {
  const SystemClock clock;
  EXPECT_GT(clock.now_ms(), std::int64_t{1'700'000'000'000});
  const auto before = clock.monotonic();
  EXPECT_GE(clock.monotonic(), before);
}

}  // namespace
}  // namespace holdfast::store::testing
