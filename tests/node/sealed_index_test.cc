// The index at rest: what unlocking reads instead of every secret, and when it does not.
#include "node/sealed_index.h"

#include <gmock/gmock.h>

#include <random>

#include "node/damaged_vault.h"

namespace holdfast::node {
namespace {

using ports::Column;
using testing::IsEmpty, testing::Not, testing::SizeIs;

auto plain(const base::SecretBytes& from) -> std::string {
  return from.expose_text([](std::string_view t) { return std::string{t}; });
}

// All that list shows.
auto described(const Summary& one) -> std::string {
  std::string text = one.id.hex() + " " + one.category.hex() + " " + one.version.hex() + " " +
                     plain(one.label) + "/" + plain(one.username);
  for (const auto& url : one.urls) text += " " + plain(url);
  for (const auto& tag : one.tags) text += " #" + plain(tag);
  for (const std::uint64_t number :
       {std::to_underlying(one.created), std::to_underlying(one.modified),
        std::to_underlying(one.added), one.added_index,
        std::uint64_t{std::to_underlying(one.kind)}}) {
    text += " " + std::to_string(number);
  }
  for (const bool flag : {one.has_totp, one.several_heads, one.conflict, one.duplicate_label}) {
    text += flag ? " 1" : " 0";
  }
  return text;
}

// Names the first difference alone.
void expect_same(const std::vector<std::string>& is, const std::vector<std::string>& was) {
  ASSERT_EQ(is.size(), was.size());
  const auto [a, b] = std::ranges::mismatch(is, was);
  if (a != is.end()) ADD_FAILURE() << *a << "\ninstead of\n" << *b;
}

class SealedIndexes : public DamagedVault {
 protected:
  auto shown() -> std::vector<std::string> {
    std::vector<std::string> texts;
    for (const bool deleted : {false, true}) {
      const auto items = vault_->list({.deleted = deleted});
      for (const SummaryRef& one : items.value()) texts.push_back(described(*one));
    }
    return texts;
  }
  auto opened() -> std::uint64_t { return vault_->status().opened_for_index; }
  // A secret in which every part of a summary says something.
  auto rich(std::string_view label) -> model::Secret {
    model::Secret made = secret(label, "änn");
    made.kind = model::Kind::card;
    made.urls.push_back(text("https://one.example"));
    made.urls.push_back(text(""));
    made.tags.push_back(text("blue"));
    made.totp.secret = text("12345678901234567890");
    return made;
  }
  // Whatever lies in the column, the answers are those of a vault without one.
  void expect_built_anew(std::uint64_t secrets) {
    const auto before = shown_without_index();
    EXPECT_EQ(opened(), secrets);
    reopen();
    EXPECT_EQ(shown(), before);
    EXPECT_EQ(opened(), 0U);
  }
  auto shown_without_index() -> std::vector<std::string> {
    reopen();
    return shown();
  }
  void forget_column() {
    for (const auto& [key, value] : records(Column::index)) write(Column::index, key, {});
  }
  // The vault as a power loss leaves it: the folder while it is open, in place of itself.
  void lose_power() {
    std::filesystem::copy(folder(), temp_.path() / "copy",
                          std::filesystem::copy_options::recursive);
    vault_.reset();
    std::filesystem::remove_all(folder());
    std::filesystem::rename(temp_.path() / "copy", folder());
  }
};

TEST_F(SealedIndexes, UnlockingOpensNoSecretAndShowsTheSame) {
  create();
  ASSERT_TRUE(vault_->add(rich("rich"), std::nullopt));
  const Receipt gone = add("gone");
  add("twice");
  add("twice");
  ASSERT_TRUE(vault_->remove(gone.secret, false, {}));
  const auto before = shown();
  vault_->lock();
  ASSERT_TRUE(vault_->unlock(passphrase()));
  EXPECT_EQ(shown(), before);
  EXPECT_EQ(opened(), 0U);
  reopen();
  EXPECT_EQ(shown(), before);
  EXPECT_EQ(opened(), 0U);
  forget_column();
  reopen();
  EXPECT_EQ(shown(), before);
  EXPECT_EQ(opened(), 4U);
}

TEST_F(SealedIndexes, NothingOfASecretLiesInThePagesInClear) {
  create();
  ASSERT_TRUE(vault_->add(rich("a label to look for"), std::nullopt));
  const auto pages = records(Column::index);
  ASSERT_THAT(pages, Not(IsEmpty()));
  for (const auto& [key, value] : pages) {
    for (const char* clear : {"a label to look for", "änn", "one.example", "blue"}) {
      EXPECT_EQ(base::text_of(value).find(clear), std::string_view::npos) << clear;
    }
  }
}

TEST_F(SealedIndexes, WhatAPowerLossLeavesUnsaidIsReadAnew) {
  create_with(3);
  reopen();
  ASSERT_TRUE(vault_->update(ids_[0], secret("renamed"), {}));
  ASSERT_TRUE(vault_->remove(ids_[1], true, {}));
  add("new");
  const auto before = shown();
  lose_power();
  reopen();
  EXPECT_EQ(shown(), before);
  EXPECT_EQ(opened(), 3U);  // those that changed, not the third
  reopen();
  EXPECT_EQ(opened(), 0U);
}

TEST_F(SealedIndexes, AfterManyCommitsItIsSavedWithoutALock) {
  create_with(static_cast<int>(kUnsavedCommitsMax) + 5);
  lose_power();
  reopen();
  EXPECT_GT(opened(), 0U);
  EXPECT_LT(opened(), 10U);
  EXPECT_THAT(shown(), SizeIs(ids_.size()));
}

TEST_F(SealedIndexes, ASecretWithSeveralHeadsIsAlwaysLookedAtAnew) {
  create();
  add("plain");
  model::ConflictSettings settings{*plaintext_};
  settings.strategy = model::Strategy::manual;
  ASSERT_TRUE(vault_->set_conflict_settings(settings));
  const Receipt first = add("one");
  ASSERT_TRUE(vault_->update(first.secret, secret("here"), {}));
  ASSERT_TRUE(vault_->update(first.secret, secret("there"), {.made_from = first.version}));
  const auto before = shown();
  reopen();
  EXPECT_EQ(shown(), before);
  EXPECT_EQ(opened(), 1U);
  EXPECT_EQ(vault_->status().conflicts, 1U);
}

// Damage, one record at a time: never another answer, always the way of a vault without an index.
TEST_F(SealedIndexes, EveryDamagedPageIsRefusedAndBuiltAnew) {
  create_with(3);
  reopen();
  add("more");
  reopen();
  const auto pages = records(Column::index);
  ASSERT_THAT(pages, Not(IsEmpty()));
  for (const auto& [key, value] : pages) {
    for (const std::size_t at :
         {std::size_t{1}, std::size_t{2}, value.size() / 2, value.size() - 1}) {
      base::Bytes damaged = value;
      damaged[at] ^= 0x01;
      forget_column();
      for (const auto& [k, v] : pages) write(Column::index, k, k == key ? damaged : v);
      expect_built_anew(4);
    }
    forget_column();
    for (const auto& [k, v] : pages) {
      if (k != key) write(Column::index, k, v);
    }
    const auto shown = shown_without_index();
    EXPECT_THAT(shown, SizeIs(4)) << "a page is missing";
    EXPECT_GT(opened(), 0U);
  }
}

TEST_F(SealedIndexes, APageInAnotherPlaceOrOfAnUnknownVersionIsRefused) {
  create_with(3);
  reopen();
  auto pages = records(Column::index);
  ASSERT_FALSE(pages.empty());
  base::Bytes later = pages.back().first;  // as if it were true up to the next commit
  later[7] += 1;
  write(Column::index, later, pages.back().second);
  write(Column::index, pages.back().first, {});
  expect_built_anew(3);
  pages = records(Column::index);
  base::Bytes newer = pages.front().second;
  newer[1] = 2;
  write(Column::index, pages.front().first, newer);
  expect_built_anew(3);
  write(Column::index, base::Bytes{1, 2, 3}, base::Bytes{});  // no key of ours
  expect_built_anew(3);
}

// The pages of an earlier time, put back later, are a chain that ends earlier.
TEST_F(SealedIndexes, OldPagesPutBackGiveNoOldAnswers) {
  create_with(2);
  const auto old = records(Column::index);
  reopen();
  ASSERT_TRUE(vault_->update(ids_[0], secret("renamed"), {}));
  add("new");
  const auto before = shown();
  forget_column();
  for (const auto& [key, value] : old) write(Column::index, key, value);
  reopen();
  EXPECT_EQ(shown(), before);
  EXPECT_EQ(opened(), 2U);
}

// Two copies of one vault went their own ways; the pages of one are put into the other.
TEST_F(SealedIndexes, ThePagesOfAnotherHistoryOfTheSameVaultAreRefused) {
  create_with(2);
  vault_.reset();
  const auto copy = temp_.path() / "copy";
  std::filesystem::copy(folder(), copy, std::filesystem::copy_options::recursive);
  reopen();
  ASSERT_TRUE(vault_->update(ids_[0], secret("here"), {}));
  const auto theirs = records(Column::index);
  std::filesystem::remove_all(folder());
  std::filesystem::rename(copy, folder());
  reopen();
  ASSERT_TRUE(vault_->update(ids_[0], secret("there"), {}));
  const auto before = shown();
  forget_column();
  for (const auto& [key, value] : theirs) write(Column::index, key, value);
  reopen();
  EXPECT_EQ(shown(), before);
  EXPECT_EQ(opened(), 2U);
}

TEST_F(SealedIndexes, SmallSegmentsAreMergedSoThereAreFew) {
  create();
  for (int i = 0; i < 40; ++i) {
    add("entry " + std::to_string(i));
    vault_->lock();
    ASSERT_TRUE(vault_->unlock(passphrase()));
    EXPECT_EQ(opened(), 0U);
  }
  EXPECT_LE(records(Column::index).size(), 7U);
  reopen();
  EXPECT_THAT(shown(), SizeIs(40));
}

TEST_F(SealedIndexes, AVaultThatIsReadOnlyIsUnlockedWithoutOne) {
  create_with(2);
  forget_column();
  std::filesystem::remove(folder() / "signer");
  reopen();
  EXPECT_EQ(opened(), 2U);
  EXPECT_THAT(shown(), SizeIs(2));
  EXPECT_THAT(records(Column::index), IsEmpty());
}

// Property: whatever is done, in whatever sessions, the sealed index says what the secrets say.
TEST_F(SealedIndexes, RandomHistoriesShowTheSameWithAndWithoutIt) {
  create();
  std::mt19937_64 random{7};
  const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  for (int turn = 0; turn < 120; ++turn) {
    clock_.advance_ms(700);
    const std::size_t what = ids_.empty() ? 0 : pick(8);
    const std::string label = "label " + std::to_string(pick(12));
    const SecretId id = ids_.empty() ? SecretId{} : ids_[pick(ids_.size())];
    if (what <= 2) {
      ids_.push_back(vault_->add(rich(label), std::nullopt)->secret);
    } else if (what == 3) {
      std::ignore = vault_->update(id, secret(label), {});
    } else if (what == 4) {
      std::ignore = vault_->remove(id, pick(3) == 0, {});
    } else if (what == 5) {
      std::ignore = vault_->restore(id, std::nullopt, {});
    } else if (what == 6) {
      const auto versions = vault_->versions(id);
      if (versions)
        std::ignore = vault_->update(id, secret(label), {.made_from = versions->front().id});
    } else if (pick(2) == 0) {
      vault_->lock();
      ASSERT_TRUE(vault_->unlock(passphrase()));
    } else {
      lose_power();
      reopen();
    }
  }
  const auto live = shown();
  reopen();
  expect_same(shown(), live);
  forget_column();
  reopen();
  expect_same(shown(), live);
}

// The rules of the pages themselves, without a vault.
TEST_F(SealedIndexes, APageTakesRowsUpToItsSizeAndAtLeastOne) {
  std::vector<IndexRow> rows;
  for (std::uint8_t i = 0; i < 3; ++i) {
    SecretId id;
    id.bytes.fill(i);
    auto summary = std::make_shared<const Summary>(
        Summary{.id = id,
                .category = {},
                .version = {},
                .label = text(std::string(1000, 'x')),
                .username = text(std::string(model::kTextBytesMax, 'y')),
                .urls = {},
                .tags = {}});
    rows.push_back({.id = id, .kind = IndexRow::Kind::summarised, .summary = std::move(summary)});
  }
  EXPECT_EQ(rows_of_page(rows), 1U);
  const auto page = write_rows(std::span{rows}.first(1), *plaintext_);
  ASSERT_TRUE(page);
  std::vector<IndexRow> back;
  ASSERT_TRUE(read_rows(*page, *plaintext_, back));
  ASSERT_THAT(back, SizeIs(1));
  EXPECT_EQ(described(*back.front().summary), described(*rows.front().summary));
  std::vector<IndexRow> small(1000);
  EXPECT_EQ(rows_of_page(small), kPageBytes / 192);
  EXPECT_EQ(rows_of_page({}), 0U);
}

}  // namespace
}  // namespace holdfast::node
