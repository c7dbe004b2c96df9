// damaged_vault.h: a vault whose files and records tests alter while it is closed.
#pragma once

#include <fstream>

#include "node/history.h"
#include "node/vault_fixture.h"

namespace holdfast::node {

class DamagedVault : public VaultTest {
 protected:
  void create_with(int secrets) {
    create();
    for (int i = 0; i < secrets; ++i) {
      clock_.advance_ms(400);  // so that some commits have a checkpoint
      ids_.push_back(add("entry " + std::to_string(i), "password " + std::to_string(i)).secret);
    }
  }
  auto open_error() -> base::Error {
    vault_.reset();
    auto opened = DistributedVault::open(folder(), ports());
    if (!opened) return opened.error().code;
    vault_ = *std::move(opened);
    return base::Error{};
  }
  static void flip_byte(const std::filesystem::path& file, std::uint64_t at) {
    std::fstream stream{file, std::ios::in | std::ios::out | std::ios::binary};
    stream.seekg(static_cast<std::streamoff>(at));
    const int old = stream.get();
    ASSERT_GE(old, 0);
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(old ^ 0x40));
  }
  void expect_readable() {
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      EXPECT_EQ(password_of(ids_[i]), "password " + std::to_string(i));
    }
  }
  void expect_read_only(base::Error reason) {
    EXPECT_EQ(vault_->status().read_only, reason);
    const auto refused = vault_->add(secret("new"), std::nullopt);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, reason) << refused.error().text();
    EXPECT_EQ(vault_->list({})->size(), ids_.size());
  }

  // One record of the closed store.
  using Alter = std::function<void(base::Bytes&)>;
  auto records(ports::Column column) -> std::vector<std::pair<base::Bytes, base::Bytes>> {
    vault_.reset();
    auto store = store::RocksStore::open(folder() / "store").value();
    std::vector<std::pair<base::Bytes, base::Bytes>> found;
    EXPECT_TRUE(store
                    ->scan(column, {}, {},
                           [&](base::ByteView key, base::ByteView value) {
                             found.emplace_back(base::to_bytes(key), base::to_bytes(value));
                             return true;
                           })
                    .has_value());
    return found;
  }
  void write(ports::Column column, const base::Bytes& key, std::optional<base::Bytes> value) {
    vault_.reset();
    auto store = store::RocksStore::open(folder() / "store").value();
    ports::Batch batch;
    if (value) {
      batch.put(column, key, *std::move(value));
    } else {
      batch.erase(column, key);
    }
    ASSERT_TRUE(store->write(batch, ports::Durability::synced).has_value());
  }
  // What opening or verifying says: "open: store_corrupt" or "verify: commit 3: …" or "whole".
  auto verdict() -> std::string {
    vault_.reset();
    auto opened = DistributedVault::open(folder(), ports());
    if (!opened) return "open: " + std::string{base::error_name(opened.error().code)};
    vault_ = *std::move(opened);
    auto report = vault_->verify({});
    if (!report) return "verify failed: " + report.error().text();
    return report->first_bad ? "verify: " + *report->first_bad : "whole";
  }

  std::vector<SecretId> ids_;
};

}  // namespace holdfast::node
