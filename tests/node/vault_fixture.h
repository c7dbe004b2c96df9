// vault_fixture.h: a vault in a temporary folder with the cheapest allowed passphrase key and a
// clock that tests move.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "node/distributed_vault.h"
#include "store/system.h"
#include "support/temp_folder.h"

namespace holdfast::node {

class TestClock final : public ports::Clock {
 public:
  [[nodiscard]] auto now_ms() const -> std::int64_t override { return now_; }
  [[nodiscard]] auto monotonic() const -> std::chrono::nanoseconds override {
    return std::chrono::milliseconds{now_.load()};
  }
  void advance_ms(std::int64_t ms) { now_ += ms; }

 private:
  std::atomic<std::int64_t> now_ = 1'760'000'000'000;
};

inline const crypto::Argon2Params kTestKdf = crypto::kArgon2Floor;

class VaultTest : public testing::Test {
 protected:
  auto ports() -> Ports { return {clock_, entropy_, *keys_, *plaintext_}; }
  auto passphrase(std::string_view text = "correct horse") -> base::SecretBytes {
    return base::SecretBytes::copy_of(*keys_, text).value();
  }
  auto text(std::string_view from) -> base::SecretBytes {
    return base::SecretBytes::copy_of(*plaintext_, from).value();
  }
  auto secret(std::string_view label, std::string_view username = "ann",
              std::string_view password = "hunter2") -> model::Secret {
    model::Secret made{*plaintext_};
    made.label = text(label);
    made.username = text(username);
    made.password = text(password);
    return made;
  }
  void create() {
    auto made = DistributedVault::create(
        folder(), {.device_name = "test", .kdf = kTestKdf, .ordering = ordering_}, passphrase(),
        ports());
    ASSERT_TRUE(made) << made.error().text();
    vault_ = *std::move(made);
  }
  void reopen(bool unlock = true) {
    vault_.reset();
    auto opened = DistributedVault::open(folder(), ports());
    ASSERT_TRUE(opened) << opened.error().text();
    vault_ = *std::move(opened);
    if (!unlock) return;
    auto unlocked = vault_->unlock(passphrase());
    ASSERT_TRUE(unlocked) << unlocked.error().text();
  }
  auto add(std::string_view label, std::string_view password = "hunter2") -> Receipt {
    auto receipt = vault_->add(secret(label, "ann", password), std::nullopt);
    EXPECT_TRUE(receipt) << receipt.error().text();
    return receipt.value_or(Receipt{});
  }
  auto password_of(const SecretId& id) -> std::string {
    auto entry = vault_->get(id);
    if (!entry) return "error: " + entry.error().text();
    return entry->secret.password.expose_text([](std::string_view t) { return std::string{t}; });
  }
  void expect_verified() {
    auto report = vault_->verify({});
    ASSERT_TRUE(report) << report.error().text();
    EXPECT_EQ(report->first_bad, std::nullopt);
  }
  [[nodiscard]] auto folder() const -> std::filesystem::path { return temp_.path() / "vault"; }

  OrderingKind ordering_ = OrderingKind::solo;
  test::TempFolder temp_;
  TestClock clock_;
  store::SystemEntropy entropy_;
  std::unique_ptr<base::SecretMemory> keys_ =
      base::SecretMemory::create({.bytes_max = 4 << 20, .lock = base::Lock::attempted}).value();
  std::unique_ptr<base::SecretMemory> plaintext_ =
      base::SecretMemory::create({.bytes_max = std::size_t{1} << 30, .lock = base::Lock::none})
          .value();
  std::unique_ptr<DistributedVault> vault_;
};

// The same tests, whoever orders: `class X : public OnBothOrderings<Fixture>`, TEST_P, and
// INSTANTIATE_ON_BOTH_ORDERINGS(X).
template <class Fixture>
class OnBothOrderings : public Fixture, public testing::WithParamInterface<OrderingKind> {
 protected:
  OnBothOrderings() { this->ordering_ = GetParam(); }
};
#define INSTANTIATE_ON_BOTH_ORDERINGS(suite)                             \
  INSTANTIATE_TEST_SUITE_P(                                              \
      By, suite, testing::Values(OrderingKind::solo, OrderingKind::dag), \
      [](const auto& each) { return std::string{ordering_name(each.param)}; })

}  // namespace holdfast::node
