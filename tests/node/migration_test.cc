// One vault migrated into another.
#include "node/migration.h"

#include <gmock/gmock.h>

#include "node/vault_fixture.h"

namespace holdfast::node {
namespace {

using base::Error;
using testing::ElementsAre;
using testing::IsEmpty;

class MigrationTest : public VaultTest {
 protected:
  void SetUp() override {
    create();
    auto made = DistributedVault::create(source_folder(), {.device_name = "old", .kdf = kTestKdf},
                                         passphrase("another horse"), ports());
    ASSERT_TRUE(made) << made.error().text();
    source_ = *std::move(made);
  }
  [[nodiscard]] auto source_folder() const -> std::filesystem::path {
    return temp_.path() / "source";
  }
  void reopen_source() {
    source_.reset();
    source_ = DistributedVault::open(source_folder(), ports()).value();
    ASSERT_TRUE(source_->unlock(passphrase("another horse")));
  }
  auto put(std::string_view label, std::string_view password = "one",
           std::optional<CategoryId> category = {}) -> SecretId {
    clock_.advance_ms(10);
    auto receipt = source_->add(secret(label, "ann", password), category);
    EXPECT_TRUE(receipt) << receipt.error().text();
    return receipt ? receipt->secret : SecretId{};
  }
  void edit(DistributedVault& vault, const SecretId& id, std::string_view password) {
    clock_.advance_ms(10);
    auto entry = vault.get(id);
    ASSERT_TRUE(entry) << entry.error().text();
    entry->secret.password = text(password);
    entry->secret.modified = ports().now();
    auto written = vault.update(id, std::move(entry->secret), {});
    ASSERT_TRUE(written) << written.error().text();
  }
  // Category, tombstone, history, attachment, TOTP: one of each.
  void fill_source() {
    const auto work = source_->add_category("Work", std::nullopt);
    const auto code = source_->add_category("Code", *work);
    ASSERT_TRUE(source_->add_category("Empty", std::nullopt));
    const SecretId github = put("github", "one", *code);
    edit(*source_, github, "two");
    edit(*source_, github, "three");
    put("bank");
    ASSERT_TRUE(source_->remove(put("gone"), false, {}));
    model::Secret rich = secret("rich");
    rich.kind = model::Kind::card;
    rich.urls.push_back(text("https://example.org"));
    rich.tags.push_back(text("money"));
    rich.fields.push_back(
        {text("s"), text("pin"), text("1234"), true, model::FieldType::concealed});
    rich.totp.secret = text("0123456789");
    rich.attachments.push_back({text("k.pem"), text("text/plain"), text("key")});
    ASSERT_TRUE(source_->add(std::move(rich), std::nullopt));
  }
  auto migrate(MigrationConfig config = {}) -> MigrationReport {
    Migration migration{*source_, *vault_, std::move(config)};
    auto report = migration.run();
    EXPECT_TRUE(report) << report.error().text();
    return report ? *std::move(report) : MigrationReport{};
  }
  static auto counts(const MigrationReport& report) -> std::string {
    return std::to_string(report.total) + ": " + std::to_string(report.imported) + " imported, " +
           std::to_string(report.skipped) + " skipped, " + std::to_string(report.failed) +
           " failed, " + std::to_string(report.versions) + " versions";
  }
  auto found(std::string_view item) -> SecretId {
    const auto one = vault_->find(item);
    EXPECT_TRUE(one && one->one) << item;
    return one && one->one ? one->one->id : SecretId{};
  }
  auto passwords(const SecretId& id) -> std::vector<std::string> {
    std::vector<std::string> all;
    const auto infos = vault_->versions(id);
    for (const VersionInfo& info : *infos) {
      if (info.kind == model::VersionKind::tombstone) {
        all.emplace_back("deleted");
        continue;
      }
      all.push_back(
          vault_->get_version(id, info.id)->secret.password.expose_text([](std::string_view t) {
            return std::string{t};
          }));
    }
    return all;
  }
  // Everything a user can see of the target, ids apart.
  auto picture() -> std::vector<std::string> {
    std::vector<std::string> all;
    for (const bool deleted : {false, true}) {
      const auto listed = vault_->list({.deleted = deleted});
      for (const SummaryRef& summary : *listed) {
        std::string line = summary->label.expose_text([](auto t) { return std::string{t}; });
        for (const auto& one : passwords(summary->id)) line += " " + one;
        all.push_back(line + (deleted ? " (deleted)" : ""));
      }
    }
    return all;
  }

  std::unique_ptr<DistributedVault> source_;
};

TEST_F(MigrationTest, BringsCategoriesHistoriesTombstonesAndAttachments) {
  fill_source();
  const auto report = migrate({.verify = true});
  EXPECT_EQ(counts(report), "4: 4 imported, 0 skipped, 0 failed, 6 versions");
  EXPECT_EQ(report.categories, 3U);
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_EQ(passwords(found("Work/Code/github")),
            (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_EQ(vault_->status().secrets, 3U);
  const auto gone = vault_->list({.deleted = true});
  ASSERT_EQ(gone->size(), 1U);
  EXPECT_EQ(passwords(gone->front()->id), (std::vector<std::string>{"one", "deleted"}));
  const auto rich = vault_->get(found("rich"));
  ASSERT_EQ(rich->secret.attachments.size(), 1U);
  EXPECT_TRUE(rich->secret.attachments[0].content.expose_text([](auto t) { return t == "key"; }));
  EXPECT_EQ(rich->secret.kind, model::Kind::card);
  reopen();
  EXPECT_EQ(vault_->status().secrets, 3U);
  expect_verified();
}

TEST_F(MigrationTest, ASecondRunChangesNothing) {
  fill_source();
  migrate();
  for (const bool reopened : {false, true}) {
    if (reopened) reopen(), reopen_source();
    const auto before = vault_->status().state_root;
    const auto report = migrate({.verify = true});
    EXPECT_EQ(counts(report), "4: 0 imported, 4 skipped, 0 failed, 0 versions");
    EXPECT_EQ(report.categories, 0U);
    EXPECT_EQ(vault_->status().state_root, before);
    EXPECT_THAT(report.verification->differences, IsEmpty());
  }
}

TEST_F(MigrationTest, InterruptedAndRepeatedItEndsLikeOneCleanRun) {
  fill_source();
  for (int i = 0; i < 30; ++i) edit(*source_, put("many " + std::to_string(i)), "two");
  std::vector<std::vector<std::string>> ends;
  // Nothing is cut short; the batch ends between secrets; the batch ends amid histories.
  for (const std::size_t batch : {500U, 10U, 3U}) {
    vault_.reset();
    std::filesystem::remove_all(folder());
    create();
    if (batch != 500U) {
      int batches = 0;
      Migration migration{
          *source_, *vault_, {.batch_size = batch, .progress = [&](std::uint64_t, std::uint64_t) {
                                if (++batches == 3) vault_->lock();
                              }}};
      const auto cut = migration.run();
      ASSERT_FALSE(cut);
      EXPECT_EQ(cut.error().code, Error::vault_locked);
      reopen();
      EXPECT_LT(vault_->status().secrets, 33U);
    }
    const auto report = migrate({.batch_size = batch, .verify = true});
    EXPECT_THAT(report.errors, IsEmpty());
    EXPECT_THAT(report.verification->differences, IsEmpty());
    EXPECT_EQ(report.verification->versions, 66U);
    ends.push_back(picture());
    expect_verified();
  }
  EXPECT_EQ(ends[1], ends[0]);
  EXPECT_EQ(ends[2], ends[0]);
}

TEST_F(MigrationTest, WhatTheSourceDidSinceArrivesWithTheNextRun) {
  const SecretId id = put("github");
  const SecretId other = put("bank");
  migrate();
  edit(*source_, id, "two");
  ASSERT_TRUE(source_->remove(other, false, {}));
  EXPECT_EQ(counts(migrate()), "2: 2 imported, 0 skipped, 0 failed, 1 versions");
  EXPECT_EQ(passwords(found("github")), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(vault_->list({.deleted = true})->size(), 1U);
  ASSERT_TRUE(source_->restore(other, std::nullopt, {}));
  EXPECT_EQ(counts(migrate({.verify = true})), "2: 1 imported, 1 skipped, 0 failed, 1 versions");
  EXPECT_EQ(passwords(found("bank")), (std::vector<std::string>{"one", "deleted", "one"}));
}

TEST_F(MigrationTest, WhatTheTargetDidSinceIsNotTouched) {
  const SecretId id = put("github");
  migrate();
  edit(*vault_, found("github"), "mine");
  EXPECT_EQ(counts(migrate({.verify = true})), "1: 0 imported, 1 skipped, 0 failed, 0 versions");
  edit(*source_, id, "theirs");
  const auto report = migrate({.verify = true, .auto_cutover = true});
  EXPECT_EQ(counts(report), "1: 0 imported, 0 skipped, 1 failed, 0 versions");
  EXPECT_THAT(report.errors,
              ElementsAre(testing::StartsWith("sec_" + id.hex() + ": it was changed")));
  EXPECT_FALSE(report.cut_over);
  EXPECT_EQ(passwords(found("github")), (std::vector<std::string>{"one", "mine"}));
}

TEST_F(MigrationTest, TheSourceIsReadOnlyWhileItRunsAndNoLonger) {
  put("github");
  std::vector<Error> refused;
  MigrationConfig config{.progress = [&](std::uint64_t, std::uint64_t) {
    const auto added = source_->add(secret("late"), std::nullopt);
    refused.push_back(added ? Error{} : added.error().code);
    EXPECT_EQ(source_->status().read_only, Error::migration_running);
  }};
  migrate(std::move(config));
  EXPECT_THAT(refused, ElementsAre(Error::migration_running));
  EXPECT_EQ(source_->status().read_only, std::nullopt);
  put("afterwards");
  EXPECT_EQ(source_->status().secrets, 2U);
}

TEST_F(MigrationTest, TheSourceWritesAgainAfterAFailedRun) {
  put("github");
  vault_->lock();
  Migration migration{*source_, *vault_, {}};
  const auto report = migration.run();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Error::vault_locked);
  EXPECT_EQ(source_->status().read_only, std::nullopt);
}

TEST_F(MigrationTest, ACutOverVaultIsReadOnlyForGoodAndSaysByWhat) {
  fill_source();
  const auto report = migrate({.verify = true, .auto_cutover = true});
  EXPECT_TRUE(report.cut_over);
  for (const bool reopened : {false, true}) {
    if (reopened) reopen_source();
    EXPECT_EQ(source_->status().read_only, Error::vault_cut_over);
    EXPECT_EQ(source_->status().migrated_to, vault_->status().vault_id);
    const auto added = source_->add(secret("late"), std::nullopt);
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().code, Error::vault_cut_over);
    EXPECT_EQ(source_->list({})->size(), 3U);
  }
  // And it may be looked at, and migrated, once more.
  const auto again = migrate({.verify = true, .auto_cutover = true});
  EXPECT_EQ(counts(again), "4: 0 imported, 4 skipped, 0 failed, 0 versions");
  EXPECT_TRUE(again.cut_over);
}

TEST_F(MigrationTest, ADamagedCutOverMarkStillStopsWriting) {
  put("github");
  source_.reset();
  ASSERT_TRUE(store::write_file_atomic(source_folder() / "cut-over", base::view_of("damaged")));
  reopen_source();
  EXPECT_EQ(source_->status().read_only, Error::vault_cut_over);
  EXPECT_EQ(source_->status().migrated_to, std::nullopt);
}

TEST_F(MigrationTest, AnErrorPreventsTheCutOverAndStopsOnlyIfAsked) {
  model::ConflictSettings manual{*plaintext_};
  manual.strategy = model::Strategy::manual;
  ASSERT_TRUE(source_->set_conflict_settings(manual));
  const SecretId first = put("github");
  const auto base = source_->get(first)->version;
  edit(*source_, first, "two");
  ASSERT_TRUE(source_->update(first, secret("github", "ann", "three"), {.made_from = base}));
  put("bank");
  const auto going_on = migrate({.verify = true, .auto_cutover = true});
  EXPECT_EQ(counts(going_on), "2: 1 imported, 0 skipped, 1 failed, 1 versions");
  EXPECT_THAT(going_on.errors, ElementsAre(testing::HasSubstr("in conflict")));
  EXPECT_FALSE(going_on.cut_over);
  EXPECT_FALSE(going_on.stopped);
  EXPECT_EQ(source_->status().read_only, std::nullopt);
  put("later");
  const auto stopped = migrate({.stop_on_error = true});
  EXPECT_EQ(counts(stopped), "3: 0 imported, 0 skipped, 1 failed, 0 versions");
  EXPECT_TRUE(stopped.stopped);
}

TEST_F(MigrationTest, VerificationFindsAValueThatArrivedDifferently) {
  const SecretId id = put("github");
  migrate();
  // A copy that claims to be that version but is not: as a fault on the way would leave it.
  auto copy = vault_->get(found("github"));
  ASSERT_TRUE(vault_->remove(copy->id, true, {}));
  copy->secret.password = text("canary");
  ASSERT_TRUE(vault_->add(std::move(copy->secret), std::nullopt));
  const auto report = migrate({.verify = true, .auto_cutover = true});
  EXPECT_THAT(report.verification->differences,
              ElementsAre(testing::AllOf(testing::StartsWith("sec_" + id.hex() + ", ver_"),
                                         testing::EndsWith(": password differs"),
                                         testing::Not(testing::HasSubstr("canary")))));
  EXPECT_FALSE(report.cut_over);
  EXPECT_EQ(source_->status().read_only, std::nullopt);
}

TEST_F(MigrationTest, ProgressCountsSecretsInBatchesOfTheSizeGiven) {
  for (int i = 0; i < 25; ++i) put("entry " + std::to_string(i));
  std::vector<std::uint64_t> done;
  migrate({.batch_size = 10, .progress = [&](std::uint64_t at, std::uint64_t total) {
             EXPECT_EQ(total, 25U);
             done.push_back(at);
           }});
  ASSERT_EQ(done.size(), 3U);
  EXPECT_EQ(done.back(), 25U);
}

TEST_F(MigrationTest, ADryRunCountsAndWritesNothing) {
  fill_source();
  const auto before = vault_->status().state_root;
  const auto report = migrate({.dry_run = true});
  EXPECT_EQ(counts(report), "4: 4 imported, 0 skipped, 0 failed, 6 versions");
  EXPECT_EQ(report.categories, 3U);
  EXPECT_EQ(vault_->status().state_root, before);
  EXPECT_EQ(counts(migrate()), counts(report));  // it told what would be
}

TEST_F(MigrationTest, RefusesItselfLockedVaultsAndBadBatches) {
  const auto refuses = [&](DistributedVault& source, MigrationConfig config) {
    Migration migration{source, *vault_, std::move(config)};
    const auto report = migration.run();
    return report ? Error{} : report.error().code;
  };
  EXPECT_EQ(refuses(*vault_, {}), Error::migration_into_itself);
  EXPECT_EQ(refuses(*source_, {.batch_size = 0}), Error::out_of_range);
  EXPECT_EQ(refuses(*source_, {.batch_size = kMigrationBatchMax + 1}), Error::out_of_range);
  source_->lock();
  EXPECT_EQ(refuses(*source_, {}), Error::vault_locked);
}

}  // namespace
}  // namespace holdfast::node
