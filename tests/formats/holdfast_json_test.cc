#include "formats/fixtures.h"

namespace holdfast::formats {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Format kFormat = Format::holdfast_json;
constexpr std::string_view kId = "00112233445566778899aabbccddeeff";

TEST(HoldfastJson, ReadsBackEveryFieldItWrote) {
  const model::Secret secret = full_secret();
  const model::Secret empty{memory()};
  std::vector<ExportEntry> entries(2);
  entries[0].secret = &secret;
  entries[0].id = kId;
  entries[0].deleted = true;
  entries[0].folder.push_back(secret_text("Work/s", memory()));
  entries[0].folder.push_back(secret_text("", memory()));
  entries[0].history = {&empty, &secret};
  entries[1].secret = &empty;
  const std::string text = written(kFormat, entries);
  const auto parsed = parse(kFormat, text);
  ASSERT_TRUE(parsed) << parsed.error().text() << text;
  ASSERT_EQ(parsed->entries.size(), 2u);
  const ImportedEntry& first = parsed->entries[0];
  EXPECT_EQ(dump(first.secret), dump(secret));
  EXPECT_EQ(first.id, kId);
  EXPECT_TRUE(first.deleted);
  ASSERT_EQ(first.folder.size(), 2u);
  EXPECT_EQ(peek(first.folder[0]), "Work/s");
  EXPECT_EQ(peek(first.folder[1]), "");
  ASSERT_EQ(first.history.size(), 2u);
  EXPECT_EQ(dump(first.history[0]), dump(empty));
  EXPECT_EQ(dump(first.history[1]), dump(secret));
  EXPECT_EQ(dump(parsed->entries[1].secret), dump(empty));
  EXPECT_EQ(parsed->folders.size(), 1u);
  EXPECT_EQ(written(kFormat, for_export(*parsed)), text);
}

TEST(HoldfastJson, LosesNothing) {
  const model::Secret secret = full_secret();
  std::vector<ExportEntry> entries(1);
  entries[0].secret = &secret;
  EXPECT_THAT(export_losses(kFormat, entries), IsEmpty());
}

TEST(HoldfastJson, RefusesToWriteTextThatIsNotUtf8) {
  model::Secret secret{memory()};
  secret.label = secret_text("\xff", memory());
  std::vector<ExportEntry> entries(1);
  entries[0].secret = &secret;
  for (const Format format : {kFormat, Format::bitwarden_json, Format::chrome_csv}) {
    const auto out = write_export(format, entries, memory());
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().text(), "entry 1: text is not valid UTF-8");
  }
}

auto with_secret(std::string_view members) -> std::string {
  return R"({"format":"holdfast-json","version":1,"entries":[{"secret":{"kind":"login","label":"a",)"
         R"("created":1,"modified":2)" +
         std::string{members} + "}}]}";
}

TEST(HoldfastJson, RefusesWhatThisVersionDoesNotKnow) {
  EXPECT_EQ(outcome(kFormat, with_secret("")), "ok");
  EXPECT_EQ(outcome(kFormat, R"({"format":"holdfast-json","version":2,"entries":[]})"),
            "unsupported_version");
  EXPECT_EQ(outcome(kFormat, R"({"format":"other","version":1,"entries":[]})"), "wrong_format");
  EXPECT_EQ(outcome(kFormat, R"({"format":"holdfast-json","version":1,"entries":[],"x":1})"),
            "wrong_format");
  EXPECT_EQ(outcome(kFormat, R"({"format":"holdfast-json","version":1,"entries":[{}]})"),
            "bad_entry at entry 1");
  for (const std::string_view bad :
       {R"(,"colour":1)", R"(,"urls":[1])", R"(,"password":null)", R"(,"tags":{})",
        R"(,"fields":[{"section":"","name":"","value":"","protected":true}])",
        R"(,"fields":[{"section":"","name":"","value":"","protected":1,"type":"text"}])",
        R"(,"fields":[{"section":"","name":"","value":"","protected":true,"type":"x"}])",
        R"(,"totp":{"algorithm":"md5","digits":6,"period":30,"secret":"ME"})",
        R"(,"totp":{"algorithm":"sha1","digits":6,"period":30,"secret":""})",
        R"(,"attachments":[{"name":"","media_type":""}])", R"(,"sources":[{"source":"a"}])",
        R"(,"unknown":{"12":"01"})", R"(,"unknown":{"14":"01","13":"01"})",
        R"(,"unknown":{"013":"01"})", R"(,"unknown":[])"})
    EXPECT_EQ(outcome(kFormat, with_secret(bad)), "bad_entry at entry 1") << bad;
  EXPECT_EQ(outcome(kFormat, with_secret(R"(,"unknown":{"13":"0g"})")), "bad_hex at entry 1");
  EXPECT_NE(outcome(kFormat, with_secret(R"(,"unknown":{"13":"ff"})")), "ok");  // not CBOR
  EXPECT_EQ(
      outcome(kFormat,
              with_secret(R"(,"totp":{"algorithm":"sha1","digits":9,"period":30,"secret":"ME"})")),
      "out_of_range at entry 1");
  EXPECT_EQ(outcome(kFormat,
                    with_secret(R"(,"attachments":[{"name":"","media_type":"","content":"!"}])")),
            "bad_base64 at entry 1");
}

TEST(Format, NamesRoundTrip) {
  for (const Format format : kFormats) EXPECT_EQ(format_from_name(format_name(format)), format);
  EXPECT_EQ(format_from_name("bitwarden"), std::nullopt);
}

TEST(Format, IsGuessedFromContent) {
  const auto guess = [](std::string_view text) { return guess_format(base::view_of(text)); };
  EXPECT_EQ(guess(with_secret("")), kFormat);
  EXPECT_EQ(guess("\xEF\xBB\xBF \n{\"folders\":[],\"items\":[]}"), Format::bitwarden_json);
  EXPECT_EQ(guess(R"({"encrypted":true,"data":"x"})"), Format::bitwarden_json);
  EXPECT_EQ(guess("name,url,username,password\r\na,b,c,d"), Format::chrome_csv);
  EXPECT_EQ(guess("\"url\",\"username\",\"password\",\"guid\"\r\n"), Format::firefox_csv);
  EXPECT_EQ(guess("url,username,password,extra,name,grouping,fav\n"), Format::lastpass_csv);
  EXPECT_EQ(guess("url,username,password,extra,fav\n"), std::nullopt);
  EXPECT_EQ(guess("folder,favorite,type,name,notes,fields,login_uri,login_username,login_password"),
            Format::bitwarden_csv);
  EXPECT_EQ(guess("\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\"\n"),
            Format::keepassxc_csv);
  EXPECT_EQ(guess("<?xml version=\"1.0\"?>\n<KeePassFile><Meta/>"), Format::keepass_xml);
  EXPECT_EQ(guess("<html></html>"), std::nullopt);
  EXPECT_EQ(guess("\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5"), Format::kdbx);
  EXPECT_EQ(guess("\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5"), Format::kdbx);  // KeePass 1: refused by name
  EXPECT_EQ(guess("{}"), std::nullopt);
  EXPECT_EQ(guess("a,b\n"), std::nullopt);
  EXPECT_EQ(guess(""), std::nullopt);
}

TEST(Losses, OfACsvFileAreListed) {
  const model::Secret secret = full_secret();
  std::vector<ExportEntry> entries(2);
  for (ExportEntry& entry : entries) entry.secret = &secret;
  entries[0].folder.push_back(secret_text("f", memory()));
  entries[0].history = {&secret};
  entries[1].deleted = true;
  EXPECT_THAT(export_losses(Format::chrome_csv, entries),
              ::testing::ElementsAre(
                  "1 entry is deleted and left out", "1 entry loses its attachments",
                  "1 entry loses its TOTP", "1 entry loses its custom fields",
                  "1 entry loses its dates", "1 entry loses its tags", "1 entry loses its folders",
                  "1 entry loses its addresses after the first", "1 entry loses its older states",
                  "1 entry loses its kind (all become logins)",
                  "1 entry loses its ids in other password managers",
                  "1 entry loses its values of newer program versions"));
  EXPECT_THAT(written(Format::chrome_csv, entries), HasSubstr("\"p,a\"\"s\ns\r\nw\trd \""));
}

}  // namespace
}  // namespace holdfast::formats
