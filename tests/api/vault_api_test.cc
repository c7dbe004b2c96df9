// Whole requests against real vaults.
#include <barrier>

#include "api/server_fixture.h"

namespace holdfast::api {
namespace {

using std::chrono::minutes;
using testing::HasSubstr, testing::Not, testing::StartsWith;

constexpr std::string_view kSecrets = "/v1/vaults/-/secrets";
constexpr std::string_view kGitHub =
    R"({"label":"GitHub","username":"ann","password":"hunter2","urls":["https://github.com"],
        "tags":["work"],"fields":[{"name":"pin","value":"1234","protected":true}],
        "totp":{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}})";

auto path_of(const Reply& added, std::string_view rest = "") -> std::string {
  return std::string{kSecrets} + "/" + added.member("id") + std::string{rest};
}

TEST_F(ServerTest, MakesLocksAndUnlocksAVault) {
  start_unlocked();
  EXPECT_THAT(ask("GET", "/v1/vaults").body, HasSubstr(R"("name":"main","default":true)"));
  EXPECT_EQ(ask("GET", "/v1/sys/health").status, 200U);
  EXPECT_THAT(ask("GET", "/v1/vaults/main").body, HasSubstr(R"("unlocked":true)"));
  EXPECT_EQ(ask("POST", "/v1/lock", "{}").body, R"({"locked":["main"]})");
  EXPECT_EQ(ask("GET", "/v1/sys/health").status, 503U);
  const Reply locked = ask("GET", kSecrets);
  EXPECT_EQ(locked.status, 503U);
  EXPECT_EQ(locked.code(), "vault_locked");
  const Reply wrong = ask("POST", "/v1/unlock", R"({"vault":"main","passphrase":"wrong"})");
  EXPECT_EQ(wrong.status, 401U);
  EXPECT_EQ(wrong.code(), "wrong_passphrase");
  EXPECT_EQ(ask("GET", kSecrets).status, 503U);
  const Reply right = ask("POST", "/v1/unlock", R"({"passphrase":"correct horse"})");
  EXPECT_EQ(right.status, 200U) << right.body;
  EXPECT_EQ(ask("GET", kSecrets).status, 200U);
}

TEST_F(ServerTest, RefusesVaultsThatCannotBe) {
  start_unlocked();
  const auto create = [&](std::string_view body) { return ask("POST", "/v1/vaults", body).code(); };
  EXPECT_EQ(create(R"({"name":"main","passphrase":"x","kdf_target_ms":0})"), "vault_exists");
  EXPECT_EQ(create(R"({"name":"../x","passphrase":"x","kdf_target_ms":0})"), "bad_vault_name");
  EXPECT_EQ(create(R"({"name":"other","passphrase":"","kdf_target_ms":0})"), "passphrase_empty");
  EXPECT_EQ(create(R"({"name":"other"})"), "bad_request");
}

TEST_F(ServerTest, NeedsANameWhenThereAreSeveralVaults) {
  start_unlocked();
  const Reply second =
      ask("POST", "/v1/vaults", R"({"name":"office","passphrase":"x","kdf_target_ms":0})");
  ASSERT_EQ(second.status, 201U) << second.body;
  EXPECT_EQ(second.location, "/v1/vaults/office");
  EXPECT_EQ(ask("GET", kSecrets).code(), "vault_needed");
  EXPECT_EQ(ask("GET", "/v1/vaults/office/secrets").status, 200U);
  EXPECT_EQ(ask("POST", "/v1/lock", R"({"all":true})").body, R"({"locked":["main","office"]})");
  EXPECT_EQ(ask("GET", "/v1/vaults/office/secrets").code(), "vault_locked");
}

TEST_F(ServerTest, AddsASecretAndShowsItsProtectedValuesOnlyWhenAsked) {
  start_unlocked();
  const Reply added = add(kGitHub);
  ASSERT_EQ(added.status, 201U) << added.body;
  EXPECT_EQ(added.etag, "\"" + added.member("version") + "\"");
  EXPECT_THAT(added.location, StartsWith("/v1/vaults/main/secrets/sec_"));
  const Reply hidden = ask("GET", path_of(added));
  EXPECT_EQ(hidden.status, 200U);
  EXPECT_EQ(hidden.etag, added.etag);
  for (const std::string_view canary : {"hunter2", "1234\"", "GEZDGNBV"}) {
    EXPECT_THAT(hidden.body, Not(HasSubstr(canary)));
  }
  const Reply open = ask("GET", path_of(added, "?reveal=true"));
  EXPECT_THAT(open.body, HasSubstr(R"("password":"hunter2")"));
  EXPECT_THAT(open.body, HasSubstr(R"("value":"1234")"));
  EXPECT_THAT(ask("GET", kSecrets).body, Not(HasSubstr("hunter2")));
}

TEST_F(ServerTest, ResolvesAnItemInOneRequest) {
  start_unlocked();
  const Reply added = add(kGitHub);
  const Reply got = ask("GET", std::string{kSecrets} + "?item=GitHub&reveal=true");
  EXPECT_EQ(got.status, 200U) << got.body;
  EXPECT_THAT(got.body, HasSubstr("hunter2"));
  EXPECT_EQ(got.etag, added.etag);
  const Reply none = ask("GET", std::string{kSecrets} + "?item=nothing");
  EXPECT_EQ(none.status, 404U);
  EXPECT_EQ(none.code(), "unknown_secret");
}

TEST_F(ServerTest, NamesTheCandidatesOfAnAmbiguousItemAndWarnsOfADoubleOne) {
  start_unlocked();
  ASSERT_EQ(ask("POST", "/v1/vaults/-/categories", R"({"name":"work"})").status, 201U);
  ASSERT_EQ(add(R"({"label":"mail"})").status, 201U);
  ASSERT_EQ(add(R"({"label":"mail","category":"work"})").status, 201U);
  const Reply both = ask("GET", std::string{kSecrets} + "?item=mail");
  EXPECT_EQ(both.status, 409U) << both.body;
  EXPECT_EQ(both.code(), "ambiguous_item");
  EXPECT_THAT(both.body, HasSubstr("\"candidates\":[{\"id\":\"sec_"));
  EXPECT_EQ(ask("GET", std::string{kSecrets} + "?item=work%2Fmail").status, 200U);
  ASSERT_EQ(add(R"({"label":"mail","category":"work"})").status, 201U);
  EXPECT_THAT(ask("GET", std::string{kSecrets} + "?item=work%2Fmail").body,
              HasSubstr(R"("warnings":["duplicate_label"])"));
  EXPECT_EQ(add(R"({"label":"x","category":"nope"})").code(), "unknown_category");
}

TEST_F(ServerTest, ChangesASecretOnlyFromTheVersionItsClientHasSeen) {
  start_unlocked();
  const Reply added = add(kGitHub);
  const std::string path = path_of(added);
  const Reply blind = ask("PATCH", path, R"({"username":"eve"})");
  EXPECT_EQ(blind.status, 428U);
  EXPECT_EQ(blind.code(), "version_needed");
  const Reply changed = ask("PATCH", path, R"({"username":"bob"})", {{"If-Match", added.etag}});
  EXPECT_EQ(changed.status, 200U) << changed.body;
  EXPECT_NE(changed.etag, added.etag);
  const Reply stale = ask("PATCH", path, R"({"username":"eve"})", {{"If-Match", added.etag}});
  EXPECT_EQ(stale.status, 412U);
  EXPECT_EQ(stale.code(), "stale_version");
  const Reply now = ask("GET", path + "?reveal=true");
  EXPECT_EQ(now.member("username"), "bob");
  EXPECT_THAT(now.body, HasSubstr("hunter2"));  // a patch keeps what it does not name
  EXPECT_EQ(ask("PUT", path, R"({"label":"GH"})").status, 428U);
  const Reply put = ask("PUT", path, R"({"label":"GH"})", {{"If-Match", "*"}});
  EXPECT_EQ(put.status, 200U) << put.body;
  EXPECT_THAT(ask("GET", path + "?reveal=true").body, HasSubstr(R"("password":"")"));
  EXPECT_EQ(ask("DELETE", path).status, 428U);
  EXPECT_EQ(ask("DELETE", path, {}, {{"If-Match", changed.etag}}).status, 412U);
  EXPECT_EQ(ask("DELETE", path, {}, {{"If-Match", put.etag}}).status, 200U);
  EXPECT_EQ(ask("GET", std::string{kSecrets} + "?item=GH").status, 404U);
  EXPECT_THAT(ask("GET", std::string{kSecrets} + "?deleted=true").body, HasSubstr("GH"));
}

TEST_F(ServerTest, ListsInPagesFiltersAndSearches) {
  start_unlocked();
  for (const std::string_view label : {"delta", "alpha", "charlie", "bravo", "echo"}) {
    const std::string body = R"({"label":")" + std::string{label} +
                             R"(","notes":"canary","tags":["t","u"],"urls":["https://)" +
                             std::string{label} + R"(.example"]})";
    ASSERT_EQ(add(body).status, 201U);
  }
  std::string labels;
  std::string cursor;
  for (int pages = 0; pages < 3; ++pages) {
    const Reply page = ask("GET", std::string{kSecrets} + "?limit=2&cursor=" + cursor);
    ASSERT_EQ(page.status, 200U) << page.body;
    EXPECT_THAT(page.body, Not(HasSubstr("canary")));
    EXPECT_THAT(page.body, HasSubstr("\"total\":5"));
    for (std::size_t at = 0; (at = page.body.find("\"label\":\"", at)) != std::string::npos;) {
      at += 9;
      labels += page.body.substr(at, page.body.find('"', at) - at) + " ";
    }
    cursor = page.member("next");
  }
  EXPECT_EQ(labels, "alpha bravo charlie delta echo ");
  EXPECT_EQ(cursor, "");
  const auto query = [&](std::string_view text) {
    return ask("GET", std::string{kSecrets} + std::string{text});
  };
  EXPECT_THAT(query("?reverse=true&limit=1").body, HasSubstr("echo"));
  EXPECT_THAT(query("?q=charlie").body, HasSubstr("\"total\":1"));
  EXPECT_THAT(query("?q=canary").body, HasSubstr("\"total\":0"));
  EXPECT_THAT(query("?q=canary&in=notes").body, HasSubstr("\"total\":5"));
  EXPECT_THAT(query("?tags=t,u").body, HasSubstr("\"total\":5"));
  EXPECT_THAT(query("?tags=t,v").body, HasSubstr("\"total\":0"));
  EXPECT_THAT(query("?text=DELTA").body, HasSubstr("\"total\":1"));
  EXPECT_EQ(query("?limit=1001").code(), "out_of_range");
  EXPECT_THAT(query("?limit=1&fields=urls,label").body, HasSubstr(R"([{"label":"alpha","urls":[)"));
  EXPECT_EQ(query("?fields=label,password").code(), "bad_request");
  EXPECT_EQ(query("?sort=size").code(), "bad_request");
  EXPECT_EQ(query("?cursor=x").code(), "bad_request");
  EXPECT_EQ(query("?q=x&in=passwords").code(), "bad_request");
}

TEST_F(ServerTest, ComputesOneTimeCodes) {
  start_unlocked();
  const Reply added = add(kGitHub);
  const Reply code = ask("GET", path_of(added, "/totp"));
  EXPECT_EQ(code.status, 200U) << code.body;
  EXPECT_EQ(code.member("code").size(), 6U);
  EXPECT_NE(code.member("code"), code.member("next_code"));
  const Reply plain = add(R"({"label":"plain"})");
  EXPECT_EQ(ask("GET", path_of(plain, "/totp")).code(), "no_totp");
}

TEST_F(ServerTest, RepeatsTheAnswerOfARepeatedWrite) {
  start_unlocked();
  const std::vector<Header> key = {{"Idempotency-Key", "k-1"}};
  const Reply first = ask("POST", kSecrets, R"({"label":"once"})", key);
  ASSERT_EQ(first.status, 201U);
  const Reply again = ask("POST", kSecrets, R"({"label":"once"})", key);
  EXPECT_EQ(again.status, 201U);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.etag, first.etag);
  EXPECT_EQ(ask("POST", kSecrets, R"({"label":"other"})", key).code(), "idempotency_reused");
  EXPECT_THAT(ask("GET", kSecrets).body, HasSubstr("\"total\":1"));
  clock_.advance(std::chrono::hours{25});  // forgotten, and the vault is locked by then
  EXPECT_EQ(ask("POST", kSecrets, R"({"label":"once"})", key).code(), "vault_locked");
}

constexpr std::string_view kCsv =
    "name,url,username,password,note\n"
    "GitHub,https://github.com/,ann,hunter2,\nMail,https://mail.example/,ann,s3cret,\n";

TEST_F(ServerTest, AnEncryptedFileIsSealedAndOpenedWithTheHeadersOfTheRequest) {
  start_unlocked();
  const std::vector<Header> raw_file = {{"Content-Type", "application/octet-stream"}};
  ASSERT_EQ(ask("POST", "/v1/vaults/-/import?format=chrome-csv", kCsv, raw_file).status, 200U);
  const std::string export_path = "/v1/vaults/-/export?format=kdbx";
  EXPECT_EQ(ask("GET", export_path).code(), "new_file_key_needed");
  EXPECT_EQ(ask("GET", export_path + "&format=kdbx").code(), "bad_request");   // once only
  const std::vector<Header> key = {{"Holdfast-File-Passphrase", "d29yZA=="}};  // "word"
  const Reply file = ask("GET", export_path, "", key);
  ASSERT_EQ(file.status, 200U) << file.body;
  EXPECT_THAT(file.body, testing::StartsWith("\x03\xd9\xa2\x9a"));
  EXPECT_THAT(file.body, Not(HasSubstr("hunter2")));
  const std::string import = "/v1/vaults/-/import?dry_run=true";
  EXPECT_EQ(ask("POST", import, file.body, raw_file).code(), "file_key_missing");
  auto opens = raw_file;
  opens.emplace_back("holdfast-file-passphrase", "d29yZA==");
  EXPECT_THAT(ask("POST", import, file.body, opens).body, HasSubstr("\"read\":2"));
  opens.back().second = "d29yZHM=";
  EXPECT_EQ(ask("POST", import, file.body, opens).code(), "file_key_wrong");
  opens.back().second = "?";
  EXPECT_EQ(ask("POST", import, file.body, opens).code(), "bad_request");
  opens.back() = {"Holdfast-File-Key", "AAAA"};
  EXPECT_EQ(ask("POST", import, file.body, opens).code(), "bad_request");
  EXPECT_THAT(ask("GET", "/v1/openapi.json").body, HasSubstr("Holdfast-File-Key"));
}

TEST_F(ServerTest, ImportsAFileOnceAndExportsOnlyWhatIsConfirmed) {
  start_unlocked();
  const std::vector<Header> raw_file = {{"Content-Type", "application/octet-stream"}};
  const std::string import = "/v1/vaults/-/import?format=chrome-csv";
  const Reply dry = ask("POST", import + "&dry_run=true", kCsv, raw_file);
  EXPECT_EQ(dry.status, 200U) << dry.body;
  EXPECT_THAT(ask("GET", kSecrets).body, HasSubstr("\"total\":0"));
  const Reply report = ask("POST", import, kCsv, raw_file);
  EXPECT_THAT(report.body, HasSubstr("\"added\":2"));
  EXPECT_THAT(report.body, Not(HasSubstr("hunter2")));
  EXPECT_THAT(ask("POST", import, kCsv, raw_file).body, HasSubstr("\"added\":0"));
  EXPECT_EQ(ask("POST", "/v1/vaults/-/import?format=kdb", "x").code(), "bad_request");
  EXPECT_EQ(ask("POST", "/v1/vaults/-/import?format=bitwarden-json", "x").status, 400U);

  const std::string export_path = "/v1/vaults/-/export?format=chrome-csv";
  const Reply refused = ask("GET", export_path);
  EXPECT_EQ(refused.status, 403U);
  EXPECT_EQ(refused.code(), "plaintext_not_confirmed");
  EXPECT_THAT(refused.body, Not(HasSubstr("hunter2")));
  EXPECT_THAT(ask("GET", export_path + "&losses=true").body, HasSubstr("\"entries\":2"));
  const Reply file = ask("GET", export_path + "&plaintext=true");
  EXPECT_EQ(file.status, 200U);
  EXPECT_THAT(file.body, HasSubstr("hunter2"));
  EXPECT_THAT(file.body, HasSubstr("s3cret"));
}

TEST_F(ServerTest, VerifiesAVaultAlsoWhileItIsLocked) {
  start_unlocked();
  ASSERT_EQ(add(kGitHub).status, 201U);
  const Reply open = ask("POST", "/v1/vaults/-/verify");
  EXPECT_THAT(open.body, StartsWith(R"({"ok":true)"));
  ASSERT_EQ(ask("POST", "/v1/lock", "{}").status, 200U);
  const Reply locked = ask("POST", "/v1/vaults/-/verify");
  EXPECT_EQ(locked.body, open.body);
}

TEST_F(ServerTest, LocksAVaultThatNobodyUses) {
  start_unlocked();
  clock_.advance(minutes{14});
  EXPECT_EQ(ask("GET", kSecrets).status, 200U);  // a use
  clock_.advance(minutes{14});
  EXPECT_THAT(ask("GET", "/v1/status").body, HasSubstr(R"("unlocked":true)"));  // no use
  EXPECT_EQ(ask("GET", "/v1/vaults/-").status, 200U);                           // neither
  clock_.advance(minutes{1});
  EXPECT_THAT(ask("GET", "/v1/status").body, HasSubstr(R"("unlocked":false)"));
  EXPECT_EQ(ask("GET", kSecrets).code(), "vault_locked");
}

TEST_F(ServerTest, LocksByItsTimerWithoutAnyRequest) {
  vaults_options_.idle = std::chrono::milliseconds{50};
  start_unlocked();
  const Vaults::Ref vault = *vaults_->open("main");
  const auto began = std::chrono::steady_clock::now();
  while (vault->vault->status().unlocked &&
         std::chrono::steady_clock::now() - began < std::chrono::seconds{20}) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(vault->vault->status().unlocked);
}

// The timer and a late request may both find that a vault is due; neither may go on before it is
// locked.
TEST_F(ServerTest, WhoeverFindsAVaultDueGoesOnOnlyOnceItIsLocked) {
  start_unlocked();
  const Vaults::Ref vault = *vaults_->open("main");
  const auto passphrase = *base::SecretBytes::copy_of(test::memory(), "correct horse");
  for (int round = 0; round < 10; ++round) {
    ASSERT_TRUE(vaults_->unlock("main", passphrase).has_value());
    std::atomic<int> overtook = 0;
    std::barrier together{3};
    const auto ask_and_look = [&] {
      together.arrive_and_wait();
      (void)vaults_->lock_due();
      if (vault->vault->status().unlocked) ++overtook;
    };
    std::jthread first{ask_and_look};
    std::jthread second{ask_and_look};
    clock_.advance(minutes{15});
    together.arrive_and_wait();
    first.join();
    second.join();
    ASSERT_EQ(overtook, 0) << "round " << round;
  }
}

TEST_F(ServerTest, LocksAfterTheAbsoluteTimeHoweverBusy) {
  start_unlocked();
  for (int i = 0; i < 71; ++i) {  // 11 h 50 min
    clock_.advance(minutes{10});
    ASSERT_EQ(ask("GET", kSecrets).status, 200U) << i;
  }
  clock_.advance(minutes{10});
  EXPECT_EQ(ask("GET", kSecrets).code(), "vault_locked");
}

TEST_F(ServerTest, UnlocksForTheTimeAsked) {
  start_unlocked();
  const auto unlock = [&](std::string_view body) { return ask("POST", "/v1/unlock", body).status; };
  ASSERT_EQ(unlock(R"({"passphrase":"correct horse","for_ms":3600000})"), 200U);
  clock_.advance(minutes{59});
  EXPECT_EQ(ask("GET", kSecrets).status, 200U);
  clock_.advance(minutes{1});
  EXPECT_EQ(ask("GET", kSecrets).code(), "vault_locked");
}

TEST_F(ServerTest, AnswersReadsWhileKeysAreDerived) {
  start_unlocked();
  // More derivations than workers: with slow work on all of them, the reads would wait.
  std::vector<std::jthread> unlockers;
  std::atomic<int> unlocked = 0;
  for (int i = 0; i < 6; ++i) {
    unlockers.emplace_back([&] {
      auto client = *Client::connect(socket(), test::memory());
      const auto answer =
          client->request("POST", "/v1/unlock", base::view_of(R"({"passphrase":"correct horse"})"));
      if (answer && answer->status == 200) ++unlocked;
    });
  }
  int reads = 0;
  while (unlocked == 0) {
    ASSERT_EQ(ask("GET", "/v1/vaults").status, 200U);
    ++reads;
  }
  EXPECT_GT(reads, 10);
  unlockers.clear();
  EXPECT_EQ(unlocked, 6);
}

TEST_F(ServerTest, FinishesAWriteInProgressBeforeItStops) {
  start_unlocked();
  std::jthread stopper{[&] { server_->stop(); }};
  const Reply last = add(kGitHub);
  stopper.join();
  thread_.join();
  server_.reset();
  vaults_.reset();
  client_.reset();
  start();
  ASSERT_EQ(ask("POST", "/v1/unlock", R"({"passphrase":"correct horse"})").status, 200U);
  const Reply now = ask("GET", kSecrets);
  // What was acknowledged is there; what was refused is not.
  EXPECT_THAT(now.body, HasSubstr(last.status == 201 ? "\"total\":1" : "\"total\":0"));
}

}  // namespace
}  // namespace holdfast::api
