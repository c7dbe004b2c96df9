#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cctype>
#include <map>
#include <set>

#include "api/dispatch.h"
#include "api/memory.h"
#include "api/paths.h"
#include "api/secret_json.h"

namespace holdfast::api {
namespace {

using base::Error;
using test::memory, test::secret, test::text;

TEST(VaultName, ObeysTheRule) {
  for (const std::string_view good : {"main", "A", "a.b_c-9", "9"}) {
    EXPECT_TRUE(is_vault_name(good)) << good;
  }
  EXPECT_TRUE(is_vault_name(std::string(64, 'x')));
  for (const std::string_view bad : {"", ".", "..", ".a", "-", "-a", "a/b", "a b", "é", "a\n"}) {
    EXPECT_FALSE(is_vault_name(bad)) << bad;
  }
  EXPECT_FALSE(is_vault_name(std::string(65, 'x')));
}

TEST(Routes, HaveEachMethodAndPathOnce) {
  std::set<std::pair<std::string_view, Method>> seen;
  for (const Route& route : routes()) {
    EXPECT_TRUE(seen.emplace(route.path, route.method).second) << route.path;
    EXPECT_NE(route.handler, nullptr);
    EXPECT_TRUE(route.body == BodyKind::json || route.members.empty()) << route.path;
  }
}

TEST(Routes, AreAllInTheOpenApiFileWithTheirParameters) {
  const auto file = openapi(memory());
  const auto parsed =
      file.expose([](base::ByteView bytes) { return JsonDocument::parse(bytes, memory()); });
  ASSERT_TRUE(parsed.has_value());
  const auto& paths = (*parsed)->root().get_object().at("paths").get_object();
  std::size_t operations = 0;
  for (const auto& path : paths) operations += path.value().get_object().size();
  EXPECT_EQ(operations, routes().size());
  for (const Route& route : routes()) {
    std::string method{method_name(route.method)};
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    const auto& operation = paths.at(route.path).get_object().at(method).get_object();
    std::set<std::string> names;
    for (const auto& parameter : operation.at("parameters").get_array()) {
      names.emplace(parameter.get_object().at("name").get_string());
    }
    for (const Parameter& parameter : route.query) {
      EXPECT_TRUE(names.contains(std::string{parameter.name})) << route.path;
    }
    EXPECT_EQ(operation.contains("requestBody"), route.body != BodyKind::none) << route.path;
  }
}

TEST(Query, DecodesAndKeepsRepeats) {
  const auto query = Query::parse("a=x%26y&b=&c=true&n=1000", memory());
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->text("a"), "x&y");
  EXPECT_EQ(query->text("b"), "");
  EXPECT_EQ(query->text("z"), std::nullopt);
  EXPECT_EQ(query->flag("c"), true);
  EXPECT_EQ(query->flag("z"), false);
  EXPECT_FALSE(query->flag("a").has_value());
  EXPECT_EQ(query->number("n", 1, 1000), 1000U);
  EXPECT_EQ(query->number("n", 1, 999).error().code, Error::out_of_range);
  EXPECT_EQ(query->number("z", 7, 999), 7U);
  EXPECT_FALSE(query->number("a", 1, 999).has_value());
  const auto repeated = Query::parse("a=1&b=&a=2", memory());
  ASSERT_TRUE(repeated.has_value());
  EXPECT_EQ(repeated->texts("a"), (std::vector<std::string_view>{"1", "2"}));
  EXPECT_TRUE(repeated->texts("z").empty());
  EXPECT_EQ(Query::parse("a=%ff", memory()).error().code, Error::bad_utf8);
}

class Body {
 public:
  explicit Body(std::string_view json)
      : document_{*JsonDocument::parse(base::view_of(json), memory())} {}
  [[nodiscard]] auto object() const -> const boost::json::object& {
    return document_->root().get_object();
  }

 private:
  std::unique_ptr<JsonDocument> document_;
};

TEST(Members, AreCheckedForShapeNeedAndSurplus) {
  const auto refusal = [](std::string_view json) -> std::string {
    const auto checked = check_members(Body{json}.object(), new_secret_members());
    return checked ? "" : checked.error().where;
  };
  EXPECT_EQ(refusal(R"({"label":"x","tags":["a"],"totp":null})"), "");
  EXPECT_EQ(refusal(R"({})"), "label is missing");
  EXPECT_EQ(refusal(R"({"label":1})"), "label is a text");
  EXPECT_EQ(refusal(R"({"label":null})"), "label is a text");
  EXPECT_EQ(refusal(R"({"label":"x","tags":["a",1]})"), "tags is a list of texts");
  EXPECT_EQ(refusal(R"({"label":"x","hunter2":1})"), "a member that is not known here");
}

auto apply(model::Secret& to, std::string_view json) -> std::optional<Error> {
  const Body body{json};
  const auto done = apply_members(body.object(), to, memory());
  if (done) return std::nullopt;
  return done.error().code;
}

auto shown(const model::Secret& secret, bool reveal) -> std::string {
  const node::Entry entry{.id = {},
                          .category = {},
                          .version = {},
                          .heads = {},
                          .transaction = {},
                          .height = model::Height{3},
                          .secret = secret.clone()};
  JsonWriter out{memory()};
  write_secret(out, entry, {.reveal = reveal, .attachments = true});
  return text(out.take());
}

constexpr std::string_view kFull = R"({"label":"GitHub","kind":"ssh-key","username":"ann",
  "password":"hunter2","urls":["https://x"],"notes":"n","tags":["t"],
  "fields":[{"name":"pin","value":"canary1","protected":true},{"section":"s","name":"a","value":"open"},
            {"name":"raw","value_base64":"/w=="}],
  "totp":{"secret":"GEZDGNBV","digits":8,"algorithm":"SHA256"},
  "attachments":[{"name":"f","content":"Y2FuYXJ5Mg=="}]})";

TEST(SecretJson, HidesProtectedValuesUnlessRevealed) {
  model::Secret secret{memory()};
  ASSERT_EQ(apply(secret, kFull), std::nullopt);
  const std::string hidden = shown(secret, false);
  for (const std::string_view canary : {"hunter2", "canary1", "GEZDGNBV", "Y2FuYXJ5Mg=="}) {
    EXPECT_EQ(hidden.find(canary), std::string::npos) << canary;
  }
  EXPECT_THAT(hidden, testing::HasSubstr(R"("has_password":true)"));
  EXPECT_THAT(hidden, testing::HasSubstr(R"("value":"open")"));
  EXPECT_THAT(hidden, testing::HasSubstr(R"("name":"f","size":7)"));
  const std::string open = shown(secret, true);
  for (const std::string_view value :
       {R"("password":"hunter2")", R"("value":"canary1")", R"("secret":"GEZDGNBV")",
        R"("content":"Y2FuYXJ5Mg==")", R"("value_base64":"/w==")", R"("algorithm":"SHA256")",
        R"("digits":8)", R"("kind":"ssh-key")", R"("height":3)"}) {
    EXPECT_THAT(open, testing::HasSubstr(value));
  }
}

TEST(SecretJson, PatchesOnlyWhatIsNamed) {
  model::Secret secret{memory()};
  ASSERT_EQ(apply(secret, kFull), std::nullopt);
  ASSERT_EQ(apply(secret, R"({"password":null,"set_fields":[{"name":"pin","value":"p2"},
                             {"name":"new","value":"n"}],"remove_fields":["s/a"],
                             "attachments":[{"name":"f"}]})"),
            std::nullopt);
  EXPECT_TRUE(secret.password.empty());
  EXPECT_EQ(text(secret.username), "ann");
  ASSERT_EQ(secret.fields.size(), 3U);
  EXPECT_EQ(text(secret.fields[0].value), "p2");
  EXPECT_EQ(text(secret.fields[2].name), "new");
  EXPECT_EQ(text(secret.attachments.at(0).content), "canary2");
  EXPECT_FALSE(secret.totp.secret.empty());
  ASSERT_EQ(apply(secret, R"({"totp":null,"fields":null})"), std::nullopt);
  EXPECT_TRUE(secret.totp.secret.empty());
  EXPECT_TRUE(secret.fields.empty());
}

TEST(SecretJson, RefusesBodiesThatMakeNoSense) {
  const auto error = [](std::string_view json) {
    model::Secret secret{memory()};
    return apply(secret, json);
  };
  EXPECT_EQ(error(R"({"label":""})"), Error::empty_label);
  EXPECT_EQ(error(R"({"label":"x","kind":"spoon"})"), Error::bad_request);
  EXPECT_EQ(error(R"({"label":"x","fields":[{"name":"a"}]})"), Error::bad_request);
  EXPECT_EQ(error(R"({"label":"x","fields":[{"name":"a","value":"","value_base64":""}]})"),
            Error::bad_request);
  EXPECT_EQ(error(R"({"label":"x","totp":{"secret":"GEZDGNBV","digits":9}})"), Error::out_of_range);
  EXPECT_EQ(error(R"({"label":"x","totp":{"secret":"!"}})"), Error::bad_otp);
  EXPECT_EQ(error(R"({"label":"x","attachments":[{"name":"f"}]})"), Error::bad_request);
  EXPECT_EQ(error(R"({"label":"x","attachments":[{"name":"f","content":"?"}]})"),
            Error::bad_base64);
  EXPECT_EQ(error(R"({"label":"x","remove_fields":["nope"]})"), Error::bad_request);
}

auto environment(std::map<std::string, std::string> values) -> Environment {
  return [values](const char* name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

TEST(Paths, FollowTheXdgVariables) {
  const auto plain = paths_of("", environment({{"HOME", "/home/ann"}}));
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->data_folder, "/home/ann/.local/share/holdfast");
  EXPECT_EQ(plain->config_file, "/home/ann/.config/holdfast/config.toml");
  EXPECT_EQ(plain->socket, "/tmp/holdfast-" + std::to_string(::getuid()) + "/api.sock");
  const auto full = paths_of("work", environment({{"HOME", "/home/ann"},
                                                  {"XDG_DATA_HOME", "/d"},
                                                  {"XDG_CONFIG_HOME", "relative"},
                                                  {"XDG_RUNTIME_DIR", "/run/user/7"}}));
  ASSERT_TRUE(full.has_value());
  EXPECT_EQ(full->data_folder, "/d/holdfast/work");
  EXPECT_EQ(full->config_file, "/home/ann/.config/holdfast/work/config.toml");
  EXPECT_EQ(full->socket, "/run/user/7/holdfast/work/api.sock");
}

TEST(Paths, ObeyTheVariablesOfHoldfastAndRefuseBadProfiles) {
  const auto set = paths_of("", environment({{"HOME", "/h"},
                                             {"HOLDFAST_PROFILE", "p"},
                                             {"HOLDFAST_CONFIG", "/c.toml"},
                                             {"HOLDFAST_SOCKET", "/s.sock"}}));
  ASSERT_TRUE(set.has_value());
  EXPECT_EQ(set->config_file, "/c.toml");
  EXPECT_EQ(set->socket, "/s.sock");
  EXPECT_EQ(set->data_folder, "/h/.local/share/holdfast/p");
  EXPECT_EQ(paths_of("../x", environment({{"HOME", "/h"}})).error().code, Error::bad_profile_name);
  EXPECT_EQ(paths_of("", environment({})).error().code, Error::no_home);
}

}  // namespace
}  // namespace holdfast::api
