// Backups: what is in them, what they become again, and what damage does to them.
#include "node/backup.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "node/backup_restore.h"
#include "node/damaged_vault.h"

namespace holdfast::node {
namespace {

using base::Error;

class BackupTest : public OnBothOrderings<DamagedVault> {
 protected:
  [[nodiscard]] auto file() const -> std::filesystem::path { return temp_.path() / "vault.backup"; }
  [[nodiscard]] auto restored_folder() const -> std::filesystem::path {
    return temp_.path() / "restored";
  }
  auto back_up() -> BackupManifest {
    auto manifest = vault_->backup(file());
    EXPECT_TRUE(manifest) << manifest.error().text();
    return manifest ? *std::move(manifest) : BackupManifest{};
  }
  auto verify() -> std::string {
    auto checked = verify_backup(file(), temp_.path(), passphrase(), ports());
    if (!checked) return std::string{base::error_name(checked.error().code)};
    if (checked->report.first_bad) return *checked->report.first_bad;
    return "whole";
  }
  auto restore() -> Error {
    auto restored = restore_backup(file(), restored_folder(), passphrase(), ports());
    return restored ? Error{} : restored.error().code;
  }
  void open_restored() {
    vault_.reset();
    vault_ = DistributedVault::open(restored_folder(), ports()).value();
    const auto unlocked = vault_->unlock(passphrase());
    ASSERT_TRUE(unlocked) << unlocked.error().text();
  }
  auto names() -> std::vector<std::string> {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator{temp_.path()}) {
      all.push_back(entry.path().filename().string());
    }
    std::ranges::sort(all);
    return all;
  }
};

TEST_P(BackupTest, IsOfTheStateOfItsMomentAndSaysSo) {
  create_with(5);
  const Status before = vault_->status();
  const BackupManifest made = back_up();
  add("later");
  EXPECT_EQ(made.height, before.height);
  EXPECT_EQ(made.state_root, before.state_root);
  const auto read = read_backup_manifest(file());
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->vault, before.vault_id);
  EXPECT_EQ(read->audit_root, before.audit_root);
  EXPECT_EQ(read->records, made.records);
  EXPECT_GT(read->records[std::to_underlying(ports::Column::versions)], 4U);
  EXPECT_EQ(verify(), "whole");
}

TEST_P(BackupTest, IsPrivateAndHoldsNoPlaintextAndNoSigner) {
  create_with(1);
  add("canary-label", "canary-password");
  back_up();
  struct stat status{};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const auto bytes = store::read_file(file(), 64 << 20).value();
  EXPECT_EQ(base::text_of(bytes).find("canary"), std::string_view::npos);
  EXPECT_EQ(base::text_of(bytes).find("HFSIGNER"), std::string_view::npos);
  EXPECT_EQ(base::text_of(bytes).find("HFNODEK1"), std::string_view::npos);
}

TEST_P(BackupTest, ALockedVaultIsBackedUpToo) {
  create_with(2);
  vault_->lock();
  back_up();
  EXPECT_EQ(verify(), "whole");
}

TEST_P(BackupTest, NeverReplacesAFile) {
  create_with(1);
  ASSERT_TRUE(store::write_file_atomic(file(), base::view_of("precious")));
  const auto made = vault_->backup(file());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Error::already_exists);
  EXPECT_EQ(base::text_of(*store::read_file(file(), 100)), "precious");
}

TEST_P(BackupTest, BecomesAVaultThatOpensWithThePassphrase) {
  create_with(5);
  back_up();
  ASSERT_EQ(restore(), Error{});
  open_restored();
  expect_readable();
  expect_verified();
  EXPECT_EQ(names(), (std::vector<std::string>{"restored", "vault", "vault.backup"}));
}

TEST_P(BackupTest, ARestoredVaultSignsOnlyOnceItsOwnerConfirms) {
  create_with(3);
  back_up();
  ASSERT_EQ(restore(), Error{});
  open_restored();
  expect_read_only(Error::signer_missing);
  const auto confirmed = vault_->confirm_recovery();
  ASSERT_TRUE(confirmed) << confirmed.error().text();
  EXPECT_EQ(vault_->status().read_only, std::nullopt);
  add("new");
  open_restored();  // the signer it made holds
  EXPECT_EQ(vault_->status().read_only, std::nullopt);
  add("newer");
  EXPECT_EQ(vault_->status().secrets, 5U);
  expect_verified();
}

TEST_P(BackupTest, OnlyAMissingSignerCanBeConfirmed) {
  create_with(1);
  const auto needless = vault_->confirm_recovery();
  ASSERT_FALSE(needless);
  EXPECT_EQ(needless.error().code, Error::nothing_to_recover);
}

TEST_P(BackupTest, RestoringOverwritesNothing) {
  create_with(1);
  back_up();
  ASSERT_EQ(restore(), Error{});
  EXPECT_EQ(restore(), Error::vault_exists);
  open_restored();
  expect_readable();
}

TEST_P(BackupTest, AnotherPassphraseOpensNothing) {
  create_with(1);
  back_up();
  const auto wrong = restore_backup(file(), restored_folder(), passphrase("wrong"), ports());
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Error::wrong_passphrase);
  EXPECT_EQ(names(), (std::vector<std::string>{"vault", "vault.backup"}));
}

TEST_P(BackupTest, ManyChunksComeBackInOrder) {
  create();
  for (int i = 0; i < 6; ++i) {
    auto made = secret("large " + std::to_string(i));
    made.notes.buffer().assign(900 << 10, static_cast<std::uint8_t>('a' + i));
    ASSERT_TRUE(vault_->add(std::move(made), std::nullopt));
  }
  EXPECT_GT(back_up().chunks, 8U);
  EXPECT_EQ(verify(), "whole");
  ASSERT_EQ(restore(), Error{});
  open_restored();
  EXPECT_EQ(vault_->status().secrets, 6U);
  expect_verified();
}

TEST_P(BackupTest, DamageAnywhereIsFoundAndLeavesNothingBehind) {
  create_with(3);
  back_up();
  const auto whole = store::read_file(file(), 64 << 20).value();
  for (const std::size_t at : {std::size_t{3}, std::size_t{9}, std::size_t{700}, std::size_t{5000},
                               whole.size() / 2, whole.size() - 1}) {
    flip_byte(file(), at);
    EXPECT_EQ(verify(), "backup_corrupt") << at;
    EXPECT_EQ(restore(), Error::backup_corrupt) << at;
    flip_byte(file(), at);
  }
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{8}, std::size_t{100}, whole.size() / 2, whole.size() - 1}) {
    std::filesystem::remove(file());
    ASSERT_TRUE(store::write_file_atomic(file(), base::ByteView{whole}.first(length)));
    EXPECT_EQ(verify(), "backup_corrupt") << length;
    EXPECT_EQ(restore(), Error::backup_corrupt) << length;
  }
  auto longer = whole;
  longer.push_back(0);
  ASSERT_TRUE(store::write_file_atomic(file(), longer));
  EXPECT_EQ(verify(), "backup_corrupt");
  EXPECT_EQ(names(), (std::vector<std::string>{"vault", "vault.backup"}));
  ASSERT_TRUE(store::write_file_atomic(file(), whole));
  EXPECT_EQ(verify(), "whole");
}

TEST_P(BackupTest, AChunkLeftOutOrSwappedIsFound) {
  create();
  for (int i = 0; i < 4; ++i) {
    auto made = secret("large " + std::to_string(i));
    made.notes.buffer().assign(900 << 10, 'x');
    ASSERT_TRUE(vault_->add(std::move(made), std::nullopt));
  }
  back_up();
  const auto whole = store::read_file(file(), 64 << 20).value();
  // The parts: the start and every chunk, each with its length in front.
  std::vector<base::Bytes> parts;
  for (std::size_t at = kBackupMagic.size(); at < whole.size();) {
    std::size_t length = 4;
    for (std::size_t i = 0, sum = 0; i < 4; ++i) {
      sum = sum << 8U | whole[at + i];
      length = sum + 4;
    }
    parts.emplace_back(whole.begin() + static_cast<std::ptrdiff_t>(at),
                       whole.begin() + static_cast<std::ptrdiff_t>(at + length));
    at += length;
  }
  ASSERT_GT(parts.size(), 5U);
  const auto write = [&](const std::vector<base::Bytes>& all) {
    base::Bytes joined = base::to_bytes(base::view_of(kBackupMagic));
    for (const base::Bytes& part : all) base::append(joined, part);
    ASSERT_TRUE(store::write_file_atomic(file(), joined));
  };
  auto without = parts;
  without.erase(without.begin() + 3);
  write(without);
  EXPECT_EQ(verify(), "backup_corrupt");
  auto shorter = parts;
  shorter.pop_back();
  write(shorter);
  EXPECT_EQ(verify(), "backup_corrupt");
  auto swapped = parts;
  std::swap(swapped[2], swapped[3]);
  write(swapped);
  EXPECT_EQ(verify(), "backup_corrupt");
  write(parts);
  EXPECT_EQ(verify(), "whole");
}

TEST_P(BackupTest, AVaultWithABadRecordGivesABackupThatVerifyRefuses) {
  create_with(3);
  const auto audit = records(ports::Column::audit);
  ASSERT_FALSE(audit.empty());
  write(ports::Column::audit, audit.front().first, std::nullopt);
  reopen();
  back_up();
  EXPECT_EQ(verify(), "audit record 0: missing or damaged");
}

INSTANTIATE_ON_BOTH_ORDERINGS(BackupTest);

}  // namespace
}  // namespace holdfast::node
