// What a vault does after its files were damaged, lost, or its process was killed.
#include "node/history.h"

#include <gmock/gmock.h>

#include <random>

#include "node/child_process.h"
#include "node/damaged_vault.h"
#include "node/node_key_file.h"

namespace holdfast::node {
namespace {

using base::Bytes;
using base::Error;
namespace fs = std::filesystem;

class DamagedFiles : public OnBothOrderings<DamagedVault> {};

TEST_P(DamagedFiles, EveryFlippedByteOfTheNodeKeyIsNoticed) {
  create_with(1);
  vault_.reset();
  const auto path = folder() / "node.key";
  const auto size = fs::file_size(path);
  for (std::uint64_t at = 0; at < size; at += 5) {
    flip_byte(path, at);
    ASSERT_EQ(open_error(), Error::node_key_corrupt) << "byte " << at;
    flip_byte(path, at);
  }
  EXPECT_EQ(open_error(), Error{});
}

TEST_P(DamagedFiles, AMissingOrCutNodeKeyIsNoticed) {
  create_with(1);
  vault_.reset();
  const auto path = folder() / "node.key";
  fs::resize_file(path, fs::file_size(path) - 1);
  EXPECT_EQ(open_error(), Error::node_key_corrupt);
  fs::remove(path);
  EXPECT_EQ(open_error(), Error::node_key_corrupt);
}

TEST_P(DamagedFiles, TheNodeKeyOfAnotherVaultIsNotThisOnes) {
  create_with(1);
  vault_.reset();
  const auto other = temp_.path() / "other";
  ASSERT_TRUE(DistributedVault::create(other, {.device_name = "o", .kdf = kTestKdf}, passphrase(),
                                       ports()));
  fs::copy_file(other / "node.key", folder() / "node.key", fs::copy_options::overwrite_existing);
  EXPECT_EQ(open_error(), Error::node_key_corrupt);
}

TEST_P(DamagedFiles, TheHeaderOfAnotherVaultIsForeign) {
  create_with(1);
  vault_.reset();
  const auto other = temp_.path() / "other";
  ASSERT_TRUE(DistributedVault::create(other, {.device_name = "o", .kdf = kTestKdf}, passphrase(),
                                       ports()));
  fs::copy_file(other / "header", folder() / "header", fs::copy_options::overwrite_existing);
  EXPECT_EQ(open_error(), Error::foreign_vault);
}

TEST_P(DamagedFiles, ADeletedHeaderIsMissingAndADamagedOneCorrupt) {
  create_with(1);
  vault_.reset();
  flip_byte(folder() / "header", 40);
  EXPECT_EQ(open_error(), Error::header_corrupt);
  fs::remove(folder() / "header");
  EXPECT_EQ(open_error(), Error::header_missing);
}

// The block is being signed by then: its signature goes with it, and what is stored stays whole.
TEST_P(DamagedFiles, ATransactionThatDoesNotVerifyIsNotCommitted) {
  create_with(2);
  const auto height = vault_->status().height;
  const auto stored = records(ports::Column::transactions);
  {
    auto node_key = read_node_key(folder() / "node.key", *keys_).value();
    auto history = History::open(folder(), node_key, ports()).value();
    Bytes forged = stored.back().second;
    forged.back() ^= 1;  // of its signature
    const auto refused = history->commit(model::decode_transaction(forged).value());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Error::bad_signature);
    EXPECT_EQ(history->tip().chain.height, height);
    // Alone, it was being signed already; the core is not given it.
    const bool stops = GetParam() == OrderingKind::solo;
    EXPECT_EQ(history->read_only(), stops ? std::optional{Error::store_failed} : std::nullopt);
  }
  reopen();
  EXPECT_EQ(vault_->status().height, height);
  add("and it goes on");
  expect_verified();
}

TEST_P(DamagedFiles, WithoutTheSignerFileItReadsAndDoesNotWrite) {
  create_with(5);
  vault_.reset();
  fs::remove(folder() / "signer");
  reopen();
  expect_readable();
  expect_read_only(Error::signer_missing);
  expect_verified();
}

TEST_P(DamagedFiles, WithADamagedSignerFileItReadsAndDoesNotWrite) {
  create_with(5);
  vault_.reset();
  const auto path = folder() / "signer";
  for (std::uint64_t at = 20; at < fs::file_size(path); at += store::kSignerSlotBytes) {
    flip_byte(path, at);
  }
  reopen();
  expect_readable();
  expect_read_only(Error::signer_corrupt);
}

// Adds to a vault and leaves the folder as a power loss does, without closing it.
TEST_P(DamagedFiles, ALostLogIsNoticedAndNothingIsWrittenOverIt) {
  create_with(3);
  reopen();  // recovery moves what was in the log to tables
  add("only in the newest log");
  add("and another");
  const auto crashed = temp_.path() / "crashed";
  fs::copy(folder(), crashed, fs::copy_options::recursive);
  vault_.reset();
  fs::remove_all(folder());
  fs::rename(crashed, folder());
  std::vector<fs::path> logs;
  for (const auto& entry : fs::directory_iterator{folder() / "store"}) {
    if (entry.path().extension() == ".log") logs.push_back(entry.path());
  }
  ASSERT_FALSE(logs.empty());
  std::ranges::sort(logs);
  fs::remove(logs.back());
  reopen();
  expect_readable();
  expect_read_only(Error::store_log_lost);
  expect_verified();  // what is left is whole
}

TEST_P(DamagedFiles, AnUnclosedVaultLosesNothing) {
  create_with(3);
  reopen();
  ids_.push_back(add("only in the newest log", "password 3").secret);
  const auto crashed = temp_.path() / "crashed";
  fs::copy(folder(), crashed, fs::copy_options::recursive);
  vault_.reset();
  fs::remove_all(folder());
  fs::rename(crashed, folder());
  reopen();
  expect_readable();
  EXPECT_EQ(vault_->status().read_only, std::nullopt);
  add("and it goes on");
  expect_verified();
}

TEST_P(DamagedFiles, AnOlderStoreThanTheSignerRemembersIsNoticed) {
  create_with(3);
  vault_.reset();
  const auto old_store = temp_.path() / "old";
  fs::copy(folder() / "store", old_store, fs::copy_options::recursive);
  reopen();
  add("later");
  vault_.reset();
  fs::remove_all(folder() / "store");
  fs::rename(old_store, folder() / "store");
  reopen();
  expect_readable();
  expect_read_only(Error::store_log_lost);
}

TEST_P(DamagedFiles, TheStoreOfAnotherVaultIsForeign) {
  create_with(1);
  vault_.reset();
  const auto other = temp_.path() / "other";
  ASSERT_TRUE(DistributedVault::create(other, {.device_name = "o", .kdf = kTestKdf}, passphrase(),
                                       ports()));
  fs::remove_all(folder() / "store");
  fs::copy(other / "store", folder() / "store", fs::copy_options::recursive);
  EXPECT_EQ(open_error(), Error::foreign_vault);
}

TEST_P(DamagedFiles, AMissingStoreIsNoticed) {
  create_with(1);
  vault_.reset();
  fs::remove_all(folder() / "store");
  EXPECT_EQ(open_error(), Error::store_missing);
}

class Tips : public DamagedVault {
 protected:
  auto tip() -> Tip {
    vault_.reset();
    auto store = store::RocksStore::open(folder() / "store").value();
    return decode_tip(store->get(ports::Column::meta, name_key(kTipName)).value().value()).value();
  }
  void put_tip(const Tip& tip) { write(ports::Column::meta, name_key(kTipName), encode(tip)); }
};

TEST_F(Tips, DecodeToWhatWasEncoded) {
  create_with(5);
  const Tip one = tip();
  const Tip two = decode_tip(encode(one)).value();
  EXPECT_EQ(two.chain, one.chain);
  EXPECT_EQ(two.state_root, one.state_root);
  EXPECT_EQ(two.audit_root, one.audit_root);
  EXPECT_EQ(two.audit_size, one.audit_size);
  EXPECT_EQ(two.audit_edge, one.audit_edge);
  Bytes cut = encode(one);
  cut.pop_back();
  EXPECT_FALSE(decode_tip(cut).has_value());
  cut.clear();
  EXPECT_FALSE(decode_tip(cut).has_value());
}

TEST_F(Tips, AStoreOfAnotherVersionIsNamedAsSuchAndNotAsDamaged) {
  create_with(1);
  const Bytes whole = encode(tip());
  Bytes other = whole;
  other[1] = 1;  // the version follows the head of the array
  write(ports::Column::meta, name_key(kTipName), other);
  EXPECT_EQ(verdict(), "open: store_of_older_version");
  other[1] = 3;
  write(ports::Column::meta, name_key(kTipName), other);
  EXPECT_EQ(verdict(), "open: unsupported_version");
  write(ports::Column::meta, name_key(kTipName), whole);
  EXPECT_EQ(verdict(), "whole");
}

TEST_F(Tips, AnAlteredTipIsRefusedOrFound) {
  create_with(5);
  const Tip whole = tip();
  const auto verdict_with = [&](auto alter) {
    Tip altered = whole;
    alter(altered);
    put_tip(altered);
    return verdict();
  };
  const std::string refused = "open: store_corrupt";
  EXPECT_EQ(verdict_with([](Tip& t) { t.state_root.bytes[0] ^= 1; }), refused);
  EXPECT_EQ(verdict_with([](Tip& t) { t.audit_root.bytes[0] ^= 1; }), refused);
  EXPECT_EQ(verdict_with([](Tip& t) { ++t.audit_size; }), refused);
  EXPECT_EQ(verdict_with([](Tip& t) { t.audit_edge[0].bytes[0] ^= 1; }), refused);
  EXPECT_EQ(verdict_with([](Tip& t) { t.audit_edge.clear(); }), refused);
  EXPECT_EQ(verdict_with([](Tip& t) { t.chain.height = model::next(t.chain.height); }), refused);
  EXPECT_EQ(verdict_with([](Tip& t) { t.chain.timestamp = model::next(t.chain.timestamp); }),
            refused);
  const std::string found = "verify: tip: is not the last commit";
  EXPECT_EQ(verdict_with([](Tip& t) { t.chain.last_commit.bytes[0] ^= 1; }), found);
  EXPECT_EQ(verdict_with([](Tip& t) { t.chain.last_block.digest.bytes[0] ^= 1; }), found);
  EXPECT_EQ(verdict_with([](Tip& t) { t.chain.epoch = model::next(t.chain.epoch); }), found);
  EXPECT_EQ(verdict_with([](Tip& t) { t.chain.checkpoint_height = Height{0}; }), found);
  put_tip(whole);
  EXPECT_EQ(verdict(), "whole");
}

TEST_F(Tips, EveryFlippedByteOfTheTipIsRefusedOrFound) {
  create_with(3);
  const Bytes whole = encode(tip());
  for (std::size_t at = 0; at < whole.size(); at += 9) {
    Bytes altered = whole;
    altered[at] ^= 1;
    write(ports::Column::meta, name_key(kTipName), altered);
    const std::string said = verdict();
    EXPECT_THAT(said, testing::AnyOf("open: store_corrupt", "verify: tip: is not the last commit"))
        << "byte " << at;
  }
}

TEST_F(Tips, AMissingTipIsRefused) {
  create_with(1);
  write(ports::Column::meta, name_key(kTipName), std::nullopt);
  EXPECT_EQ(verdict(), "open: store_corrupt");
}

// ---- killed processes -------------------------------------------------------------------------
class ChildRole : public VaultTest {};

TEST_F(ChildRole, DISABLED_AddsUntilKilled) {
  const char* at = std::getenv("HOLDFAST_TEST_FOLDER");
  CHECK(at != nullptr);
  auto opened = DistributedVault::open(at, ports());
  CHECK(opened.has_value());
  vault_ = *std::move(opened);
  CHECK(vault_->unlock(passphrase()).has_value());
  for (std::uint64_t number = 0;; ++number) {
    const auto receipt = vault_->add(secret("entry", "ann", "password"), std::nullopt);
    CHECK(receipt.has_value());
    Child::report(receipt->secret.bytes);
  }
}

TEST_P(DamagedFiles, KilledAtRandomMomentsItKeepsEverySecretItAcknowledged) {
  constexpr std::uint64_t kSeed = 20'260'104;
  std::printf("seed %llu\n", static_cast<unsigned long long>(kSeed));
  std::mt19937_64 random{kSeed};
  create();
  std::vector<SecretId> acknowledged;
  for (int round = 0; round < 15; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    vault_.reset();
    {
      Child child{"ChildRole.DISABLED_AddsUntilKilled",
                  {{"HOLDFAST_TEST_FOLDER", folder().string()}}};
      const auto note = [&](const Child::Report& report) {
        acknowledged.push_back(SecretId::from(report).value());
      };
      for (std::uint64_t left = random() % 25; left > 0; --left) {
        const auto report = child.next();
        ASSERT_TRUE(report.has_value()) << "the child ended by itself";
        note(*report);
      }
      child.kill();
      while (const auto report = child.next()) note(*report);
    }
    reopen();
    for (const SecretId& id : acknowledged) ASSERT_EQ(password_of(id), "password") << id.hex();
    EXPECT_EQ(vault_->status().read_only, std::nullopt);
  }
  expect_verified();
  EXPECT_GT(acknowledged.size(), 50U);
  // At most one secret a round was written without its acknowledgement being read.
  EXPECT_LE(vault_->status().secrets, acknowledged.size() + 15);
  add("and it goes on");
}

INSTANTIATE_ON_BOTH_ORDERINGS(DamagedFiles);

}  // namespace
}  // namespace holdfast::node
