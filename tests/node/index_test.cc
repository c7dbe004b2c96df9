#include "node/index.h"

#include <gmock/gmock.h>

#include "node/vault_fixture.h"

namespace holdfast::node {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Labels = std::vector<std::string>;

auto string_of(const base::SecretBytes& text) -> std::string {
  return text.expose_text([](std::string_view own) { return std::string{own}; });
}
template <class Id>
auto id_of(std::uint8_t number) -> Id {
  Id id;
  id.bytes.fill(number);
  return id;
}
auto labels_of(const std::vector<SummaryRef>& items) -> Labels {
  Labels labels;
  for (const SummaryRef& item : items) labels.push_back(string_of(item->label));
  return labels;
}

class Indexes : public VaultTest {
 protected:
  static constexpr std::uint8_t kMain = 200, kWork = 201, kMail = 202, kHome = 203, kOther = 204;
  Indexes() {  // main ─ Work ─ Mail, main ─ Home ─ Work
    category(kMain, "main", {});
    category(kWork, "Work", kMain);
    category(kMail, "Mail", kWork);
    category(kHome, "Home", kMain);
    category(kOther, "Work", kHome);
  }
  void category(std::uint8_t number, std::string_view name, std::optional<std::uint8_t> parent) {
    index.put_category({id_of<CategoryId>(number),
                        parent ? std::optional{id_of<CategoryId>(*parent)} : std::nullopt,
                        text(name)});
  }
  auto summary(std::uint8_t number, std::string_view label, std::uint8_t at = kMain) -> Summary {
    return {.id = id_of<SecretId>(number),
            .category = id_of<CategoryId>(at),
            .version = id_of<VersionId>(number),
            .label = text(label),
            .username = text(""),
            .urls = {},
            .tags = {}};
  }
  void put(std::uint8_t number, std::string_view label, std::uint8_t at = kMain) {
    index.put(summary(number, label, at));
  }
  auto is_duplicate(std::uint8_t number) -> bool {
    return index.get(id_of<SecretId>(number))->duplicate_label;
  }
  auto found(std::string_view item) -> std::string {
    const Found result = index.find(item);
    if (result.one != nullptr) return result.one->id.hex().substr(0, 2);
    return std::to_string(result.candidates.size()) + " candidates";
  }
  auto folder_named(std::string_view name) -> int {
    const auto id = index.category_named(name);
    return id ? id->bytes[0] : -1;
  }

  Index index{*plaintext_};
};

TEST_F(Indexes, FlagsEqualLabelsOfOneCategoryAndForgetsWhenOneGoes) {
  put(1, "Mail");
  EXPECT_FALSE(is_duplicate(1));
  put(2, "Mail");
  EXPECT_TRUE(is_duplicate(1));
  EXPECT_TRUE(is_duplicate(2));
  put(3, "Mail");
  index.remove(id_of<SecretId>(1));
  EXPECT_TRUE(is_duplicate(2));
  index.mark_deleted(id_of<SecretId>(3));
  EXPECT_FALSE(is_duplicate(2));
  EXPECT_FALSE(is_duplicate(3));
}

TEST_F(Indexes, ARenamedSecretIsNoDuplicateAnyMore) {
  put(1, "Mail");
  put(2, "Mail");
  put(2, "Post");
  EXPECT_FALSE(is_duplicate(1));
  EXPECT_FALSE(is_duplicate(2));
  put(1, "Post");
  EXPECT_TRUE(is_duplicate(1));
  EXPECT_TRUE(is_duplicate(2));
}

TEST_F(Indexes, ASecretPutAgainUnchangedStaysADuplicate) {
  put(1, "Mail");
  put(2, "Mail");
  put(1, "Mail");
  EXPECT_TRUE(is_duplicate(1));
  EXPECT_TRUE(is_duplicate(2));
}

TEST_F(Indexes, EqualLabelsOfTwoCategoriesAreNoDuplicates) {
  put(1, "Mail", kWork);
  put(2, "Mail", kHome);
  EXPECT_FALSE(is_duplicate(1));
  EXPECT_FALSE(is_duplicate(2));
  put(2, "Mail", kWork);  // moved
  EXPECT_TRUE(is_duplicate(1));
}

TEST_F(Indexes, LabelsThatDifferInCaseAreDifferent) {
  put(1, "Mail");
  put(2, "mail");
  EXPECT_FALSE(is_duplicate(1));
}

TEST_F(Indexes, ListsAgainAfterEveryChange) {
  const auto listed = [&] {
    std::string ids;
    for (const SummaryRef& one : index.list({})) ids += one->id.hex().substr(0, 2) + " ";
    return ids;
  };
  put(1, "m");
  put(2, "a");
  EXPECT_EQ(listed(), "02 01 ");
  EXPECT_EQ(listed(), "02 01 ");
  put(2, "z");
  EXPECT_EQ(listed(), "01 02 ");
  put(3, "n");
  EXPECT_EQ(listed(), "01 03 02 ");
  index.remove(id_of<SecretId>(1));
  EXPECT_EQ(listed(), "03 02 ");
  index.mark_deleted(id_of<SecretId>(3));
  EXPECT_EQ(listed(), "02 ");
}

TEST_F(Indexes, SortsTextsThatAgreeInTheirFirstSixteenLettersOrInAllButCase) {
  put(1, "sixteen letters and B");
  put(2, "sixteen letters and a");
  put(3, "Sixteen letters and a");
  put(4, "sixteen letters");
  put(5, "sixteen letters ");
  std::string ids;
  for (const SummaryRef& one : index.list({})) ids += one->id.hex().substr(0, 2) + " ";
  EXPECT_EQ(ids, "04 05 03 02 01 ");
}

TEST_F(Indexes, CountsTheLivingAndTheConflicts) {
  put(1, "a");
  put(2, "b");
  auto third = summary(3, "c");
  third.conflict = true;
  index.put(std::move(third));
  EXPECT_EQ(index.live(), 3U);
  EXPECT_EQ(index.conflicts(), 1U);
  index.mark_deleted(id_of<SecretId>(3));
  index.mark_deleted(id_of<SecretId>(3));
  index.remove(id_of<SecretId>(1));
  index.remove(id_of<SecretId>(1));
  index.remove(id_of<SecretId>(9));
  EXPECT_EQ(index.live(), 1U);
  EXPECT_EQ(index.conflicts(), 0U);
  put(3, "c");  // restored
  EXPECT_EQ(index.live(), 2U);
  EXPECT_EQ(index.get(id_of<SecretId>(9)), nullptr);
}

TEST_F(Indexes, SortsByLabelWithoutCaseAndUtf8ByItsBytes) {
  std::uint8_t number = 0;
  for (const char* label : {"zebra", "Äpfel", "apple", "Zoo", "b", "äpfel", "Apple", "日本", "é"}) {
    put(++number, label);
  }
  EXPECT_THAT(labels_of(index.list({})),
              ElementsAre("Apple", "apple", "b", "zebra", "Zoo", "Äpfel", "äpfel", "é", "日本"));
  EXPECT_THAT(labels_of(index.list({.reverse = true})),
              ElementsAre("日本", "é", "äpfel", "Äpfel", "Zoo", "zebra", "b", "apple", "Apple"));
}

TEST_F(Indexes, SortsByEveryOtherColumnThenByLabel) {
  const auto put_at = [&](std::uint8_t number, std::string_view label, std::string_view user,
                          std::uint64_t created, std::uint64_t modified, std::uint8_t at) {
    Summary made = summary(number, label, at);
    made.username = text(user);
    made.created = model::TimeMs{created};
    made.modified = model::TimeMs{modified};
    index.put(std::move(made));
  };
  put_at(1, "c", "bob", 10, 300, kWork);
  put_at(2, "b", "Ann", 30, 100, kHome);
  put_at(3, "a", "bob", 20, 200, kWork);
  EXPECT_THAT(labels_of(index.list({.sort = SortBy::username})), ElementsAre("b", "a", "c"));
  EXPECT_THAT(labels_of(index.list({.sort = SortBy::category})), ElementsAre("b", "a", "c"));
  EXPECT_THAT(labels_of(index.list({.sort = SortBy::created})), ElementsAre("c", "a", "b"));
  EXPECT_THAT(labels_of(index.list({.sort = SortBy::modified})), ElementsAre("b", "a", "c"));
}

TEST_F(Indexes, FiltersByCategoryTextTagsDeletionAndConflict) {
  Summary first = summary(1, "Bank", kWork);
  first.tags.push_back(text("money"));
  first.tags.push_back(text("daily"));
  first.urls.push_back(text("https://bank.example"));
  index.put(std::move(first));
  Summary second = summary(2, "Shop", kHome);
  second.tags.push_back(text("money"));
  second.username = text("Ann@Bank");
  second.conflict = true;
  index.put(std::move(second));
  put(3, "gone");
  index.mark_deleted(id_of<SecretId>(3));
  EXPECT_THAT(labels_of(index.list({.category = id_of<CategoryId>(kWork)})), ElementsAre("Bank"));
  EXPECT_THAT(labels_of(index.list({.text = "EXAMPLE"})), ElementsAre("Bank"));
  EXPECT_THAT(labels_of(index.list({.text = "bank"})), ElementsAre("Bank", "Shop"));
  EXPECT_THAT(labels_of(index.list({.tags = {"money"}})), ElementsAre("Bank", "Shop"));
  EXPECT_THAT(labels_of(index.list({.tags = {"money", "daily"}})), ElementsAre("Bank"));
  EXPECT_THAT(labels_of(index.list({.tags = {"mone"}})), IsEmpty());
  EXPECT_THAT(labels_of(index.list({.deleted = true})), ElementsAre("gone"));
  EXPECT_THAT(labels_of(index.list({.conflicts = true})), ElementsAre("Shop"));
}

TEST_F(Indexes, SearchLooksOnlyWhereItIsTold) {
  Summary made = summary(1, "Label", kWork);
  made.username = text("User");
  made.urls.push_back(text("https://url"));
  made.tags.push_back(text("Tag"));
  index.put(std::move(made));
  const SearchIn nowhere{
      .label = false, .username = false, .urls = false, .tags = false, .category = false};
  const auto hits = [&](std::string_view what, auto flag) {
    SearchIn in = nowhere;
    EXPECT_THAT(index.search(what, in), IsEmpty());
    in.*flag = true;
    return index.search(what, in).size();
  };
  EXPECT_EQ(hits("LABEL", &SearchIn::label), 1U);
  EXPECT_EQ(hits("user", &SearchIn::username), 1U);
  EXPECT_EQ(hits("URL", &SearchIn::urls), 1U);
  EXPECT_EQ(hits("tag", &SearchIn::tags), 1U);
  EXPECT_EQ(hits("work", &SearchIn::category), 1U);
  EXPECT_EQ(hits("label", &SearchIn::tags), 0U);
}

TEST_F(Indexes, FindPrefersTheLabelThenThePathThenTheId) {
  put(1, "Mail", kWork);
  put(2, "Work/Mail", kMain);  // a label that looks like a path
  EXPECT_EQ(found("Work/Mail"), "02");
  index.remove(id_of<SecretId>(2));
  EXPECT_EQ(found("Work/Mail"), "01");
  put(3, "0101010101", kMain);  // a label that looks like an id
  EXPECT_EQ(found("0101010101"), "03");
  EXPECT_EQ(found("01010101"), "01");
  EXPECT_EQ(found("sec_01010101"), "01");
}

TEST_F(Indexes, FindWalksThePathOfCategories) {
  put(1, "Inbox", kMail);
  put(2, "a/b", kWork);  // a label with a slash, below a category
  EXPECT_EQ(found("Work/Mail/Inbox"), "01");
  EXPECT_EQ(found("Mail/Inbox"), "01");  // the category's name alone
  EXPECT_EQ(found("Work/a/b"), "02");
  EXPECT_EQ(found("Home/Mail/Inbox"), "0 candidates");
  EXPECT_EQ(found("Nowhere/Inbox"), "0 candidates");
}

TEST_F(Indexes, APathFromTheTopComesBeforeACategoryThatLiesElsewhere) {
  EXPECT_EQ(folder_named("Work"), kWork);
  EXPECT_EQ(folder_named("Home/Work"), kOther);
  EXPECT_EQ(folder_named("Work/Mail"), kMail);
  EXPECT_EQ(folder_named("Mail"), kMail);
  EXPECT_EQ(folder_named("main"), kMain);
  EXPECT_EQ(folder_named("work"), -1);
  EXPECT_EQ(folder_named("Work/"), kWork);
  EXPECT_EQ(folder_named(id_of<CategoryId>(kHome).hex()), kHome);
  EXPECT_EQ(folder_named("cat_" + id_of<CategoryId>(kHome).hex()), kHome);
  EXPECT_EQ(folder_named(id_of<CategoryId>(9).hex()), -1);
}

// The same whatever ids the two categories happen to have.
TEST_F(Indexes, ANestedCategoryWithASmallerIdDoesNotHideTheOneAtTheTop) {
  category(10, "Bank", kHome);
  category(210, "Bank", kMain);
  EXPECT_EQ(folder_named("Bank"), 210);
}

TEST_F(Indexes, OneLabelInTwoCategoriesIsAmbiguousAndInOneTheFirst) {
  put(1, "Mail", kWork);
  put(2, "Mail", kHome);
  EXPECT_EQ(found("Mail"), "2 candidates");
  EXPECT_EQ(found("Home/Mail"), "02");
  put(3, "Mail", kHome);
  const Found first = index.find("Home/Mail");
  ASSERT_NE(first.one, nullptr);
  EXPECT_EQ(first.one->id, id_of<SecretId>(2));
  EXPECT_TRUE(first.duplicate_label);
}

TEST_F(Indexes, APrefixThatFitsSeveralListsThemAtMostTwenty) {
  for (std::uint8_t i = 0; i < 30; ++i) {
    Summary made = summary(7, "x" + std::to_string(i));
    made.id.bytes[15] = i;
    index.put(std::move(made));
  }
  EXPECT_EQ(found("0707"), "20 candidates");
  EXPECT_EQ(found("070"), "0 candidates");  // too short to mean an id
  auto whole = id_of<SecretId>(7);
  whole.bytes[15] = 4;
  EXPECT_EQ(index.find(whole.hex()).one->id, whole);
  EXPECT_EQ(found(whole.hex() + "0"), "0 candidates");
}

TEST_F(Indexes, DeletedSecretsAreNotFoundByLabel) {
  put(1, "Mail");
  index.mark_deleted(id_of<SecretId>(1));
  EXPECT_EQ(found("Mail"), "0 candidates");
  EXPECT_THAT(labels_of(index.list({})), IsEmpty());
}

TEST(ContainsFolded, IgnoresTheCaseOfAsciiLettersAlone) {
  EXPECT_TRUE(contains_folded("GitHub", "hub"));
  EXPECT_TRUE(contains_folded("GitHub", "GITHUB"));
  EXPECT_TRUE(contains_folded("GitHub", ""));
  EXPECT_TRUE(contains_folded("", ""));
  EXPECT_FALSE(contains_folded("", "a"));
  EXPECT_FALSE(contains_folded("GitHub", "GitHub "));
  EXPECT_TRUE(contains_folded("Äpfel", "Äp"));
  EXPECT_FALSE(contains_folded("Äpfel", "äp"));
  EXPECT_FALSE(contains_folded("@", "`"));  // neighbours of the letters
  EXPECT_FALSE(contains_folded("[", "{"));
}

}  // namespace
}  // namespace holdfast::node
