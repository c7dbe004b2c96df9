// Requests that change or count a vault as a whole.
#include <fstream>

#include "api/server_fixture.h"

namespace holdfast::api {
namespace {

using testing::HasSubstr, testing::Not;

class VaultChange : public ServerTest {};

TEST_F(VaultChange, ThePassphraseIsProvenAndThenAnother) {
  start_unlocked();
  const auto change = [&](std::string_view body) {
    return ask("POST", "/v1/vaults/main/passphrase", body);
  };
  EXPECT_EQ(change(R"({"old":"wrong","new":"new horse"})").code(), "wrong_passphrase");
  EXPECT_EQ(change(R"({"old":"correct horse","new":""})").code(), "passphrase_empty");
  EXPECT_EQ(change(R"({"old":"correct horse"})").code(), "bad_request");
  const Reply changed = change(R"({"old":"correct horse","new":"new horse"})");
  EXPECT_EQ(changed.status, 200U) << changed.body;
  ASSERT_EQ(ask("POST", "/v1/lock", "{}").status, 200U);
  EXPECT_EQ(ask("POST", "/v1/unlock", R"({"passphrase":"correct horse"})").status, 401U);
  EXPECT_EQ(ask("POST", "/v1/unlock", R"({"passphrase":"new horse"})").status, 200U);
}

TEST_F(VaultChange, ARenamedVaultKeepsItsSecretsAndIsLocked) {
  start_unlocked();
  ASSERT_EQ(add(R"({"label":"mail","password":"hunter2"})").status, 201U);
  const Reply renamed = ask("PATCH", "/v1/vaults/main", R"({"name":"office"})");
  EXPECT_EQ(renamed.status, 200U) << renamed.body;
  EXPECT_EQ(renamed.body, R"({"name":"office"})");
  EXPECT_EQ(ask("GET", "/v1/vaults/main").code(), "unknown_vault");
  EXPECT_EQ(ask("GET", "/v1/vaults/office/secrets").code(), "vault_locked");
  ASSERT_EQ(ask("POST", "/v1/unlock", R"({"vault":"office","passphrase":"correct horse"})").status,
            200U);
  EXPECT_THAT(ask("GET", "/v1/vaults/office/secrets").body, HasSubstr("mail"));
}

TEST_F(VaultChange, ANameThatIsTakenOrBadRenamesNothing) {
  start_unlocked();
  ASSERT_EQ(
      ask("POST", "/v1/vaults", R"({"name":"two","passphrase":"x","kdf_target_ms":0})").status,
      201U);
  EXPECT_EQ(ask("PATCH", "/v1/vaults/main", R"({"name":"two"})").code(), "vault_exists");
  EXPECT_EQ(ask("PATCH", "/v1/vaults/main", R"({"name":"../x"})").code(), "bad_vault_name");
  EXPECT_EQ(ask("PATCH", "/v1/vaults/none", R"({"name":"three"})").code(), "unknown_vault");
  EXPECT_THAT(ask("GET", "/v1/vaults/main").body, HasSubstr(R"("unlocked":true)"));
}

TEST_F(VaultChange, ARemovedVaultIsGoneFromTheDiskAndItsNameIsFree) {
  start_unlocked();
  EXPECT_EQ(ask("DELETE", "/v1/vaults/main").code(), "bad_request");
  EXPECT_EQ(ask("DELETE", "/v1/vaults/main?confirm=other").code(), "bad_request");
  EXPECT_TRUE(std::filesystem::exists(vaults_options_.folder / "main"));
  const Reply removed = ask("DELETE", "/v1/vaults/main?confirm=main");
  EXPECT_EQ(removed.body, R"({"removed":"main"})");
  EXPECT_TRUE(std::filesystem::is_empty(vaults_options_.folder));
  EXPECT_EQ(ask("GET", "/v1/vaults/main").code(), "unknown_vault");
  EXPECT_EQ(
      ask("POST", "/v1/vaults", R"({"name":"main","passphrase":"x","kdf_target_ms":0})").status,
      201U);
}

TEST_F(VaultChange, ADamagedVaultCanBeRemoved) {
  start();
  std::filesystem::create_directories(vaults_options_.folder / "bad");
  std::ofstream{vaults_options_.folder / "bad" / "header"} << "rubbish";
  EXPECT_EQ(ask("GET", "/v1/vaults/bad").code(), "header_corrupt");
  EXPECT_EQ(ask("DELETE", "/v1/vaults/bad?confirm=bad").status, 200U);
  EXPECT_FALSE(std::filesystem::exists(vaults_options_.folder / "bad"));
}

// The last user of a vault holds it open; renaming waits for that, and not for ever.
TEST_F(VaultChange, RenamingWaitsForTheLastUser) {
  start_unlocked();
  auto used = vaults_->open("main");
  ASSERT_TRUE(used.has_value());
  std::thread user{[this, vault = *std::move(used)]() mutable {
    while (vault->vault->status().unlocked) std::this_thread::yield();  // until rename() locks it
    vault.reset();
  }};
  EXPECT_TRUE(vaults_->rename("main", "work").has_value());
  user.join();
}

TEST_F(VaultChange, SettingsAreReadAgainOnRequest) {
  options_.reload = [this]() -> base::Detailed<void> {
    vaults_->configure({.folder = {}, .idle = std::chrono::minutes{1}});
    return {};
  };
  start_unlocked();
  EXPECT_THAT(ask("GET", "/v1/status").body, HasSubstr(R"("idle_ms":900000)"));
  EXPECT_THAT(ask("POST", "/v1/reload").body, HasSubstr(R"("idle_ms":60000)"));
  clock_.advance(std::chrono::seconds{61});  // the vault that is unlocked already obeys
  EXPECT_EQ(ask("GET", "/v1/vaults/main/secrets").code(), "vault_locked");
}

TEST_F(VaultChange, StatisticsHaveCountsAndLabelsButNoValue) {
  start_unlocked();
  for (const std::string_view body :
       {R"({"label":"one","password":"hunter2"})", R"({"label":"two","password":"hunter2"})",
        R"({"label":"three","password":"gV7#kP0z!wQx2@Lm"})", R"({"label":"note"})"}) {
    ASSERT_EQ(add(body).status, 201U);
  }
  const Reply plain = ask("GET", "/v1/vaults/main/stats");
  EXPECT_THAT(plain.body, HasSubstr(R"("secrets":4,"with_password":3)"));
  EXPECT_THAT(plain.body, Not(HasSubstr("reused")));
  const Reply all =
      ask("GET", "/v1/vaults/main/stats?by_category=true&by_age=true&strength=true&reused=true");
  EXPECT_THAT(all.body, HasSubstr(R"("30d":3)"));
  EXPECT_THAT(all.body, HasSubstr(R"("name":"main","secrets":4)"));
  const std::string reused = all.body.substr(all.body.find("\"reused\""));
  EXPECT_THAT(reused, HasSubstr(R"("label":"one")"));
  EXPECT_THAT(reused, HasSubstr(R"("label":"two")"));
  EXPECT_THAT(reused, Not(HasSubstr("three")));
  const std::size_t weak = all.body.find("\"weak\"");
  EXPECT_THAT(all.body.substr(weak, all.body.find("\"reused\"") - weak), HasSubstr("one"));
  for (const std::string_view value : {"hunter2", "gV7#"}) {
    EXPECT_THAT(all.body, Not(HasSubstr(value)));
  }
}

TEST_F(VaultChange, WordsAreGeneratedWithTheirStrength) {
  start();
  const Reply made = ask("POST", "/v1/generate", R"({"words":6,"separator":" "})");
  EXPECT_EQ(made.status, 200U) << made.body;
  EXPECT_THAT(made.body, HasSubstr(R"("entropy_bits":77.55)"));
  EXPECT_THAT(made.body, HasSubstr(R"("strength":{"score":4,"name":"very strong")"));
  EXPECT_EQ(ask("POST", "/v1/generate", R"({"words":6,"length":3})").code(), "bad_request");
  EXPECT_EQ(ask("POST", "/v1/generate", R"({"words":0})").code(), "bad_generator_rules");
  EXPECT_THAT(ask("POST", "/v1/generate", R"({"pin":4})").body, HasSubstr(R"("strength")"));
}

}  // namespace
}  // namespace holdfast::api
