#include "formats/entry_tools.h"
#include "formats/fixtures.h"

namespace holdfast::formats {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

auto kept(const model::Secret& secret, std::string_view name) -> std::string {
  const model::Field* found = find_field(secret, kImportedSection, name);
  return found == nullptr ? "absent" : std::string{peek(found->value)};
}
auto folder_of(const ImportedEntry& entry) -> std::string {
  std::string path;
  for (const auto& name : entry.folder) path += "[" + std::string{peek(name)} + "]";
  return path;
}

constexpr std::string_view kKeePassXc =
    "\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\",\"TOTP\",\"Icon\",\"Last "
    "Modified\",\"Created\"\n"
    "\"Root/Work/a\\/b\",\"Mail\",\"ann\",\"p\"\"w\",\"https://a.example\",\"two\nlines\","
    "\"otpauth://totp/ACME?secret=GEZDGNBV&digits=8&issuer=ACME\",\"3\",\"2021-01-02T03:04:05Z\","
    "\"2020-01-02T03:04:05Z\"\n"
    "\"Root\",\"Top\",\"\",\"x\",\"\",\"\",\"\",\"0\",\"2021-01-02T03:04:05Z\","
    "\"2021-01-02T03:04:05Z\"\n";

TEST(KeePassXcCsv, MapsEveryColumnAndReadsBackWhatItWrote) {
  const auto read = parse(Format::keepassxc_csv, kKeePassXc);
  ASSERT_TRUE(read) << read.error().text();
  ASSERT_EQ(read->entries.size(), 2u);
  const model::Secret& mail = read->entries[0].secret;
  EXPECT_EQ(folder_of(read->entries[0]), "[Work][a/b]");
  EXPECT_EQ(folder_of(read->entries[1]), "");
  EXPECT_EQ(peek(mail.password), "p\"w");
  EXPECT_EQ(peek(mail.notes), "two\nlines");
  EXPECT_EQ(mail.totp.digits, 8);
  EXPECT_THAT(kept(mail, "totp"), HasSubstr("issuer=ACME"));
  EXPECT_EQ(kept(mail, "Icon"), "3");
  EXPECT_EQ(std::to_underlying(mail.created), 1'577'934'245'000u);
  EXPECT_EQ(std::to_underlying(mail.modified), 1'609'556'645'000u);
  EXPECT_EQ(again(Format::keepassxc_csv, *read), dump(*read));
  EXPECT_EQ(written(Format::keepassxc_csv, for_export(*read)), kKeePassXc);
}

TEST(KeePassXcCsv, KeepsTheFirstGroupUnlessAllShareIt) {
  const auto read =
      parse(Format::keepassxc_csv, "Group,Title,Username,Password,URL\nA/B,x,,,\nC,y,,,\n");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(folder_of(read->entries[0]), "[A][B]");
  EXPECT_EQ(read->counts.folders, 2u);
}

constexpr std::string_view kLastPass =
    "url,username,password,totp,extra,name,grouping,fav\r\n"
    "https://a.example,ann,pw,GEZDGNBVGY3TQOJQ,\"note, here\",Mail,Work\\Mail,1\r\n"
    "http://sn,,,,NoteType:Server,Secret note,,0\r\n"
    ",,x,,,Bare,Work,0\r\n";

TEST(LastPassCsv, MapsEveryColumnAndReadsBackWhatItWrote) {
  const auto read = parse(Format::lastpass_csv, kLastPass);
  ASSERT_TRUE(read) << read.error().text();
  const model::Secret& mail = read->entries.at(0).secret;
  EXPECT_EQ(folder_of(read->entries[0]), "[Work][Mail]");
  EXPECT_EQ(peek(mail.totp.secret), "1234567890");
  EXPECT_EQ(peek(mail.notes), "note, here");
  EXPECT_EQ(kept(mail, "favorite"), "true");
  const model::Secret& note = read->entries.at(1).secret;
  EXPECT_EQ(note.kind, model::Kind::note);
  EXPECT_TRUE(note.urls.empty());
  EXPECT_EQ(peek(note.notes), "NoteType:Server");
  EXPECT_EQ(again(Format::lastpass_csv, *read), dump(*read));
  EXPECT_EQ(written(Format::lastpass_csv, for_export(*read)), kLastPass);
}

constexpr std::string_view kBitwarden =
    "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,"
    "login_totp\r\n"
    "Work/Mail,1,login,Mail,n,\"PIN: 1234\nlong: one\ntwo\nempty: \",1,"
    "\"https://a.example/?x=1,2,https://b.example\",ann,pw,steam://X\r\n"
    ",,note,Note,text,,0,,,,\r\n";

TEST(BitwardenCsv, MapsEveryColumnAndReadsBackWhatItWrote) {
  const auto read = parse(Format::bitwarden_csv, kBitwarden);
  ASSERT_TRUE(read) << read.error().text();
  const model::Secret& mail = read->entries.at(0).secret;
  EXPECT_EQ(folder_of(read->entries[0]), "[Work][Mail]");
  ASSERT_EQ(mail.urls.size(), 2u);
  EXPECT_EQ(peek(mail.urls[0]), "https://a.example/?x=1,2");
  EXPECT_EQ(peek(find_field(mail, "", "PIN")->value), "1234");
  EXPECT_EQ(peek(find_field(mail, "", "long")->value), "one\ntwo");
  EXPECT_EQ(peek(find_field(mail, "", "empty")->value), "");
  EXPECT_EQ(kept(mail, "reprompt"), "true");
  EXPECT_EQ(kept(mail, "totp"), "steam://X");
  EXPECT_EQ(read->entries.at(1).secret.kind, model::Kind::note);
  EXPECT_EQ(again(Format::bitwarden_csv, *read), dump(*read));
  EXPECT_EQ(written(Format::bitwarden_csv, for_export(*read)), kBitwarden);
}

TEST(ManagerCsv, KeepsUnknownColumnsAndRefusesWithTheLine) {
  const auto read = parse(Format::lastpass_csv,
                          "url,username,password,extra,name,grouping,colour\nu,,,,n,,red\n");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(kept(read->entries.at(0).secret, "colour"), "red");
  EXPECT_TRUE(find_field(read->entries[0].secret, kImportedSection, "colour")->is_protected);
  EXPECT_EQ(outcome(Format::lastpass_csv, "url,username,password\n"), "wrong_format at line 1");
  EXPECT_EQ(outcome(Format::keepassxc_csv, ""), "wrong_format at line 1");
  EXPECT_EQ(outcome(Format::bitwarden_csv, "name,name\n"), "duplicate_key at line 1");
  EXPECT_EQ(outcome(Format::keepassxc_csv,
                    "Group,Title,Username,Password,URL,Created\nG,t,u,p,,yesterday\n"),
            "bad_time at line 2");
  EXPECT_EQ(outcome(Format::keepassxc_csv,
                    "Group,Title,Username,Password,URL\n" + std::string(70, '/') + "a,t,u,p,\n"),
            "ok");
  std::string deep = "Group,Title,Username,Password,URL\nG";
  for (std::size_t i = 0; i < kFolderDepthMax; ++i) deep += "/g";
  EXPECT_EQ(outcome(Format::keepassxc_csv, deep + ",t,u,p,\n"), "too_deep at line 2");
}

TEST(ManagerCsv, ListsWhatItLoses) {
  const auto secret = full_secret();
  std::vector<ExportEntry> entries(2);
  for (ExportEntry& entry : entries) entry.secret = &secret;
  entries[0].folder.push_back(secret_text("a/b", memory()));
  entries[0].history = {&secret};
  entries[1].deleted = true;
  EXPECT_THAT(
      export_losses(Format::keepassxc_csv, entries),
      ElementsAre("1 entry is deleted and left out", "1 entry loses its attachments",
                  "1 entry loses its custom fields", "1 entry loses its addresses after the first",
                  "1 entry loses its tags", "1 entry loses its older states",
                  "1 entry loses its kind (all become logins)",
                  "1 entry loses its ids in other password managers",
                  "1 entry loses its values of newer program versions"));
  EXPECT_THAT(export_losses(Format::bitwarden_csv, entries),
              ::testing::Contains(
                  "1 entry lies in a folder whose name has a separator; it becomes nested"));
  EXPECT_FALSE(written(Format::lastpass_csv, entries).contains("error"));
}

}  // namespace
}  // namespace holdfast::formats
