// Every kind of record, altered or deleted behind the vault's back: opening refuses it or `verify`
// names it. (The store's own checksums would catch a decaying disk; this is about tampering and
// bugs.)
#include <gmock/gmock.h>

#include "node/damaged_vault.h"

namespace holdfast::node {
namespace {

using base::Bytes;
using ports::Column;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

class Verify : public DamagedVault {
 protected:
  using Matcher = testing::Matcher<const std::string&>;
  void SetUp() override {
    create_with(8);
    vault_->remove(ids_[7], false, {}).value();
  }
  // Deletes the record, then flips a byte of it at several places, each time on the whole vault.
  void expect_found(Column column, const Bytes& key, const Bytes& value, const Matcher& says) {
    write(column, key, std::nullopt);
    EXPECT_THAT(verdict(), says) << "deleted";
    for (const std::size_t at :
         {std::size_t{0}, value.size() / 3, value.size() / 2, value.size() - 1}) {
      Bytes altered = value;
      altered[at] ^= 1;
      write(column, key, altered);
      EXPECT_THAT(verdict(), says) << "byte " << at << " of " << value.size();
    }
    write(column, key, value);
    ASSERT_EQ(verdict(), "whole");
  }
  void expect_each_found(Column column, const Matcher& says, std::size_t step = 1) {
    const auto all = records(column);
    ASSERT_FALSE(all.empty());
    for (std::size_t i = 0; i < all.size(); i += step) {
      SCOPED_TRACE("record " + std::to_string(i));
      expect_found(column, all[i].first, all[i].second, says);
    }
  }
};

TEST_F(Verify, AWholeVaultIsWholeAndCounted) {
  std::uint64_t calls = 0;
  const auto report = vault_->verify([&](std::uint64_t, std::uint64_t) { ++calls; });
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->first_bad, std::nullopt);
  EXPECT_EQ(report->heights, 10U);  // the root category, 8 secrets, one deletion
  EXPECT_EQ(report->transactions, 10U);
  EXPECT_EQ(report->versions, 9U);
  EXPECT_EQ(report->audit_records, 10U);
  EXPECT_EQ(report->checkpoints, 2U);  // 3.2 seconds, one commit each 400 ms
  EXPECT_EQ(report->state_root, vault_->status().state_root);
  EXPECT_EQ(report->audit_root, vault_->status().audit_root);
}

TEST_F(Verify, FindsTheGenesis) {
  const Bytes key = name_key(kGenesisName);
  for (const auto& [found, value] : records(Column::meta)) {
    if (found == key) expect_found(Column::meta, key, value, "open: store_corrupt");
  }
}

TEST_F(Verify, FindsEveryCommit) {
  expect_each_found(Column::commits, StartsWith("verify: commit "), 4);
}

TEST_F(Verify, NamesTheCommitThatIsMissing) {
  write(Column::commits, number_key(4), std::nullopt);
  EXPECT_EQ(verdict(), "verify: commit 4: missing");
}

TEST_F(Verify, FindsEveryBlock) {
  expect_each_found(Column::blocks, StartsWith("verify: commit "), 4);
}

TEST_F(Verify, FindsEveryTransaction) {
  expect_each_found(Column::transactions,
                    AnyOf(StartsWith("verify: commit "), StartsWith("verify: transaction ")), 3);
}

TEST_F(Verify, FindsATransactionThatWasNeverCommitted) {
  const auto all = records(Column::transactions);
  write(Column::transactions, transaction_key(Height{3}, 1), all[0].second);
  EXPECT_EQ(verdict(), "verify: commit 3: its transactions are not those it committed");
}

TEST_F(Verify, FindsTwoTransactionsThatChangedPlaces) {
  const auto all = records(Column::transactions);
  write(Column::transactions, all[2].first, all[3].second);
  write(Column::transactions, all[3].first, all[2].second);
  EXPECT_EQ(verdict(), "verify: commit 3: its transactions are not those it committed");
}

TEST_F(Verify, FindsEveryVersion) {
  expect_each_found(Column::versions, StartsWith("verify: version ver_"), 3);
}

TEST_F(Verify, FindsAVersionInThePlaceOfAnother) {
  const auto all = records(Column::versions);
  write(Column::versions, all[0].first, all[1].second);
  EXPECT_EQ(verdict(), "verify: version ver_" + base::to_hex(all[0].first) +
                           ": its bytes do not match its id");
}

TEST_F(Verify, FindsEveryAuditRecord) {
  expect_each_found(Column::audit, StartsWith("verify: audit "), 3);
}

TEST_F(Verify, FindsATruncatedAndALongerAuditLog) {
  const auto all = records(Column::audit);
  write(Column::audit, all.back().first, std::nullopt);
  EXPECT_THAT(verdict(), StartsWith("verify: audit log"));
  write(Column::audit, all.back().first, all.back().second);
  write(Column::audit, number_key(all.size()), all.back().second);
  EXPECT_THAT(verdict(), StartsWith("verify: audit log"));
}

TEST_F(Verify, FindsEveryRecordOfTheState) {
  std::map<std::uint8_t, int> types;
  for (const auto& [key, value] : records(Column::state)) {
    if (++types[key[0]] > 1) continue;
    SCOPED_TRACE("type " + std::to_string(key[0]));
    expect_found(Column::state, key, value,
                 AnyOf(StartsWith("verify: state"), StartsWith("verify: version"),
                       Matcher{"open: store_corrupt"}));
  }
  EXPECT_GE(types.size(), 6U);
}

TEST_F(Verify, FindsARecordOfTheStateThatNothingMade) {
  auto all = records(Column::state);
  Bytes key = all.back().first;
  key.back() ^= 1;
  write(Column::state, key, all.back().second);
  EXPECT_THAT(verdict(), StartsWith("verify: state"));
}

TEST_F(Verify, RefusesToOpenWithADamagedStateTree) {
  const auto all = records(Column::state_tree);
  ASSERT_FALSE(all.empty());
  expect_found(Column::state_tree, all[0].first, all[0].second, "open: store_corrupt");
}

TEST_F(Verify, FindsEveryCheckpointAlsoOneThatIsGone) {
  int found = 0;
  for (const auto& [key, value] : records(Column::meta)) {
    if (!base::text_of(key).starts_with("checkpoint/")) continue;
    ++found;
    expect_found(Column::meta, key, value,
                 AllOf(StartsWith("verify: commit "), HasSubstr("checkpoint")));
  }
  EXPECT_EQ(found, 2);
}

TEST_F(Verify, ReportsProgressOnALargeVault) {
  for (int i = 0; i < 60; ++i) add("more " + std::to_string(i));
  std::uint64_t calls = 0, last = 0;
  const auto report = vault_->verify([&](std::uint64_t done, std::uint64_t total) {
    EXPECT_GT(done, last);
    EXPECT_LE(done, total);
    last = done;
    ++calls;
  });
  ASSERT_TRUE(report);
  EXPECT_EQ(report->first_bad, std::nullopt);
  EXPECT_GT(calls, 0U);
}

}  // namespace
}  // namespace holdfast::node
