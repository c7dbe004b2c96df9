#include <gmock/gmock.h>

#include "node/vault_fixture.h"

namespace holdfast::node {
namespace {

using base::Error;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

class Import : public VaultTest {
 protected:
  struct Row {
    std::string label;
    std::string source_id;
    std::string password = "hunter2";
    std::vector<std::string> folder = {};
    bool deleted = false;
    std::vector<std::string> history = {};  // older passwords, oldest first
  };
  void SetUp() override { create(); }

  auto entry(const Row& row) -> formats::ImportedEntry {
    formats::ImportedEntry made{.secret = secret(row.label, "ann", row.password)};
    if (!row.source_id.empty()) {
      made.secret.sources.push_back({text("bitwarden-json"), text(row.source_id)});
    }
    for (const auto& name : row.folder) made.folder.push_back(text(name));
    made.deleted = row.deleted;
    for (const auto& older : row.history) {
      made.history.push_back(secret(row.label, "ann", older));
      if (!row.source_id.empty()) {
        made.history.back().sources.push_back({text("bitwarden-json"), text(row.source_id)});
      }
    }
    return made;
  }
  auto file(const std::vector<Row>& rows) -> formats::Imported {
    formats::Imported made;
    for (const Row& row : rows) {
      made.entries.push_back(entry(row));
      made.folders.emplace_back();
      for (const auto& name : row.folder) made.folders.back().push_back(text(name));
    }
    std::erase_if(made.folders, [](const auto& path) { return path.empty(); });
    return made;
  }
  auto import(const std::vector<Row>& rows, ImportOptions options = {}) -> ImportReport {
    auto report = vault_->import(file(rows), options);
    EXPECT_TRUE(report) << report.error().text();
    return report ? *std::move(report) : ImportReport{};
  }
  auto password(std::string_view item) -> std::string {
    const auto found = vault_->find(item);
    if (!found || found->one == nullptr) return "not found";
    return password_of(found->one->id);
  }
  auto root() -> crypto::Digest { return vault_->status().state_root; }
  static auto counts(const ImportReport& report) -> std::string {
    return std::to_string(report.added) + " added, " + std::to_string(report.updated) +
           " updated, " + std::to_string(report.skipped) + " skipped, " +
           std::to_string(report.failed) + " failed";
  }
  auto many(int count) -> std::vector<Row> {
    std::vector<Row> rows;
    for (int i = 0; i < count; ++i) {
      rows.push_back(
          {.label = "entry " + std::to_string(i), .source_id = "id" + std::to_string(i)});
    }
    return rows;
  }
};

TEST_F(Import, AddsEveryEntryInItsFolder) {
  const auto report = import({{"GitHub", "1", "one", {"Work"}},
                              {"Mail", "2", "two", {"Work", "Mail"}},
                              {"Bank", "3", "three", {}}});
  EXPECT_EQ(report.read, 3U);
  EXPECT_EQ(counts(report), "3 added, 0 updated, 0 skipped, 0 failed");
  EXPECT_EQ(report.categories, 2U);
  EXPECT_EQ(password("Work/GitHub"), "one");
  EXPECT_EQ(password("Work/Mail/Mail"), "two");
  EXPECT_EQ(password("main/Bank"), "three");
  reopen();
  EXPECT_EQ(password("Work/Mail/Mail"), "two");
  expect_verified();
}

TEST_F(Import, AFolderNamedTwiceIsOneCategoryAlsoOneThatIsThereAlready) {
  ASSERT_TRUE(vault_->add_category("Work", std::nullopt));
  auto named_twice = file({{"a", "1", "x", {"Work", "Mail"}}, {"b", "2", "x", {"Work", "Mail"}}});
  named_twice.folders.emplace_back();
  named_twice.folders.back().push_back(text("Empty"));
  const auto report = vault_->import(std::move(named_twice), {});
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->categories, 2U);  // Mail and Empty
  std::map<std::string, std::uint64_t> names;
  const auto all = vault_->categories();
  for (const Category& category : *all) {
    names[category.name.expose_text([](std::string_view n) { return std::string{n}; })] =
        category.secrets;
  }
  EXPECT_EQ(names, (std::map<std::string, std::uint64_t>{
                       {"Empty", 0}, {"Mail", 2}, {"Work", 0}, {"main", 0}}));
}

TEST_F(Import, EqualNamesBelowDifferentParentsAreDifferentCategories) {
  const auto report =
      import({{"a", "1", "x", {"Work", "Mail"}}, {"b", "2", "x", {"Home", "Mail"}}});
  EXPECT_EQ(report.categories, 4U);
  EXPECT_EQ(password("Home/Mail/b"), "x");
  EXPECT_EQ(password("Work/Mail/b"), "not found");
}

TEST_F(Import, AGivenCategoryTakesThePlaceOfTheFolders) {
  const auto into = vault_->add_category("Imported", std::nullopt);
  ASSERT_TRUE(into);
  const auto report = import({{"a", "1", "x", {"Work"}}}, {.category = *into});
  EXPECT_EQ(report.categories, 0U);
  EXPECT_EQ(password("Imported/a"), "x");
}

TEST_F(Import, HistoryBecomesVersionsAndTheLastIsShown) {
  const auto report = import({{"GitHub", "1", "new", {}, false, {"oldest", "older"}}});
  EXPECT_EQ(counts(report), "1 added, 0 updated, 0 skipped, 0 failed");
  EXPECT_EQ(password("GitHub"), "new");
  EXPECT_EQ(vault_->verify({})->versions, 3U);
  EXPECT_EQ(vault_->find("GitHub")->one->conflict, false);
}

TEST_F(Import, EntriesInTheTrashArriveDeleted) {
  import({{"gone", "1", "x", {}, true}, {"here", "2"}});
  EXPECT_EQ(vault_->status().secrets, 1U);
  EXPECT_EQ(vault_->list({.deleted = true})->size(), 1U);
  reopen();
  EXPECT_EQ(vault_->list({.deleted = true})->size(), 1U);
}

TEST_F(Import, ASecondRunChangesNothing) {
  const std::vector<Row> rows{{"GitHub", "1", "one", {"Work"}, false, {"old"}},
                              {"gone", "2", "x", {}, true},
                              {"Bank", "3"}};
  import(rows);
  for (const bool after_reopening : {false, true}) {
    if (after_reopening) reopen();
    const auto before = root();
    const auto report = import(rows);
    EXPECT_EQ(counts(report), "0 added, 0 updated, 3 skipped, 0 failed");
    EXPECT_EQ(report.categories, 0U);
    EXPECT_EQ(root(), before);
  }
  EXPECT_EQ(vault_->status().secrets, 2U);
  EXPECT_EQ(vault_->list({.deleted = true})->size(), 1U);
}

TEST_F(Import, WithoutASourceIdEveryRunAddsAgain) {
  import({{"GitHub", ""}});
  EXPECT_EQ(counts(import({{"GitHub", ""}})), "1 added, 0 updated, 0 skipped, 0 failed");
  EXPECT_EQ(vault_->status().secrets, 2U);
}

TEST_F(Import, SkipKeepsWhatWasEditedHere) {
  import({{"GitHub", "1", "one"}});
  const auto id = vault_->find("GitHub")->one->id;
  auto edited = vault_->get(id)->secret.clone();
  edited.password = text("edited");
  ASSERT_TRUE(vault_->update(id, std::move(edited), {}));
  EXPECT_EQ(counts(import({{"GitHub", "1", "two"}})), "0 added, 0 updated, 1 skipped, 0 failed");
  EXPECT_EQ(password("GitHub"), "edited");
}

TEST_F(Import, ReplaceChangesOnlyWhatDiffers) {
  import({{"GitHub", "1", "one"}, {"Bank", "2", "same"}, {"Mail", "3", "three"}});
  const auto versions = vault_->verify({})->versions;
  const auto report = import({{"GitHub", "1", "new"}, {"Bank", "2", "same"}, {"Fresh", "4", "f"}},
                             {.category = {}, .on_conflict = OnConflict::replace});
  EXPECT_EQ(counts(report), "1 added, 1 updated, 1 skipped, 0 failed");
  EXPECT_EQ(password("GitHub"), "new");
  EXPECT_EQ(password("Mail"), "three");
  EXPECT_EQ(vault_->verify({})->versions, versions + 2);
  EXPECT_EQ(vault_->status().secrets, 4U);
}

TEST_F(Import, DuplicateAddsWhatIsKnownOnceMore) {
  import({{"GitHub", "1", "one"}});
  const auto report =
      import({{"GitHub", "1", "two"}}, {.category = {}, .on_conflict = OnConflict::duplicate});
  EXPECT_EQ(counts(report), "1 added, 0 updated, 0 skipped, 0 failed");
  EXPECT_EQ(vault_->status().secrets, 2U);
  EXPECT_TRUE(vault_->find("GitHub")->duplicate_label);
}

TEST_F(Import, AnEntryThatTheFileHasTwiceIsAddedOnce) {
  const std::vector<Row> twice{{"GitHub", "1", "one"}, {"GitHub", "1", "two"}};
  EXPECT_EQ(counts(import(twice)), "1 added, 0 updated, 1 skipped, 0 failed");
  EXPECT_EQ(password("GitHub"), "one");
}

TEST_F(Import, ReplacingWithAFileThatHasAnEntryTwiceTakesTheLast) {
  const std::vector<Row> twice{
      {"GitHub", "1", "one"}, {"GitHub", "1", "two"}, {"GitHub", "1", "two"}};
  EXPECT_EQ(counts(import(twice, {.category = {}, .on_conflict = OnConflict::replace})),
            "1 added, 1 updated, 1 skipped, 0 failed");
  EXPECT_EQ(password("GitHub"), "two");
  EXPECT_EQ(vault_->status().secrets, 1U);
}

TEST_F(Import, ADryRunCountsAndWritesNothing) {
  import({{"GitHub", "1", "one"}});
  const auto before = root();
  const std::vector<Row> rows{{"GitHub", "1", "one"},
                              {"Bank", "2", "x", {"Work"}},
                              {"Bank", "2", "x", {"Work"}},
                              {"", "3"}};
  const auto skipped = import(rows, {.category = {}, .dry_run = true});
  EXPECT_EQ(counts(skipped), "1 added, 0 updated, 2 skipped, 1 failed");
  EXPECT_EQ(skipped.categories, 1U);
  const auto replaced =
      import({{"GitHub", "1", "one"}, {"GitHub", "1", "two"}},
             {.category = {}, .on_conflict = OnConflict::replace, .dry_run = true});
  EXPECT_EQ(counts(replaced), "0 added, 1 updated, 1 skipped, 0 failed");
  EXPECT_EQ(root(), before);
  EXPECT_EQ(vault_->categories()->size(), 1U);
  EXPECT_EQ(counts(import(rows)), counts(skipped));  // it told what would be
}

TEST_F(Import, WhatFailsDoesNotStopTheOthers) {
  auto made =
      file({{"good", "1"}, {"", "2"}, {"large", "3"}, {"folder", "4", "x", {""}}, {"last", "5"}});
  made.entries[2].secret.notes.buffer().assign(model::kNotesBytesMax + 1, 'x');
  const auto report = vault_->import(std::move(made), {});
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(counts(*report), "2 added, 0 updated, 0 skipped, 3 failed");
  std::vector<std::string> failures = report->failures;
  std::ranges::sort(failures);
  EXPECT_THAT(failures,
              ElementsAre(testing::StartsWith("entry 2: "), testing::StartsWith("entry 3: "),
                          testing::StartsWith("entry 4: ")));
  EXPECT_EQ(password("good"), "hunter2");
  EXPECT_EQ(password("last"), "hunter2");
  expect_verified();
}

TEST_F(Import, ManyEntriesArriveInFewTransactionsWithProgress) {
  const auto before = vault_->status().height;
  std::vector<std::uint64_t> done;
  const auto report =
      import(many(1000), {.category = {}, .progress = [&](std::uint64_t at, std::uint64_t total) {
                            EXPECT_EQ(total, 1000U);
                            done.push_back(at);
                          }});
  EXPECT_EQ(report.added, 1000U);
  EXPECT_THAT(done, ElementsAre(250, 500, 750, 1000, 1000));
  EXPECT_LE(std::to_underlying(vault_->status().height), std::to_underlying(before) + 6);
  reopen();
  EXPECT_EQ(vault_->status().secrets, 1000U);
  expect_verified();
}

TEST_F(Import, AnInterruptedImportIsCompletedByRunningItAgain) {
  const auto lock_at_half = [&](std::uint64_t at, std::uint64_t) {
    if (at == 500) vault_->lock();
  };
  const auto report = vault_->import(file(many(1000)), {.category = {}, .progress = lock_at_half});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Error::vault_locked);
  ASSERT_TRUE(vault_->unlock(passphrase()));
  const std::uint64_t arrived = vault_->status().secrets;  // the third chunk was under way
  EXPECT_TRUE(arrived == 500 || arrived == 750) << arrived;
  EXPECT_EQ(counts(import(many(1000))), std::to_string(1000 - arrived) + " added, 0 updated, " +
                                            std::to_string(arrived) + " skipped, 0 failed");
  EXPECT_EQ(vault_->status().secrets, 1000U);
  EXPECT_EQ(counts(import(many(1000))), "0 added, 0 updated, 1000 skipped, 0 failed");
  expect_verified();
}

TEST_F(Import, ALockedVaultImportsNothing) {
  vault_->lock();
  const auto report = vault_->import(file({{"a", "1"}}), {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Error::vault_locked);
}

TEST_F(Import, TheReportHoldsNoValues) {
  auto made = file({{"canary-label", "1", "canary-password"}, {"", "2", "canary-password"}});
  const auto report = vault_->import(std::move(made), {});
  ASSERT_TRUE(report);
  for (const auto& line : report->failures) EXPECT_EQ(line.find("canary"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::node
