// Histories, conflicts and categories of a whole vault.
#include <gmock/gmock.h>

#include <fstream>

#include "node/vault_fixture.h"

namespace holdfast::node {
namespace {

using base::Error;
using model::ConflictSettings, model::ConflictType, model::FieldRule, model::Strategy;
using testing::ElementsAre, testing::IsEmpty, testing::SizeIs;

class VersionsTest : public OnBothOrderings<VaultTest> {
 protected:
  auto plain(const base::SecretBytes& from) -> std::string {
    return from.expose_text([](std::string_view t) { return std::string{t}; });
  }
  auto username_of(const SecretId& id) -> std::string {
    auto entry = vault_->get(id);
    return entry ? plain(entry->secret.username) : "error: " + entry.error().text();
  }
  auto edit(const SecretId& id, std::string_view username, std::string_view password,
            Basis basis = {}) -> Receipt {
    clock_.advance_ms(1000);
    auto receipt = vault_->update(id, secret("GitHub", username, password), basis);
    EXPECT_TRUE(receipt) << receipt.error().text();
    return receipt.value_or(Receipt{});
  }
  void use(Strategy strategy) {
    ConflictSettings settings{*plaintext_};
    settings.strategy = strategy;
    ASSERT_TRUE(vault_->set_conflict_settings(settings));
  }
  // A secret whose user name was changed here and whose password was changed elsewhere.
  auto edited_twice() -> Receipt {
    const Receipt first = add("GitHub", "one");
    edit(first.secret, "bob", "one");
    edit(first.secret, "ann", "two", {.made_from = first.version});
    return first;
  }
  // Both changed the password, and nobody merges.
  auto in_conflict() -> Receipt {
    use(Strategy::manual);
    const Receipt first = add("GitHub", "one");
    edit(first.secret, "ann", "here");
    edit(first.secret, "ann", "far away", {.made_from = first.version});
    return first;
  }
};

TEST_P(VersionsTest, ConcurrentEditsAreMergedAndTheMergeIsWritten) {
  create();
  const Receipt first = edited_twice();
  EXPECT_EQ(username_of(first.secret), "bob");
  EXPECT_EQ(password_of(first.secret), "two");
  const auto entry = vault_->get(first.secret);
  EXPECT_THAT(entry->heads, SizeIs(1));
  EXPECT_FALSE(entry->conflict);
  const auto versions = vault_->versions(first.secret);
  ASSERT_THAT(*versions, SizeIs(4));
  EXPECT_THAT(versions->back().parents, SizeIs(2));
  EXPECT_TRUE(versions->back().head);
  EXPECT_THAT(*vault_->conflicts(), IsEmpty());
  expect_verified();
  reopen();
  EXPECT_EQ(username_of(first.secret), "bob");
  EXPECT_EQ(password_of(first.secret), "two");
}

TEST_P(VersionsTest, AManualConflictWaitsAndStaysOnTheFirstCommittedSide) {
  create();
  const Receipt first = in_conflict();
  const auto entry = vault_->get(first.secret);
  EXPECT_TRUE(entry->conflict);
  EXPECT_THAT(entry->heads, SizeIs(2));
  EXPECT_EQ(password_of(first.secret), "here");
  EXPECT_EQ(vault_->status().conflicts, 1U);
  const auto conflicts = vault_->conflicts();
  ASSERT_THAT(*conflicts, SizeIs(1));
  EXPECT_TRUE(conflicts->front().open);
  EXPECT_EQ(conflicts->front().type, ConflictType::concurrent_update);
  EXPECT_THAT(*vault_->list({.conflicts = true}), SizeIs(1));
  reopen();
  EXPECT_TRUE(vault_->get(first.secret)->conflict);
  EXPECT_EQ(password_of(first.secret), "here");
}

TEST_P(VersionsTest, AChosenHeadSettlesAConflict) {
  create();
  const Receipt first = in_conflict();
  const auto heads = vault_->get(first.secret)->heads;
  ASSERT_TRUE(vault_->resolve_conflict(first.secret, {.head = heads[1]}));
  EXPECT_EQ(password_of(first.secret), "far away");
  EXPECT_THAT(*vault_->conflicts(), IsEmpty());
  EXPECT_THAT(vault_->get(first.secret)->heads, SizeIs(1));
  EXPECT_EQ(vault_->resolve_conflict(first.secret, {}).error().code, Error::no_conflict);
}

TEST_P(VersionsTest, AMergeByTheUserTakesRulesForFields) {
  create();
  const Receipt first = in_conflict();
  ASSERT_TRUE(
      vault_->resolve_conflict(first.secret, {.fields = {{"password", FieldRule::concatenate}}}));
  EXPECT_EQ(password_of(first.secret), "here\nfar away");
}

TEST_P(VersionsTest, AHeadThatIsNoneIsRefused) {
  create();
  const Receipt first = in_conflict();
  EXPECT_EQ(vault_->resolve_conflict(first.secret, {.head = first.version}).error().code,
            Error::unknown_version);
  EXPECT_THAT(*vault_->conflicts(), SizeIs(1));
}

TEST_P(VersionsTest, AnotherStrategySettlesWhatWaits) {
  create();
  const Receipt first = in_conflict();
  use(Strategy::last_write_wins);
  EXPECT_EQ(password_of(first.secret), "far away");
  EXPECT_THAT(*vault_->conflicts(), IsEmpty());
}

TEST_P(VersionsTest, SettingsAreKeptAndHoldNoLabelInClear) {
  create();
  ConflictSettings settings{*plaintext_};
  settings.strategy = Strategy::first_write_wins;
  settings.rules.push_back({.id = {},
                            .priority = 5,
                            .condition = model::RuleCondition{*plaintext_},
                            .action = Strategy::manual});
  settings.rules.back().condition.label = text("canary-label-of-a-rule");
  ASSERT_TRUE(vault_->set_conflict_settings(settings));
  reopen();
  const auto kept = vault_->conflict_settings();
  EXPECT_EQ((*kept)->strategy, Strategy::first_write_wins);
  ASSERT_THAT((*kept)->rules, SizeIs(1));
  EXPECT_EQ(plain((*kept)->rules[0].condition.label), "canary-label-of-a-rule");
  vault_.reset();
  for (const auto& file : std::filesystem::recursive_directory_iterator{folder()}) {
    if (!file.is_regular_file()) continue;
    std::ifstream in{file.path(), std::ios::binary};
    const std::string content{std::istreambuf_iterator<char>{in}, {}};
    EXPECT_EQ(content.find("canary-label-of-a-rule"), std::string::npos) << file.path();
  }
}

TEST_P(VersionsTest, ADeletionAgainstAnEditKeepsTheEdit) {
  create();
  const Receipt first = add("GitHub", "one");
  ASSERT_TRUE(vault_->remove(first.secret, false, {}));
  // Another device had edited it without having seen the deletion.
  edit(first.secret, "ann", "two", {.made_from = first.version});
  EXPECT_EQ(password_of(first.secret), "two");
  EXPECT_THAT(*vault_->list({}), SizeIs(1));
  expect_verified();
}

TEST_P(VersionsTest, HistoryNamesEveryVersionAndOpensEach) {
  create();
  const Receipt first = add("GitHub", "one");
  const Receipt second = edit(first.secret, "ann", "two");
  const auto versions = vault_->versions(first.secret);
  ASSERT_THAT(*versions, SizeIs(2));
  EXPECT_EQ((*versions)[0].id, first.version);
  EXPECT_FALSE((*versions)[0].head);
  EXPECT_THAT((*versions)[1].parents, ElementsAre(first.version));
  EXPECT_TRUE((*versions)[1].head);
  EXPECT_LT((*versions)[0].modified, (*versions)[1].modified);
  EXPECT_EQ(plain(vault_->get_version(first.secret, first.version)->secret.password), "one");
  EXPECT_EQ(plain(vault_->get_version(first.secret, second.version)->secret.password), "two");
  EXPECT_EQ(vault_->get_version(first.secret, VersionId{}).error().code, Error::unknown_version);
  EXPECT_EQ(vault_->versions(SecretId{}).error().code, Error::unknown_secret);
}

TEST_P(VersionsTest, AnOlderVersionIsRestoredAsANewOne) {
  create();
  const Receipt first = add("GitHub", "one");
  edit(first.secret, "ann", "two");
  ASSERT_TRUE(vault_->restore(first.secret, first.version, {}));
  EXPECT_EQ(password_of(first.secret), "one");
  EXPECT_THAT(*vault_->versions(first.secret), SizeIs(3));
  EXPECT_EQ(vault_->restore(first.secret, std::nullopt, {}).error().code,
            Error::version_to_restore_needed);
}

TEST_P(VersionsTest, WhatIsDeletedIsRestoredWithItsLastContent) {
  create();
  const Receipt first = add("GitHub", "one");
  edit(first.secret, "ann", "two");
  ASSERT_TRUE(vault_->remove(first.secret, false, {}));
  EXPECT_EQ(vault_->get(first.secret).error().code, Error::unknown_secret);
  ASSERT_TRUE(vault_->restore(first.secret, std::nullopt, {}));
  EXPECT_EQ(password_of(first.secret), "two");
  EXPECT_THAT(*vault_->list({.deleted = true}), IsEmpty());
  reopen();
  EXPECT_EQ(password_of(first.secret), "two");
}

TEST_P(VersionsTest, WhatIsPurgedCannotBeRestored) {
  create();
  const Receipt first = add("GitHub", "one");
  ASSERT_TRUE(vault_->remove(first.secret, true, {}));
  EXPECT_FALSE(vault_->restore(first.secret, first.version, {}));
}

TEST_P(VersionsTest, OfOneLabelTwiceTheOthersAreMergedIntoTheFirstInOneTransaction) {
  create();
  const Receipt first = add("Mail", "first");
  auto other = secret("Mail", "ann", "second");
  other.notes = text("only in the second");
  const auto second = vault_->add(std::move(other), std::nullopt);
  const auto conflicts = vault_->conflicts();
  ASSERT_THAT(*conflicts, SizeIs(1));
  EXPECT_EQ(conflicts->front().type, ConflictType::duplicate_label);
  EXPECT_THAT(conflicts->front().same_label, ElementsAre(second->secret));
  const auto before = vault_->verify({})->transactions;
  ASSERT_TRUE(vault_->resolve_conflict(first.secret, {}));
  EXPECT_EQ(vault_->verify({})->transactions, before + 1);
  EXPECT_THAT(*vault_->list({}), SizeIs(1));
  EXPECT_EQ(plain(vault_->get(first.secret)->secret.notes), "only in the second");
  EXPECT_THAT(*vault_->conflicts(), IsEmpty());
  EXPECT_THAT(*vault_->versions(second->secret), SizeIs(2));  // its history stays
}

TEST_P(VersionsTest, RetentionLeavesStubsAndTheVaultVerifies) {
  create();
  ASSERT_TRUE(vault_->set_retention({.versions = 2, .days = 0}));
  EXPECT_EQ(vault_->retention()->versions, 2U);
  const Receipt first = add("GitHub", "0");
  for (int i = 1; i < 6; ++i) edit(first.secret, "ann", std::to_string(i));
  const auto versions = vault_->versions(first.secret);
  ASSERT_THAT(*versions, SizeIs(6));
  EXPECT_EQ((*versions)[0].body, model::BodyState::pruned);
  EXPECT_EQ(vault_->get_version(first.secret, first.version).error().code,
            Error::version_without_content);
  EXPECT_EQ(password_of(first.secret), "5");
  expect_verified();
  EXPECT_EQ(vault_->verify({})->versions, 2U);
}

// ---- categories ---------------------------------------------------------------------------------

TEST_P(VersionsTest, CategoriesAreRenamedMovedAndRemoved) {
  create();
  const auto work = vault_->add_category("Work", std::nullopt);
  const auto mail = vault_->add_category("Mail", std::nullopt);
  ASSERT_TRUE(vault_->rename_category(*work, "Office"));
  ASSERT_TRUE(vault_->move_category(*mail, *work));
  const auto added = vault_->add(secret("Inbox"), *mail);
  EXPECT_EQ(vault_->find("Office/Mail/Inbox")->one->id, added->secret);
  reopen();
  EXPECT_EQ(vault_->find("Office/Mail/Inbox")->one->id, added->secret);
  EXPECT_EQ(vault_->delete_category(*mail).error().code, Error::category_not_empty);
  EXPECT_EQ(vault_->delete_category(*work).error().code, Error::category_not_empty);
  ASSERT_TRUE(vault_->remove(added->secret, false, {}));
  ASSERT_TRUE(vault_->delete_category(*mail));
  ASSERT_TRUE(vault_->delete_category(*work));
  EXPECT_EQ(*vault_->find_category("Office"), std::nullopt);
  EXPECT_THAT(*vault_->categories(), SizeIs(1));
  ASSERT_TRUE(vault_->add_category("Office", std::nullopt));  // the name is free again
  expect_verified();
}

TEST_P(VersionsTest, ACategoryNeverLiesBelowItselfAndTheRootStays) {
  create();
  const auto work = vault_->add_category("Work", std::nullopt);
  const auto mail = vault_->add_category("Mail", *work);
  EXPECT_EQ(vault_->move_category(*work, *mail).error().code, Error::category_below_itself);
  EXPECT_EQ(vault_->move_category(*work, *work).error().code, Error::category_below_itself);
  const auto root = vault_->find_category("main");
  EXPECT_EQ(vault_->delete_category(**root).error().code, Error::root_category_stays);
  EXPECT_EQ(vault_->rename_category(**root, "other").error().code, Error::root_category_stays);
  EXPECT_EQ(vault_->rename_category(*mail, "").error().code, Error::empty_label);
  ASSERT_TRUE(vault_->add_category("Post", *work));
  EXPECT_EQ(vault_->rename_category(*mail, "Post").error().code, Error::category_exists);
  EXPECT_EQ(
      vault_->rename_category(*mail, std::string(kCategoryNameBytesMax + 1, 'x')).error().code,
      Error::too_long);
  ASSERT_TRUE(vault_->rename_category(*mail, std::string(kCategoryNameBytesMax, 'x')));
  reopen();
  EXPECT_TRUE(vault_->find_category(std::string(kCategoryNameBytesMax, 'x'))->has_value());
}

TEST_P(VersionsTest, AnEditMovesASecretToAnotherCategory) {
  create();
  const auto work = vault_->add_category("Work", std::nullopt);
  const Receipt first = add("GitHub", "one");
  edit(first.secret, "ann", "one", {.category = *work});
  EXPECT_EQ(vault_->get(first.secret)->category, *work);
  EXPECT_EQ(vault_->find("Work/GitHub")->one->id, first.secret);
  reopen();
  EXPECT_EQ(vault_->find("Work/GitHub")->one->id, first.secret);
}

INSTANTIATE_ON_BOTH_ORDERINGS(VersionsTest);

}  // namespace
}  // namespace holdfast::node
