#include "node/export.h"

#include <gmock/gmock.h>

#include "formats/holdfast_file.h"
#include "node/import_mark.h"
#include "node/vault_fixture.h"

namespace holdfast::node {
namespace {

using testing::ElementsAre;

class Export : public VaultTest {
 protected:
  void SetUp() override { create(); }

  // A category with a category below, a history with a restored deletion, a conflict, a tombstone.
  void fill() {
    const auto work = vault_->add_category("Work", std::nullopt).value();
    ASSERT_TRUE(vault_->add_category("Empty", work));
    model::ConflictSettings settings{*plaintext_};
    settings.strategy = model::Strategy::manual;
    ASSERT_TRUE(vault_->set_conflict_settings(settings));
    const auto line = vault_->add(secret("line", "ann", "one"), work).value();
    ASSERT_TRUE(vault_->update(line.secret, secret("line", "ann", "two"), {}));
    ASSERT_TRUE(vault_->remove(line.secret, false, {}));
    ASSERT_TRUE(vault_->restore(line.secret, std::nullopt, {}));
    const auto torn = add("torn", "base");
    ASSERT_TRUE(vault_->update(torn.secret, secret("torn", "ann", "left"), {}));
    ASSERT_TRUE(
        vault_->update(torn.secret, secret("torn", "ann", "right"), {.made_from = torn.version}));
    const auto gone = add("gone", "g");
    ASSERT_TRUE(vault_->remove(gone.secret, false, {}));
    model::Secret rich = secret("rich");
    rich.tags.push_back(text("tag"));
    rich.urls.push_back(text("https://a.example"));
    rich.attachments.push_back(
        {text("key.bin"), text("application/octet-stream"), text("\x01\x02")});
    rich.fields.push_back(
        {text("s"), text("pin"), text("1234"), true, model::FieldType::concealed});
    rich.totp = {model::OtpAlgorithm::sha1, 6, 30, text("12345678901234567890")};
    ASSERT_TRUE(vault_->add(std::move(rich), work));
  }

  auto sealed(const DistributedVault& vault) -> base::SecretBytes {
    const auto set =
        collect_export(vault, {.history = true, .deleted = true, .shape = true}).value();
    return formats::encode_holdfast_content(set.entries, set.folders, *plaintext_).value();
  }
  auto import_into(DistributedVault& vault, const base::SecretBytes& content) -> ImportReport {
    auto file = content.expose(
        [&](base::ByteView bytes) { return formats::decode_holdfast_content(bytes, *plaintext_); });
    EXPECT_TRUE(file) << file.error().text();
    auto report = vault.import(*std::move(file), {});
    EXPECT_TRUE(report) << report.error().text();
    return report.value_or(ImportReport{});
  }
  // Everything about every secret and version, without what an import notes about itself.
  auto told(const DistributedVault& vault) -> std::vector<std::string> {
    const auto set =
        collect_export(vault, {.history = true, .deleted = true, .shape = true}).value();
    std::vector<std::string> lines;
    for (const auto& entry : set.entries) {
      std::string line = entry.id + (entry.deleted ? " deleted" : "");
      for (const auto& name : entry.folder) line += "/" + shown(name);
      for (const auto& node : entry.shape) {
        line += node.deletes ? " x" : " v";
        for (const auto parent : node.parents) line += std::to_string(parent) + ",";
      }
      for (const auto* state : entry.history) line += content(*state);
      lines.push_back(line + content(*entry.secret));
    }
    for (const auto& folder : set.folders) {
      lines.emplace_back("folder");
      for (const auto& name : folder) lines.back() += "/" + shown(name);
    }
    std::ranges::sort(lines);
    return lines;
  }
  auto content(const model::Secret& secret) -> std::string {
    model::Secret plain = secret.clone();
    std::erase_if(plain.sources, is_import_mark);
    return " " + model::encode(plain, *plaintext_).value().expose([](base::ByteView bytes) {
      return base::to_hex(bytes);
    });
  }
  static auto shown(const base::SecretBytes& name) -> std::string {
    return name.expose_text([](std::string_view text) { return std::string{text}; });
  }
  auto second() -> std::unique_ptr<DistributedVault> {
    auto made = DistributedVault::create(
        temp_.path() / "second", {.device_name = "two", .kdf = kTestKdf}, passphrase(), ports());
    EXPECT_TRUE(made) << made.error().text();
    return *std::move(made);
  }
};

TEST_F(Export, AllOfAVaultComesBackInAnotherOne) {
  fill();
  const auto before = told(*vault_);
  ASSERT_EQ(before.size(), 6u);
  const auto other = second();
  const ImportReport report = import_into(*other, sealed(*vault_));
  EXPECT_EQ(report.added, 4u);
  EXPECT_EQ(report.failures, std::vector<std::string>{});
  EXPECT_EQ(told(*other), before);
  EXPECT_EQ(other->verify({}).value().first_bad, std::nullopt);
}

TEST_F(Export, ImportedTwiceOrWhereItCameFromChangesNothing) {
  fill();
  const auto other = second();
  const auto file = sealed(*vault_);
  (void)import_into(*other, file);
  for (DistributedVault* vault : {other.get(), vault_.get()}) {
    const auto root = vault->status().state_root;
    const ImportReport again = import_into(*vault, file);
    EXPECT_EQ(again.skipped, 4u);
    EXPECT_EQ(again.added + again.updated + again.failed, 0u);
    EXPECT_EQ(vault->status().state_root, root);
  }
}

TEST_F(Export, WhatWasPurgedComesBackOnceUnderANewId) {
  const auto held = add("mail");
  const auto file = sealed(*vault_);
  ASSERT_TRUE(vault_->remove(held.secret, true, {}));
  EXPECT_EQ(import_into(*vault_, file).added, 1u);
  const auto found = vault_->find("mail").value();
  ASSERT_NE(found.one, nullptr);
  EXPECT_NE(found.one->id, held.secret);
  EXPECT_EQ(import_into(*vault_, file).skipped, 1u);
}

TEST_F(Export, ForOtherFormatsWhatIsShownComesLast) {
  const auto torn = add("torn", "base");
  ASSERT_TRUE(vault_->update(torn.secret, secret("torn", "ann", "next"), {}));
  ASSERT_TRUE(vault_->remove(add("gone").secret, false, {}));
  const auto plain = collect_export(*vault_, {}).value();
  ASSERT_EQ(plain.entries.size(), 1u);
  EXPECT_TRUE(plain.entries[0].history.empty());
  const auto whole = collect_export(*vault_, {.history = true, .deleted = true}).value();
  ASSERT_EQ(whole.entries.size(), 2u);
  EXPECT_TRUE(whole.entries[1].deleted);
  ASSERT_EQ(whole.entries[0].history.size(), 1u);
  EXPECT_EQ(shown(whole.entries[0].history[0]->password), "base");
  EXPECT_EQ(shown(whole.entries[0].secret->password), "next");
  EXPECT_TRUE(whole.entries[0].shape.empty());
}

TEST_F(Export, TakesOnlyTheCategoriesChosen) {
  const auto one = vault_->add_category("One", std::nullopt).value();
  const auto two = vault_->add_category("Two", std::nullopt).value();
  ASSERT_TRUE(vault_->add(secret("a"), one));
  ASSERT_TRUE(vault_->add(secret("b"), two));
  ASSERT_TRUE(vault_->add(secret("c"), std::nullopt));
  const auto set = collect_export(*vault_, {.categories = {one, two}}).value();
  std::vector<std::string> labels;
  for (const auto& entry : set.entries) labels.push_back(shown(entry.secret->label));
  EXPECT_THAT(labels, ElementsAre("a", "b"));
  EXPECT_EQ(set.folders.size(), 2u);
}

}  // namespace
}  // namespace holdfast::node
