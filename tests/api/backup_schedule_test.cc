// Backups that make themselves, with a clock that the test moves.
#include "api/backup_schedule.h"

#include <algorithm>
#include <fstream>

#include "api/server_fixture.h"
#include "node/backup.h"

namespace holdfast::api {
namespace {

using std::chrono::hours, std::chrono::minutes;
using testing::HasSubstr, testing::Not;

class BackupScheduleTest : public ServerTest {
 protected:
  BackupScheduleTest() {
    vaults_options_.folder = temp_.path() / "data";
    vaults_options_.backup = {.every = hours{24}, .folder = temp_.path() / "backups", .keep = 2};
  }
  void create(std::string_view name) {
    const auto passphrase = base::SecretBytes::copy_of(*keys_, std::string_view{"correct horse"});
    ASSERT_TRUE(
        vaults_->create(name, {.device_name = "test", .kdf = crypto::kArgon2Floor}, *passphrase));
  }
  void open() {
    vaults_ = std::make_unique<Vaults>(vaults_options_, ports());
    create("main");
  }
  auto files() -> std::vector<std::string> {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator{vaults_options_.backup.folder, error}) {
      names.push_back(entry.path().filename().string());
    }
    std::ranges::sort(names);
    return names;
  }

  Tasks tasks_;
};

TEST_F(BackupScheduleTest, OneIsMadeAfterEachIntervalAlsoWhileLockedAndTheNewestAreKept) {
  open();
  BackupSchedule schedule{*vaults_, ports(), tasks_};
  schedule.run_due();
  ASSERT_EQ(files().size(), 1U);
  const auto manifest = node::read_backup_manifest(vaults_options_.backup.folder / files().front());
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->vault, vaults_->open("main").value()->vault->status().vault_id);
  clock_.advance(hours{23});
  schedule.run_due();
  EXPECT_EQ(files().size(), 1U);
  ASSERT_TRUE(vaults_->lock("main"));
  const std::string first = files().front();
  for (int day = 0; day < 3; ++day) {
    clock_.advance(hours{24});
    schedule.run_due();
  }
  EXPECT_EQ(files().size(), 2U);
  EXPECT_THAT(files(), Not(testing::Contains(first)));
}

TEST_F(BackupScheduleTest, WhatIsDueFollowsFromTheFilesNotFromThisProcess) {
  open();
  BackupSchedule{*vaults_, ports(), tasks_}.run_due();
  clock_.advance(hours{1});
  BackupSchedule{*vaults_, ports(), tasks_}.run_due();
  EXPECT_EQ(files().size(), 1U);
  // A file of that name that is no backup of this vault neither counts nor is removed.
  std::filesystem::remove(vaults_options_.backup.folder / files().front());
  std::ofstream{vaults_options_.backup.folder / "main-9.hfbackup"} << "something else";
  for (int day = 0; day < 3; ++day) {
    clock_.advance(hours{24});
    BackupSchedule{*vaults_, ports(), tasks_}.run_due();
  }
  EXPECT_EQ(files().size(), 3U);
  EXPECT_THAT(files(), testing::Contains("main-9.hfbackup"));
}

TEST_F(BackupScheduleTest, WithoutAScheduleThereIsNone) {
  vaults_options_.backup.every = {};
  open();
  BackupSchedule schedule{*vaults_, ports(), tasks_};
  EXPECT_EQ(schedule.next_due(), std::nullopt);
  schedule.run_due();
  EXPECT_TRUE(files().empty());
  VaultsOptions later = vaults_options_;
  later.backup.every = hours{1};
  vaults_->configure(later);
  EXPECT_NE(schedule.next_due(), std::nullopt);
}

TEST_F(BackupScheduleTest, TheServerMakesThemAndStatusTellsOfOneThatFailed) {
  vaults_options_.backup.folder = temp_.path() / "no folder" / "backups";
  start_unlocked();
  const auto status_until = [&](auto&& good) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    std::string body;
    do {
      body = ask("GET", "/v1/vaults/main").body;
    } while (!good(body) && std::chrono::steady_clock::now() < patience);
    return body;
  };
  clock_.advance(minutes{2});
  const std::string failed =
      status_until([](const std::string& body) { return body.contains("backup_failed"); });
  EXPECT_THAT(failed, HasSubstr("\"code\":\"not_found\""));
  std::filesystem::create_directory(temp_.path() / "no folder");
  clock_.advance(minutes{11});
  status_until([](const std::string& body) { return !body.contains("backup_failed"); });
  EXPECT_EQ(files().size(), 1U);
}

}  // namespace
}  // namespace holdfast::api
