#include <set>

#include "formats/entry_tools.h"
#include "formats/fixtures.h"

namespace holdfast::formats {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Format kFormat = Format::bitwarden_json;

// One item of every type, with everything that an export can hold.
constexpr std::string_view kEverything = R"({
 "encrypted": false,
 "folders": [{"id": "f1", "name": "Work/Mail"}, {"id": "f2", "name": "Empty"}],
 "items": [
  {"id": "i1", "organizationId": "org", "folderId": "f1", "type": 1, "reprompt": 1,
   "name": "Mail", "notes": "note\n2", "favorite": true, "collectionIds": ["c1", "c2"],
   "creationDate": "2020-01-02T03:04:05.678Z", "revisionDate": "2021-01-02T03:04:05.000Z",
   "deletedDate": null,
   "fields": [{"name": "text", "value": "t", "type": 0, "linkedId": null},
              {"name": "hidden", "value": "h", "type": 1, "linkedId": null},
              {"name": "flag", "value": "true", "type": 2, "linkedId": null},
              {"name": "link", "value": null, "type": 3, "linkedId": 100},
              {"name": null, "value": null, "type": 0},
              {"name": "odd", "value": "v", "type": 9}],
   "passwordHistory": [{"lastUsedDate": "2020-06-02T00:00:00.000Z", "password": "second"},
                       {"lastUsedDate": "2020-05-02T00:00:00.000Z", "password": "first"}],
   "login": {"username": "ann", "password": "pw", "totp": "GEZDGNBVGY3TQOJQ",
     "passwordRevisionDate": "2020-06-02T00:00:00.000Z",
     "fido2Credentials": [{"credentialId": "c", "keyValue": "k", "counter": "0"}],
     "uris": [{"match": null, "uri": "https://a.example"}, {"match": 3, "uri": "https://b.example"},
              {"match": 1, "uri": null}]}},
  {"id": "i2", "type": 2, "name": "Note", "notes": "n", "secureNote": {"type": 0}},
  {"id": "i3", "type": 3, "name": "Card",
   "card": {"cardholderName": "Ann", "brand": "Visa", "number": "4111", "expMonth": "1",
            "expYear": "2030", "code": "123"}},
  {"id": "i4", "type": 4, "name": "Me",
   "identity": {"title": null, "firstName": "Ann", "email": "a@b.example", "phone": "1", "ssn": "9"}},
  {"id": "i5", "type": 5, "name": "Key",
   "sshKey": {"privateKey": "priv\n", "publicKey": "pub", "keyFingerprint": "SHA256:x"}},
  {"id": "i6", "type": 1, "name": "Steam", "deletedDate": "2022-01-01T00:00:00.000Z",
   "login": {"totp": "steam://ABCD", "username": null, "password": null}},
  {"id": "i7", "type": 1, "name": "Issuer", "folderId": "gone", "unheard": {"of": [1, "x"]},
   "login": {"totp": "otpauth://totp/ACME:ann?secret=GEZDGNBV&issuer=ACME&digits=8"}},
  {"id": "i8", "type": 77, "name": "Newer", "archived": true}
 ]})";

auto field(const model::Secret& secret, std::string_view name) -> std::string {
  const model::Field* found = find_field(secret, kImportedSection, name);
  if (found == nullptr) return "absent";
  return std::string{peek(found->value)} + (found->is_protected ? " protected" : "");
}

TEST(Bitwarden, MapsWhatHasAPlace) {
  const auto parsed = parse(kFormat, kEverything);
  ASSERT_TRUE(parsed) << parsed.error().text();
  ASSERT_EQ(parsed->entries.size(), 8u);
  const ImportedEntry& mail = parsed->entries[0];
  EXPECT_EQ(mail.secret.kind, model::Kind::login);
  EXPECT_EQ(peek(mail.secret.label), "Mail");
  EXPECT_EQ(peek(mail.secret.username), "ann");
  EXPECT_EQ(peek(mail.secret.password), "pw");
  EXPECT_EQ(peek(mail.secret.notes), "note\n2");
  EXPECT_EQ(peek(mail.secret.totp.secret), "1234567890");
  EXPECT_EQ(mail.secret.urls.size(), 2u);
  EXPECT_EQ(std::to_underlying(mail.secret.created), 1'577'934'245'678u);
  EXPECT_EQ(std::to_underlying(mail.secret.modified), 1'609'556'645'000u);
  EXPECT_EQ(source_id(mail.secret, kFormat), "i1");
  ASSERT_EQ(mail.folder.size(), 2u);
  EXPECT_EQ(peek(mail.folder[0]), "Work");
  EXPECT_EQ(peek(mail.folder[1]), "Mail");
  constexpr model::Kind kKinds[] = {model::Kind::login, model::Kind::note, model::Kind::card,
                                    model::Kind::identity, model::Kind::ssh_key};
  for (std::size_t i = 0; i < std::size(kKinds); ++i)
    EXPECT_EQ(parsed->entries[i].secret.kind, kKinds[i]) << i;
}

TEST(Bitwarden, KeepsWhatHasNoPlaceAsFieldsWithTypeAndProtection) {
  const auto parsed = parse(kFormat, kEverything);
  ASSERT_TRUE(parsed);
  const auto secret = [&](std::size_t i) -> const model::Secret& {
    return parsed->entries.at(i).secret;
  };
  EXPECT_EQ(field(secret(0), "favorite"), "true");
  EXPECT_EQ(find_field(secret(0), kImportedSection, "favorite")->type, model::FieldType::boolean);
  EXPECT_EQ(field(secret(0), "reprompt"), "1");
  EXPECT_EQ(field(secret(0), "organizationId"), "org");
  EXPECT_EQ(field(secret(0), "collectionIds"), R"(["c1","c2"])");
  EXPECT_EQ(field(secret(0), "login.uris.1.match"), "3");
  EXPECT_EQ(field(secret(0), "login.uris.0.match"), "absent");
  EXPECT_EQ(field(secret(0), "login.uri"), R"({"match":1,"uri":null} protected)");
  EXPECT_EQ(field(secret(0), "login.fido2Credentials"),
            R"([{"credentialId":"c","keyValue":"k","counter":"0"}] protected)");
  EXPECT_EQ(field(secret(0), "field"), R"({"name":"odd","value":"v","type":9} protected)");
  EXPECT_EQ(field(secret(2), "card.number"), "4111 protected");
  EXPECT_EQ(field(secret(2), "card.code"), "123 protected");
  EXPECT_EQ(field(secret(2), "card.brand"), "Visa");
  EXPECT_EQ(field(secret(3), "identity.ssn"), "9 protected");
  EXPECT_EQ(find_field(secret(3), kImportedSection, "identity.email")->type,
            model::FieldType::email);
  EXPECT_EQ(field(secret(4), "sshKey.privateKey"), "priv\n protected");
  EXPECT_EQ(field(secret(4), "sshKey.publicKey"), "pub");
  EXPECT_EQ(field(secret(5), "login.totp"), "steam://ABCD protected");
  EXPECT_EQ(field(secret(6), "folderId"), "gone");
  EXPECT_EQ(field(secret(6), "unheard"), R"({"of":[1,"x"]} protected)");
  EXPECT_EQ(secret(6).totp.digits, 8);
  EXPECT_THAT(field(secret(6), "login.totp.uri"), HasSubstr("issuer=ACME"));
  EXPECT_EQ(field(secret(7), "type"), "77");
  EXPECT_EQ(field(secret(7), "archived"), "true protected");
}

TEST(Bitwarden, KeepsCustomFieldsOfAllTypes) {
  const auto parsed = parse(kFormat, kEverything);
  ASSERT_TRUE(parsed);
  const auto& fields = parsed->entries[0].secret.fields;
  std::vector<std::string> own;
  for (const auto& f : fields)
    if (f.section.empty())
      own.push_back(std::string{peek(f.name)} + "=" + std::string{peek(f.value)} + " " +
                    std::to_string(int(f.type)) + (f.is_protected ? "p" : ""));
  EXPECT_THAT(own, ElementsAre("text=t 0", "hidden=h 1p", "flag=true 2", "link=100 3", "= 0"));
}

TEST(Bitwarden, TurnsPasswordHistoryIntoOlderStatesOldestFirst) {
  const auto parsed = parse(kFormat, kEverything);
  ASSERT_TRUE(parsed);
  const auto& history = parsed->entries[0].history;
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(peek(history[0].password), "first");
  EXPECT_EQ(peek(history[1].password), "second");
  EXPECT_EQ(peek(history[0].username), "ann");
  EXPECT_EQ(std::to_underlying(history[1].modified), 1'591'056'000'000u);
}

TEST(Bitwarden, CountsAndNotesWithoutValues) {
  const auto parsed = parse(kFormat, kEverything);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->counts.entries, 8u);
  EXPECT_EQ(parsed->counts.deleted, 1u);
  EXPECT_EQ(parsed->counts.folders, 2u);
  EXPECT_EQ(parsed->counts.fields, 5u);
  EXPECT_EQ(parsed->counts.totps, 2u);
  EXPECT_EQ(parsed->counts.history, 2u);
  EXPECT_EQ(parsed->folders.size(), 2u);
  EXPECT_THAT(parsed->notes,
              ElementsAre("one-time passwords of another kind than TOTP became fields: 1"));
}

TEST(Bitwarden, ReadsBackWhatItWrote) {
  const auto parsed = parse(kFormat, kEverything);
  ASSERT_TRUE(parsed);
  const std::string once = written(kFormat, for_export(*parsed));
  const auto second = parse(kFormat, once);
  ASSERT_TRUE(second) << second.error().text() << once;
  // The order of kept fields may differ, their content may not.
  ASSERT_EQ(second->entries.size(), parsed->entries.size());
  for (std::size_t i = 0; i < second->entries.size(); ++i) {
    const auto lines = [](const ImportedEntry& entry) {
      std::multiset<std::string> sorted;
      std::istringstream in{dump(entry)};
      for (std::string line; std::getline(in, line);) sorted.insert(line);
      return sorted;
    };
    if (i == 0 || i == 7) continue;  // see the next test
    EXPECT_EQ(lines(second->entries[i]), lines(parsed->entries[i])) << i;
  }
  EXPECT_EQ(written(kFormat, for_export(*second)), once) << "a second round changes something";
}

TEST(Bitwarden, WritesMembersBackToTheirPlaces) {
  const auto parsed = parse(kFormat, kEverything);
  ASSERT_TRUE(parsed);
  const std::string text = written(kFormat, for_export(*parsed));
  for (const std::string_view part :
       {R"("favorite":true)", R"("reprompt":1)", R"("collectionIds":["c1","c2"])",
        R"("uris":[{"uri":"https://a.example"},{"uri":"https://b.example","match":3}])",
        R"("fido2Credentials":[{"credentialId":"c")", R"("totp":"GEZDGNBVGY3TQOJQ")",
        R"({"name":"link","value":null,"linkedId":100,"type":3})",
        R"("card":{"cardholderName":"Ann","brand":"Visa","number":"4111")",
        R"("sshKey":{"privateKey":"priv\n")", R"("deletedDate":"2022-01-01T00:00:00.000Z")",
        R"("totp":"steam://ABCD")", R"(otpauth://totp/ACME:ann?secret=GEZDGNBV&issuer=ACME)",
        R"("name":"Work/Mail")", R"("unheard":{"of":[1,"x"]})",
        R"("passwordHistory":[{"lastUsedDate":"2020-06-02T00:00:00.000Z","password":"second"})"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(Bitwarden, LosesNothingOfItsOwnButWhatItCannotSay) {
  const auto parsed = parse(kFormat, kEverything);
  ASSERT_TRUE(parsed);
  // Entry 1 has two malformed pieces and entry 8 an unknown type: those became custom fields.
  EXPECT_THAT(export_losses(kFormat, for_export(*parsed)),
              ElementsAre("2 entries keep the sections of their fields only in their names"));
}

TEST(Bitwarden, ListsEveryLossOfAFullSecret) {
  const model::Secret secret = full_secret();
  std::vector<ExportEntry> entries(2);
  for (ExportEntry& entry : entries) entry.secret = &secret;
  entries[0].history = {&secret};
  entries[0].folder.push_back(secret_text("a/b", memory()));
  EXPECT_THAT(
      export_losses(kFormat, entries),
      ElementsAre("2 entries lose their attachments",
                  "2 entries become logins or notes: Bitwarden has no such kind",
                  "2 entries keep their tags only as custom fields",
                  "2 entries keep the sections of their fields only in their names",
                  "2 entries lose their types of custom fields (Bitwarden has text, hidden, "
                  "boolean, linked)",
                  "2 entries have fields with binary content, written as base64",
                  "1 entry lies in a folder whose name has a slash; it becomes nested",
                  "2 entries lose their ids in other password managers",
                  "2 entries lose their values of newer program versions"));
  const auto back = parse(kFormat, written(kFormat, entries));
  EXPECT_TRUE(back) << back.error().text();
}

TEST(Bitwarden, WritesNoKeptFieldThatTheEntryNowContradicts) {
  auto parsed = parse(kFormat, R"({"items":[{"id":"1","name":"a","folderId":"gone",
      "deletedDate":"2022-01-01T00:00:00Z","login":{"totp":"otpauth://totp/A?secret=GEZDGNBV"}}]})");
  ASSERT_TRUE(parsed) << parsed.error().text();
  ImportedEntry& entry = parsed->entries[0];
  entry.deleted = false;
  entry.folder.push_back(secret_text("Home", memory()));
  entry.secret.totp.digits = 8;
  const auto second = parse(kFormat, written(kFormat, for_export(*parsed)));
  ASSERT_TRUE(second) << second.error().text();
  EXPECT_FALSE(second->entries[0].deleted);
  EXPECT_EQ(peek(second->entries[0].folder.at(0)), "Home");
  EXPECT_EQ(second->entries[0].secret.totp.digits, 8);
  EXPECT_EQ(field(second->entries[0].secret, "login.totp.uri"), "absent");
  EXPECT_EQ(second->entries[0].secret.fields.size(), 3u) << "kept as custom fields";
}

TEST(Bitwarden, ExplainsHowToExportWhatIsEncrypted) {
  EXPECT_EQ(outcome(kFormat, R"({"encrypted":true,"passwordProtected":true,"data":"x"})"),
            "encrypted_with_password");
  EXPECT_EQ(outcome(kFormat, R"({"encrypted":true,"encKeyValidation_DO_NOT_EDIT":"x","items":[]})"),
            "encrypted_with_account_key");
  EXPECT_THAT(base::error_text(base::Error::encrypted_with_account_key),
              HasSubstr("unencrypted JSON"));
}

TEST(Bitwarden, RefusesWithThePlaceAndWithoutValues) {
  const auto item = [](std::string_view members) {
    return R"({"items":[{"name":"a"},{)" + std::string{members} + "}]}";
  };
  EXPECT_EQ(outcome(kFormat, "[]"), "wrong_format");
  EXPECT_EQ(outcome(kFormat, "{}"), "wrong_format");
  EXPECT_EQ(outcome(kFormat, R"({"items":{}})"), "wrong_format");
  EXPECT_EQ(outcome(kFormat, R"({"items":[1]})"), "bad_entry at entry 1");
  EXPECT_EQ(outcome(kFormat, item(R"("name":1)")), "bad_entry at entry 2");
  EXPECT_EQ(outcome(kFormat, item(R"("login":[])")), "bad_entry at entry 2");
  EXPECT_EQ(outcome(kFormat, item(R"("login":{"uris":[1]})")), "bad_entry at entry 2");
  EXPECT_EQ(outcome(kFormat, item(R"("type":"1")")), "bad_entry at entry 2");
  EXPECT_EQ(outcome(kFormat, item(R"("passwordHistory":[{}])")), "bad_entry at entry 2");
  EXPECT_EQ(outcome(kFormat, item(R"("creationDate":"yesterday")")), "bad_time at entry 2");
  EXPECT_EQ(outcome(kFormat, item(R"("name":"a","name":"b")")), "duplicate_key at line 1");
  EXPECT_EQ(outcome(kFormat, item(R"("x":1e999)")), "out_of_range at line 1");
  EXPECT_EQ(outcome(kFormat, item("\"x\":\"\xff\"")), "bad_utf8 at line 1");
  EXPECT_EQ(outcome(kFormat, item("\"notes\":\"" + std::string((1 << 20) + 1, 'n') + "\"")),
            "too_long at entry 2");
  std::string fields;
  for (int i = 0; i < 1001; ++i) fields += std::string{i > 0 ? "," : ""} + R"({"name":"f"})";
  EXPECT_EQ(outcome(kFormat, item("\"fields\":[" + fields + "]")), "capacity_exceeded at entry 2");
  EXPECT_EQ(
      outcome(kFormat, R"({"folders":[{"id":"a","name":"b"},{"id":"a","name":"c"}],"items":[]})"),
      "duplicate_key at folder 2");
  std::string deep = "a";
  for (std::size_t i = 0; i < kFolderDepthMax; ++i) deep += "/a";
  EXPECT_EQ(outcome(kFormat, R"({"folders":[{"id":"a","name":")" + deep + R"("}],"items":[]})"),
            "too_deep at folder 1");
}

TEST(Bitwarden, MultipliesNoHistoryBeyondItsLimit) {
  std::string history;
  for (std::size_t i = 0; i <= kHistoryItemsMax; ++i)
    history += std::string{i > 0 ? "," : ""} + R"({"password":"p"})";
  EXPECT_EQ(outcome(kFormat, R"({"items":[{"name":"a","passwordHistory":[)" + history + "]}]}"),
            "capacity_exceeded at entry 1");
}

TEST(Bitwarden, PlacesItemsOfAnOrganisationByTheirCollection) {
  const auto parsed = parse(kFormat, R"({"encrypted":false,"collections":[
      {"id":"c1","organizationId":"o","name":"Team/Shared"}],
      "items":[{"id":"1","name":"a","type":1,"folderId":null,"collectionIds":["c1"]}],
      "licence":"text"})");
  ASSERT_TRUE(parsed) << parsed.error().text();
  ASSERT_EQ(parsed->entries[0].folder.size(), 2u);
  EXPECT_EQ(peek(parsed->entries[0].folder[1]), "Shared");
  EXPECT_THAT(parsed->notes,
              ElementsAre("collections of an organisation become folders",
                          "members outside of entries and folders, not imported: 1"));
}

TEST(Bitwarden, WritesForeignEntriesSoThatBitwardenReadsThem) {
  model::Secret secret{memory()};
  secret.kind = model::Kind::card;
  secret.label = secret_text("c", memory());
  secret.password = secret_text("pw", memory());
  add_field(secret, {.section = kImportedSection, .name = "httpRealm", .value = "r"}, memory());
  add_field(secret, {.section = kImportedSection, .name = "card.code", .value = "1"}, memory());
  add_field(secret, {.section = kImportedSection, .name = "card.code", .value = "2"}, memory());
  std::vector<ExportEntry> entries(1);
  entries[0].secret = &secret;
  entries[0].id = "00112233445566778899aabbccddeeff";
  const std::string text = written(kFormat, entries);
  EXPECT_THAT(text, HasSubstr(R"("id":"00112233-4455-6677-8899-aabbccddeeff")"));
  EXPECT_THAT(text, HasSubstr(R"("card":{"code":"1"})"));
  EXPECT_THAT(text, HasSubstr(R"({"name":"imported: httpRealm","value":"r","type":0})"));
  EXPECT_THAT(text, HasSubstr(R"({"name":"imported: card.code","value":"2","type":0})"));
  EXPECT_THAT(text, HasSubstr(R"({"name":"password","value":"pw","type":1})"));
}

}  // namespace
}  // namespace holdfast::formats
