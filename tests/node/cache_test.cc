// What an unlocked vault keeps at hand: each cache is used, bounded, and never says what is past.
#include <gmock/gmock.h>

#include <random>

#include "node/index.h"
#include "node/lru_cache.h"
#include "node/query_cache.h"
#include "node/vault_fixture.h"

namespace holdfast::node {
namespace {

using testing::ElementsAre, testing::IsEmpty, testing::SizeIs;

auto plain(const base::SecretBytes& from) -> std::string {
  return from.expose_text([](std::string_view t) { return std::string{t}; });
}
auto id_of(std::uint8_t number) -> SecretId {
  SecretId id;
  id.bytes.fill(number);
  return id;
}

TEST(LruCacheTest, WhatWasNotUsedForLongestLeavesFirst) {
  LruCache<int> cache{2};
  const auto put = [&](std::uint8_t id) {
    cache.put(id_of(id), std::make_shared<const int>(id), cache.epoch());
  };
  put(1);
  put(2);
  ASSERT_NE(cache.get(id_of(1)), nullptr);
  put(3);
  EXPECT_EQ(cache.get(id_of(2)), nullptr);
  EXPECT_EQ(*cache.get(id_of(1)), 1);
  EXPECT_EQ(*cache.get(id_of(3)), 3);
  EXPECT_EQ(cache.counters().hits, 3U);
  EXPECT_EQ(cache.counters().misses, 1U);
  EXPECT_EQ(cache.counters().held, 2U);
}

TEST(LruCacheTest, WhatWasReadBeforeAChangeStaysOut) {
  LruCache<int> cache{2};
  const std::uint64_t before = cache.epoch();
  cache.invalidate(id_of(1));
  cache.put(id_of(1), std::make_shared<const int>(1), before);
  EXPECT_EQ(cache.get(id_of(1)), nullptr);
  cache.put(id_of(1), std::make_shared<const int>(1), cache.epoch());
  cache.invalidate_all();
  EXPECT_EQ(cache.get(id_of(1)), nullptr);
}

class CacheTest : public VaultTest {
 protected:
  auto caches() -> Caches { return vault_->status().caches; }
  auto searched(std::string_view what) -> std::vector<std::string> {
    std::vector<std::string> labels;
    const auto found = vault_->search(what, {});
    for (const SummaryRef& one : found.value()) labels.push_back(plain(one->label));
    return labels;
  }
  void use(model::Strategy strategy) {
    model::ConflictSettings settings{*plaintext_};
    settings.strategy = strategy;
    ASSERT_TRUE(vault_->set_conflict_settings(settings));
  }
  auto in_conflict(std::string_view label) -> SecretId {
    const Receipt first = add(label, "one");
    clock_.advance_ms(1000);
    EXPECT_TRUE(vault_->update(first.secret, secret(label, "ann", "here"), {}));
    clock_.advance_ms(1000);
    EXPECT_TRUE(
        vault_->update(first.secret, secret(label, "ann", "there"), {.made_from = first.version}));
    return first.secret;
  }
};

TEST_F(CacheTest, ASecretReadTwiceIsReadFromTheDiskOnce) {
  create();
  const SecretId id = add("GitHub").secret;
  EXPECT_EQ(password_of(id), "hunter2");
  EXPECT_EQ(password_of(id), "hunter2");
  EXPECT_EQ(caches().nodes.hits, 1U);
  EXPECT_EQ(caches().nodes.misses, 1U);
  ASSERT_TRUE(vault_->update(id, secret("GitHub", "ann", "new"), {}));
  EXPECT_EQ(password_of(id), "new");
  EXPECT_EQ(caches().nodes.misses, 2U);
}

TEST_F(CacheTest, AConflictThatWaitsIsSettledOnceForAllItsReaders) {
  create();
  use(model::Strategy::manual);
  const SecretId id = in_conflict("GitHub");
  EXPECT_EQ(password_of(id), "here");
  EXPECT_EQ(password_of(id), "here");
  EXPECT_THAT(*vault_->conflicts(), SizeIs(1));
  EXPECT_EQ(caches().views.misses, 1U);
  EXPECT_EQ(caches().views.hits, 2U);
  use(model::Strategy::last_write_wins);  // settles what waited
  EXPECT_EQ(password_of(id), "there");
  EXPECT_FALSE(vault_->get(id)->conflict);
  EXPECT_THAT(*vault_->conflicts(), IsEmpty());
}

TEST_F(CacheTest, ASearchAskedAgainIsAnsweredWithoutAScan) {
  create();
  add("bank");
  add("shop");
  EXPECT_THAT(searched("BANK"), ElementsAre("bank"));
  EXPECT_THAT(searched("BANK"), ElementsAre("bank"));
  EXPECT_EQ(caches().queries.hits, 1U);
  EXPECT_EQ(caches().queries.misses, 1U);
}

TEST_F(CacheTest, AChangeDropsTheAnswersThatItConcernsAndNoOthers) {
  create();
  const SecretId bank = add("bank").secret;
  add("shop");
  EXPECT_THAT(searched("bank"), ElementsAre("bank"));
  EXPECT_THAT(searched("shop"), ElementsAre("shop"));
  EXPECT_THAT(searched("post"), IsEmpty());
  ASSERT_TRUE(vault_->update(bank, secret("post"), {}));
  EXPECT_THAT(searched("shop"), ElementsAre("shop"));
  EXPECT_EQ(caches().queries.hits, 1U);
  EXPECT_THAT(searched("bank"), IsEmpty());
  EXPECT_THAT(searched("post"), ElementsAre("post"));
  EXPECT_EQ(caches().queries.hits, 1U);
}

TEST_F(CacheTest, ARenamedCategoryIsFoundByItsNewNameAtOnce) {
  create();
  const CategoryId work = vault_->add_category("Work", std::nullopt).value();
  ASSERT_TRUE(vault_->add(secret("mail"), work));
  EXPECT_THAT(searched("work"), ElementsAre("mail"));
  EXPECT_THAT(searched("office"), IsEmpty());
  ASSERT_TRUE(vault_->rename_category(work, "Office"));
  EXPECT_THAT(searched("work"), IsEmpty());
  EXPECT_THAT(searched("office"), ElementsAre("mail"));
}

TEST_F(CacheTest, LockDropsEverything) {
  create();
  use(model::Strategy::manual);
  const SecretId id = in_conflict("bank");
  const SecretId other = add("shop").secret;
  std::ignore = password_of(id);
  std::ignore = password_of(other);
  std::ignore = searched("bank");
  EXPECT_EQ(caches().nodes.held, 1U);
  EXPECT_EQ(caches().views.held, 1U);
  EXPECT_EQ(caches().queries.held, 1U);
  vault_->lock();
  EXPECT_EQ(caches().queries.held, 0U);
  ASSERT_TRUE(vault_->unlock(passphrase()));
  EXPECT_EQ(caches().nodes.held + caches().views.held + caches().queries.held, 0U);
}

TEST_F(CacheTest, EveryCacheKeepsItsLimit) {
  Ports few = ports();
  few.caches = {.nodes_max = 3, .views_max = 1, .queries_max = 2};
  vault_ = DistributedVault::create(folder(), {.device_name = "test", .kdf = kTestKdf},
                                    passphrase(), few)
               .value();
  use(model::Strategy::manual);
  for (int i = 0; i < 2; ++i) {
    const SecretId id = in_conflict("conflict " + std::to_string(i));
    EXPECT_EQ(password_of(id), "here");
  }
  for (int i = 0; i < 5; ++i) {
    const SecretId id = add("entry " + std::to_string(i), std::to_string(i)).secret;
    EXPECT_EQ(password_of(id), std::to_string(i));
    EXPECT_THAT(searched("entry " + std::to_string(i)), SizeIs(1));
  }
  EXPECT_EQ(caches().nodes.held, 3U);
  EXPECT_EQ(caches().views.held, 1U);
  EXPECT_EQ(caches().queries.held, 2U);
}

TEST_F(CacheTest, AnswersOfTooManyRowsAreNotKept) {
  QueryCache cache{10};
  const auto rows = [](std::size_t count) {
    return std::make_shared<const std::vector<SummaryRef>>(count);
  };
  cache.put(query_of("a", {}, *plaintext_), rows(kCachedRowsMax + 1));
  EXPECT_EQ(cache.counters().held, 0U);
  cache.put(query_of("a", {}, *plaintext_), rows(kCachedRowsMax / 2));
  cache.put(query_of("b", {}, *plaintext_), rows(kCachedRowsMax / 2));
  EXPECT_EQ(cache.counters().held, 2U);
  cache.put(query_of("c", {}, *plaintext_), rows(1));  // the oldest makes room
  EXPECT_EQ(cache.counters().held, 2U);
  EXPECT_EQ(cache.get(query_of("a", {}, *plaintext_)), nullptr);
}

// Property: a vault that remembers and one that remembers nothing answer alike, after every change.
TEST_F(CacheTest, RandomReadsAndWritesAnswerAsWithoutAnyCache) {
  create();
  std::vector<SecretId> ids;
  std::mt19937_64 random{11};
  const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  std::map<SecretId, std::string> passwords;
  for (int turn = 0; turn < 400; ++turn) {
    const std::string label = "label " + std::to_string(pick(6));
    const std::string password = "password " + std::to_string(turn);
    if (ids.empty() || pick(6) == 0) {
      ids.push_back(add(label, password).secret);
      passwords[ids.back()] = password;
    } else if (pick(4) == 0) {
      const SecretId id = ids[pick(ids.size())];
      ASSERT_TRUE(vault_->update(id, secret(label, "ann", password), {}));
      passwords[id] = password;
    } else if (ids.size() > 3 && pick(8) == 0) {
      const std::size_t at = pick(ids.size());
      ASSERT_TRUE(vault_->remove(ids[at], pick(2) == 0, {}));
      passwords.erase(ids[at]);
      ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(at));
    }
    const std::string what = "LABEL " + std::to_string(pick(6));
    std::set<SecretId> found;
    const auto answer = vault_->search(what, {});
    for (const SummaryRef& one : answer.value()) {
      found.insert(one->id);
      EXPECT_EQ(one->duplicate_label, answer->size() > 1);
    }
    std::set<SecretId> expected;
    for (const SecretId& id : ids) {
      const auto entry = vault_->get(id);
      ASSERT_TRUE(entry);
      EXPECT_EQ(plain(entry->secret.password), passwords.at(id));
      if (contains_folded(plain(entry->secret.label), what)) expected.insert(id);
    }
    EXPECT_EQ(found, expected) << what;
    EXPECT_THAT(*vault_->list({}), SizeIs(ids.size()));
  }
  EXPECT_GT(caches().nodes.hits, 100U);
  EXPECT_GT(caches().queries.hits, 50U);
}

}  // namespace
}  // namespace holdfast::node
