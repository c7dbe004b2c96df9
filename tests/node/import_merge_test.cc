// Importing with --on-conflict merge: the file, the secret held, and what was imported before.
#include <gmock/gmock.h>

#include "node/vault_fixture.h"

namespace holdfast::node {
namespace {

using base::Error;

class ImportMerge : public VaultTest {
 protected:
  struct Row {
    std::string id;
    std::string username = "ann", password = "one", notes = {};
    bool deleted = false;
  };
  void SetUp() override { create(); }

  auto file(const std::vector<Row>& rows) -> formats::Imported {
    formats::Imported made;
    for (const Row& row : rows) {
      clock_.advance_ms(10);  // later than any edit before it
      formats::ImportedEntry entry{.secret = secret("label " + row.id, row.username, row.password)};
      entry.secret.notes = text(row.notes);
      entry.secret.sources.push_back({text("bitwarden-json"), text(row.id)});
      entry.secret.modified = ports().now();
      entry.deleted = row.deleted;
      made.entries.push_back(std::move(entry));
    }
    return made;
  }
  auto merge(const std::vector<Row>& rows, ImportOptions options = {}) -> std::string {
    options.on_conflict = OnConflict::merge;
    auto report = vault_->import(file(rows), options);
    if (!report) return report.error().text();
    return std::to_string(report->added) + " added, " + std::to_string(report->updated) +
           " updated, " + std::to_string(report->skipped) + " skipped, " +
           std::to_string(report->failed) + " failed";
  }
  auto id_of(const std::string& row) -> SecretId {
    for (const bool deleted : {false, true}) {
      const auto all = vault_->list({.deleted = deleted});
      for (const SummaryRef& summary : *all) {
        if (summary->label.expose_text([&](auto t) { return t == "label " + row; })) {
          return summary->id;
        }
      }
    }
    ADD_FAILURE() << "no secret " << row;
    return {};
  }
  // "username password notes"
  auto shown(const std::string& row) -> std::string {
    const auto entry = vault_->get(id_of(row));
    if (!entry) return std::string{base::error_name(entry.error().code)};
    std::string all;
    for (const auto* part :
         {&entry->secret.username, &entry->secret.password, &entry->secret.notes}) {
      all += part->expose_text([](std::string_view t) { return std::string{t}; }) + "|";
    }
    return all;
  }
  template <class Change>
  void edit(const std::string& row, Change&& change) {
    const SecretId id = id_of(row);
    auto entry = vault_->get(id);
    ASSERT_TRUE(entry);
    change(entry->secret);
    clock_.advance_ms(10);
    entry->secret.modified = ports().now();
    ASSERT_TRUE(vault_->update(id, std::move(entry->secret), {}));
  }
  auto root() -> crypto::Digest { return vault_->status().state_root; }
};

constexpr const char* kUpdated = "0 added, 1 updated, 0 skipped, 0 failed";
constexpr const char* kSkipped = "0 added, 0 updated, 1 skipped, 0 failed";

TEST_F(ImportMerge, KeepsAnEditMadeHereBesideOneMadeThere) {
  EXPECT_EQ(merge({{"1"}}), "1 added, 0 updated, 0 skipped, 0 failed");
  edit("1", [&](model::Secret& s) { s.username = text("here"); });
  EXPECT_EQ(merge({{"1", "ann", "there"}}), kUpdated);
  EXPECT_EQ(shown("1"), "here|there||");
  EXPECT_EQ(vault_->status().conflicts, 0U);
  expect_verified();
}

TEST_F(ImportMerge, TheMergeFollowsAllHeadsAndTheImportIsAVersionOfItsOwn) {
  merge({{"1"}});
  edit("1", [&](model::Secret& s) { s.username = text("here"); });
  const auto before = vault_->versions(id_of("1"));
  merge({{"1", "ann", "there"}});
  const auto after = vault_->versions(id_of("1"));
  ASSERT_EQ(after->size(), 4U);
  const VersionInfo& imported = (*after)[2];
  EXPECT_EQ(imported.parents, std::vector{before->front().id});
  std::vector<VersionId> heads{before->back().id, imported.id};
  std::ranges::sort(heads);
  EXPECT_EQ(after->back().parents, heads);
  EXPECT_TRUE(after->back().head);
}

TEST_F(ImportMerge, AnUnchangedFileChangesNothing) {
  merge({{"1"}});
  const auto imported = root();
  EXPECT_EQ(merge({{"1"}}), kSkipped);
  EXPECT_EQ(root(), imported);
  edit("1", [&](model::Secret& s) { s.password = text("edited"); });
  const auto edited = root();
  EXPECT_EQ(merge({{"1"}}), kSkipped);
  EXPECT_EQ(root(), edited);
  EXPECT_EQ(shown("1"), "ann|edited||");
}

TEST_F(ImportMerge, RunningItTwiceChangesNothing) {
  merge({{"1"}});
  edit("1", [&](model::Secret& s) { s.notes = text("mine"); });
  EXPECT_EQ(merge({{"1", "ann", "two"}}), kUpdated);
  const auto merged = root();
  reopen();
  EXPECT_EQ(merge({{"1", "ann", "two"}}), kSkipped);
  EXPECT_EQ(root(), merged);
}

TEST_F(ImportMerge, TheThirdImportIsComparedWithTheSecond) {
  merge({{"1"}});
  edit("1", [&](model::Secret& s) { s.notes = text("mine"); });
  merge({{"1", "ann", "two"}});
  edit("1", [&](model::Secret& s) { s.password = text("mine"); });
  // Only the user name changed there since: the password changed here stays.
  EXPECT_EQ(merge({{"1", "bob", "two"}}), kUpdated);
  EXPECT_EQ(shown("1"), "bob|mine|mine|");
}

TEST_F(ImportMerge, AFieldChangedInBothTakesTheLatestAndLosesNothing) {
  merge({{"1"}});
  edit("1", [&](model::Secret& s) { s.password = text("here"); });
  EXPECT_EQ(merge({{"1", "ann", "there"}}), kUpdated);
  EXPECT_EQ(shown("1"), "ann|there||");
  bool kept = false;
  const SecretId id = id_of("1");
  const auto infos = vault_->versions(id);
  for (const VersionInfo& info : *infos) {
    kept = kept || vault_->get_version(id, info.id)->secret.password.expose_text([](auto t) {
      return t == "here";
    });
  }
  EXPECT_TRUE(kept);
}

TEST_F(ImportMerge, WithoutAnEditHereTheFileIsTaken) {
  merge({{"1"}});
  EXPECT_EQ(merge({{"1", "ann", "two"}}), kUpdated);
  EXPECT_EQ(shown("1"), "ann|two||");
  EXPECT_EQ(vault_->versions(id_of("1"))->size(), 2U);
}

TEST_F(ImportMerge, WhatWasImportedByAnotherProgramMergesWithTwoSides) {
  auto added = secret("label 1", "ann", "one");  // its source, but no mark of what was imported
  added.sources.push_back({text("bitwarden-json"), text("1")});
  added.notes = text("mine");
  ASSERT_TRUE(vault_->add(std::move(added), std::nullopt));
  clock_.advance_ms(10);
  EXPECT_EQ(merge({{"1", "bob", "two"}}), kUpdated);
  EXPECT_EQ(shown("1"), "bob|two|mine|");  // what is on one side only is kept
  EXPECT_EQ(merge({{"1", "bob", "two"}}), kSkipped);
}

TEST_F(ImportMerge, AnEqualSecretWithoutAMarkIsLeftAlone) {
  auto added = secret("label 1", "ann", "one");
  added.sources.push_back({text("bitwarden-json"), text("1")});
  ASSERT_TRUE(vault_->add(std::move(added), std::nullopt));
  const auto before = root();
  EXPECT_EQ(merge({{"1"}}), kSkipped);
  EXPECT_EQ(root(), before);
}

TEST_F(ImportMerge, WhatIsDeletedHereStaysSoUnlessTheFileChanged) {
  merge({{"1"}});
  ASSERT_TRUE(vault_->remove(id_of("1"), false, {}));
  EXPECT_EQ(merge({{"1"}}), kSkipped);
  EXPECT_EQ(vault_->status().secrets, 0U);
  EXPECT_EQ(merge({{"1", "ann", "two"}}), kUpdated);
  EXPECT_EQ(shown("1"), "ann|two||");
  EXPECT_EQ(vault_->status().secrets, 1U);
}

TEST_F(ImportMerge, WhatIsDeletedThereGoesUnlessItWasEditedHere) {
  merge({{"1"}, {"2"}});
  edit("2", [&](model::Secret& s) { s.notes = text("mine"); });
  const std::vector<Row> trash{{.id = "1", .deleted = true}, {.id = "2", .deleted = true}};
  EXPECT_EQ(merge(trash), "0 added, 2 updated, 0 skipped, 0 failed");
  EXPECT_EQ(vault_->status().secrets, 1U);
  EXPECT_EQ(shown("2"), "ann|one|mine|");
  EXPECT_EQ(merge(trash), "0 added, 0 updated, 2 skipped, 0 failed");
}

TEST_F(ImportMerge, AnEntryThatTheFileHasTwiceIsMergedOnce) {
  merge({{"1"}});
  const std::vector<Row> twice{{"1", "ann", "two"}, {"1", "ann", "three"}};
  EXPECT_EQ(merge(twice), "0 added, 1 updated, 1 skipped, 0 failed");
  EXPECT_EQ(shown("1"), "ann|two||");
}

TEST_F(ImportMerge, AManualStrategyDoesNotStopAMergeThatWasAskedFor) {
  model::ConflictSettings manual{*plaintext_};
  manual.strategy = model::Strategy::manual;
  ASSERT_TRUE(vault_->set_conflict_settings(manual));
  merge({{"1"}});
  edit("1", [&](model::Secret& s) { s.username = text("here"); });
  EXPECT_EQ(merge({{"1", "ann", "there"}}), kUpdated);
  EXPECT_EQ(shown("1"), "here|there||");
  EXPECT_EQ(vault_->status().conflicts, 0U);
}

TEST_F(ImportMerge, ADryRunCountsAndWritesNothing) {
  merge({{"1"}});
  edit("1", [&](model::Secret& s) { s.username = text("here"); });
  const auto before = root();
  EXPECT_EQ(merge({{"1", "ann", "there"}, {"2"}}, {.category = {}, .dry_run = true}),
            "1 added, 1 updated, 0 skipped, 0 failed");
  EXPECT_EQ(root(), before);
}

TEST_F(ImportMerge, CutShortAndRepeatedItEndsLikeOneCleanRun) {
  std::vector<Row> first, second;
  for (int i = 0; i < 600; ++i) {
    first.push_back({.id = std::to_string(i)});
    second.push_back({.id = std::to_string(i), .password = "two"});
  }
  const auto all_shown = [&] {
    std::vector<std::string> all;
    const auto listed = vault_->list({});
    for (const SummaryRef& summary : *listed) {
      all.push_back(summary->label.expose_text([](auto t) { return std::string{t.substr(6)}; }));
      all.back() += " " + shown(all.back());
    }
    return all;
  };
  std::vector<std::vector<std::string>> ends;
  for (const bool interrupted : {false, true}) {
    vault_.reset();
    std::filesystem::remove_all(folder());
    create();
    merge(first);
    for (const auto* row : {"7", "300", "599"}) {
      edit(row, [&](model::Secret& s) { s.username = text("here"); });
    }
    if (interrupted) {
      const auto lock = [&](std::uint64_t done, std::uint64_t) {
        if (done >= 200) vault_->lock();
      };
      EXPECT_NE(merge(second, {.category = {}, .progress = lock}).find("locked"),
                std::string::npos);
      reopen();
    }
    merge(second);
    ends.push_back(all_shown());
    EXPECT_EQ(merge(second), "0 added, 0 updated, 600 skipped, 0 failed");
    expect_verified();
  }
  EXPECT_EQ(ends[0], ends[1]);
  EXPECT_NE(std::ranges::find(ends[1], "300 here|two||"), ends[1].end());
}

}  // namespace
}  // namespace holdfast::node
