#include "node/distributed_vault.h"

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "node/vault_fixture.h"

namespace holdfast::node {
namespace {

using base::Error;

class DistributedVaultTest : public OnBothOrderings<VaultTest> {};

TEST_P(DistributedVaultTest, GivesBackWhatWasAddedAlsoAfterReopening) {
  create();
  const Receipt receipt = add("GitHub", "s3cret");
  EXPECT_EQ(password_of(receipt.secret), "s3cret");
  reopen();
  EXPECT_EQ(password_of(receipt.secret), "s3cret");
  expect_verified();
}

TEST_P(DistributedVaultTest, CommitsAtOnceWithOneValidator) {
  create();
  const auto before = vault_->status();
  const Receipt receipt = add("GitHub");
  ASSERT_TRUE(receipt.height.has_value());
  const Height next = model::next(before.height);
  // The core commits empty blocks, too.
  const bool alone = GetParam() == OrderingKind::solo;
  EXPECT_TRUE(alone ? *receipt.height == next : *receipt.height > next);
  EXPECT_EQ(vault_->status().height, *receipt.height);
  EXPECT_NE(vault_->status().state_root, before.state_root);
  EXPECT_NE(vault_->status().audit_root, before.audit_root);
}

TEST_P(DistributedVaultTest, RefusesAWrongPassphraseAndStaysLocked) {
  create();
  reopen(false);
  const auto unlocked = vault_->unlock(passphrase("wrong horse"));
  ASSERT_FALSE(unlocked);
  EXPECT_EQ(unlocked.error().code, Error::wrong_passphrase);
  EXPECT_FALSE(vault_->status().unlocked);
}

TEST_P(DistributedVaultTest, AnswersNothingWhileLocked) {
  create();
  const Receipt receipt = add("GitHub");
  vault_->lock();
  EXPECT_EQ(vault_->get(receipt.secret).error().code, Error::vault_locked);
  EXPECT_EQ(vault_->list({}).error().code, Error::vault_locked);
  EXPECT_EQ(vault_->find("GitHub").error().code, Error::vault_locked);
  EXPECT_EQ(vault_->add(secret("x"), std::nullopt).error().code, Error::vault_locked);
  EXPECT_EQ(vault_->status().secrets, 0U);
  expect_verified();  // needs no secret
}

TEST_P(DistributedVaultTest, LockGivesBackAllMemoryOfSecrets) {
  create();
  const std::size_t keys_before = keys_->bytes_in_use();
  for (int i = 0; i < 50; ++i) add("entry " + std::to_string(i));
  vault_->lock();
  reopen(false);
  // A pool keeps its pages, wiped; it must not grow by locking and unlocking.
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(vault_->unlock(passphrase()));
    vault_->lock();
  }
  EXPECT_LE(keys_->bytes_in_use(), keys_before + (1 << 20));
}

TEST_P(DistributedVaultTest, UpdateReplacesAndKeepsTheIfVersionPromise) {
  create();
  const Receipt first = add("GitHub", "one");
  const auto second =
      vault_->update(first.secret, secret("GitHub", "ann", "two"), {.heads = {{first.version}}});
  ASSERT_TRUE(second) << second.error().text();
  EXPECT_EQ(password_of(first.secret), "two");
  const auto stale =
      vault_->update(first.secret, secret("GitHub", "ann", "three"), {.heads = {{first.version}}});
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, Error::stale_version);
  EXPECT_EQ(password_of(first.secret), "two");
  EXPECT_EQ(vault_->get(first.secret)->heads.size(), 1U);
}

TEST_P(DistributedVaultTest, RemovedSecretsLeaveTheListAndStayAsDeleted) {
  create();
  const Receipt receipt = add("GitHub");
  ASSERT_TRUE(vault_->remove(receipt.secret, false, {}));
  EXPECT_EQ(vault_->get(receipt.secret).error().code, Error::unknown_secret);
  EXPECT_TRUE(vault_->list({})->empty());
  EXPECT_EQ(vault_->list({.deleted = true})->size(), 1U);
  reopen();
  EXPECT_EQ(vault_->list({.deleted = true})->size(), 1U);
  expect_verified();
}

TEST_P(DistributedVaultTest, PurgedSecretsLeaveNoBodyOnDisk) {
  create();
  const Receipt receipt = add("GitHub");
  ASSERT_TRUE(vault_->remove(receipt.secret, true, {}));
  EXPECT_TRUE(vault_->list({.deleted = true})->empty());
  expect_verified();
  EXPECT_EQ(vault_->verify({})->versions, 0U);
  EXPECT_EQ(vault_->remove(receipt.secret, false, {}).error().code, Error::unknown_secret);
}

TEST_P(DistributedVaultTest, FindsByLabelByCategoryAndByIdPrefix) {
  create();
  const auto work = vault_->add_category("Work", std::nullopt);
  ASSERT_TRUE(work) << work.error().text();
  const Receipt home = add("Mail");
  const auto at_work = vault_->add(secret("Mail"), *work);
  ASSERT_TRUE(at_work);
  const Receipt other = add("Bank");
  EXPECT_EQ(vault_->find("Bank")->one->id, other.secret);
  const auto ambiguous = vault_->find("Mail");
  EXPECT_EQ(ambiguous->one, nullptr);
  EXPECT_EQ(ambiguous->candidates.size(), 2U);
  EXPECT_EQ(vault_->find("Work/Mail")->one->id, at_work->secret);
  EXPECT_EQ(vault_->find("main/Mail")->one->id, home.secret);
  EXPECT_EQ(vault_->find(other.secret.hex().substr(0, 12))->one->id, other.secret);
  EXPECT_EQ(vault_->find("no such")->one, nullptr);
}

TEST_P(DistributedVaultTest, OneLabelTwiceInACategoryGivesTheFirstAndSaysSo) {
  create();
  const Receipt first = add("Mail", "first");
  const Receipt second = add("Mail", "second");
  const auto found = vault_->find("Mail");
  ASSERT_NE(found->one, nullptr);
  EXPECT_EQ(found->one->id, first.secret);
  EXPECT_TRUE(found->duplicate_label);
  EXPECT_TRUE(vault_->list({})->front()->duplicate_label);
  ASSERT_TRUE(vault_->remove(second.secret, false, {}));
  EXPECT_FALSE(vault_->find("Mail")->duplicate_label);
  EXPECT_FALSE(vault_->list({})->front()->duplicate_label);
}

TEST_P(DistributedVaultTest, ListsAndSearches) {
  create();
  add("beta");
  add("Alpha");
  auto tagged = secret("gamma");
  tagged.tags.push_back(text("bank"));
  tagged.urls.push_back(text("https://example.org"));
  tagged.notes = text("the spare key is under the mat");
  ASSERT_TRUE(vault_->add(std::move(tagged), std::nullopt));
  const auto label = [](const SummaryRef& s) {
    return s->label.expose_text([](std::string_view t) { return std::string{t}; });
  };
  EXPECT_EQ(label(vault_->list({})->front()), "Alpha");
  EXPECT_EQ(label(vault_->list({.reverse = true})->front()), "gamma");
  EXPECT_EQ(vault_->list({.tags = {"bank"}})->size(), 1U);
  EXPECT_EQ(vault_->search("EXAMPLE", {})->size(), 1U);
  EXPECT_EQ(vault_->search("spare", {})->size(), 0U);
  EXPECT_EQ(vault_->search("spare", {.notes = true})->size(), 1U);
}

TEST_P(DistributedVaultTest, WritersShareCommitsAndEachGetsItsOwnResult) {
  create();
  constexpr int kThreads = 8;
  constexpr int kEach = 20;
  std::vector<std::thread> threads;
  std::vector<std::vector<Receipt>> receipts(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const std::string label = std::to_string(t) + "/" + std::to_string(i);
        receipts[std::size_t(t)].push_back(add(label, "p" + label));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(vault_->status().height, model::Height{kThreads * kEach / 2});  // batches of several
  reopen();
  for (int t = 0; t < kThreads; ++t) {
    for (int i = 0; i < kEach; ++i) {
      EXPECT_EQ(password_of(receipts[std::size_t(t)][std::size_t(i)].secret),
                "p" + std::to_string(t) + "/" + std::to_string(i));
    }
  }
  EXPECT_EQ(vault_->status().secrets, std::uint64_t{kThreads * kEach});
  expect_verified();
}

// So many that one batch is composed while another is committed: what follows is composed upon it.
TEST_P(DistributedVaultTest, WritersOfTheSameSecretsNeverForkThem) {
  create();
  constexpr int kThreads = 96, kEach = 8;
  const std::array secrets{add("a").secret, add("b").secret, add("c").secret};
  std::atomic<int> stale = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          const SecretId id = secrets[std::size_t(i) % secrets.size()];
          Basis basis;
          if (t % 4 == 0) basis.heads = vault_->get(id)->heads;
          const auto written = vault_->update(id, secret("edited"), basis);
          if (!written) {
            EXPECT_EQ(written.error().code, Error::stale_version);
            ++stale;
          }
        }
      });
    }
  }
  EXPECT_LE(stale, kThreads / 4 * kEach);
  EXPECT_EQ(vault_->status().conflicts, 0U);
  for (const SecretId& id : secrets) EXPECT_EQ(vault_->get(id)->heads.size(), 1U);
  expect_verified();
}

TEST_P(DistributedVaultTest, AWriteThatFailsUnderWayTakesNoNumberFromTheNext) {
  create();
  constexpr int kThreads = 96;
  std::atomic<bool> ending = false;
  std::atomic<std::uint64_t> written = 0, refused = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        while (!ending) {
          const auto receipt = vault_->add(secret(std::to_string(t)), std::nullopt);
          EXPECT_TRUE(receipt || receipt.error().code == Error::migration_running);
          ++(receipt ? written : refused);
        }
      });
    }
    for (std::uint64_t round = 1; round <= 20; ++round) {
      while (written < round * kThreads) std::this_thread::yield();
      const std::uint64_t before = refused;
      vault_->set_read_only(Error::migration_running);
      while (refused < before + kThreads) std::this_thread::yield();
      vault_->set_read_only(std::nullopt);
    }
    ending = true;
  }
  EXPECT_EQ(vault_->status().secrets, written);
  add("last");
  expect_verified();
}

TEST_P(DistributedVaultTest, RefusesWhatIsTooLargeAndKeepsGoing) {
  create();
  auto large = secret("large");
  large.notes.buffer().assign(model::kNotesBytesMax + 1, 'x');
  EXPECT_EQ(vault_->add(std::move(large), std::nullopt).error().code, Error::too_long);
  EXPECT_EQ(vault_->add(secret(""), std::nullopt).error().code, Error::empty_label);
  add("small");
  expect_verified();
}

TEST_P(DistributedVaultTest, ASecondProcessIsToldThatTheVaultIsOpen) {
  create();
  const auto second = DistributedVault::open(folder(), ports());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Error::store_locked);
}

TEST_P(DistributedVaultTest, AClockADayBehindIsRefused) {
  create();
  add("before");
  clock_.advance_ms(-25LL * 3600 * 1000);
  EXPECT_EQ(vault_->add(secret("x"), std::nullopt).error().code, Error::clock_far_off);
  clock_.advance_ms(25LL * 3600 * 1000);
  add("after");
}

TEST_P(DistributedVaultTest, CreateRefusesAFolderThatIsInUse) {
  create();
  vault_.reset();
  const auto again = DistributedVault::create(folder(), {.device_name = "t", .kdf = kTestKdf},
                                              passphrase(), ports());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Error::vault_exists);
  reopen();
}

INSTANTIATE_ON_BOTH_ORDERINGS(DistributedVaultTest);

}  // namespace
}  // namespace holdfast::node
