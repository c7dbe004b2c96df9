#include <set>

#include "formats/entry_tools.h"
#include "formats/kdbx_fixtures.h"
#include "formats/keepass_entry.h"

namespace holdfast::formats {
namespace {

using test::Recipe;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

auto imported(const model::Secret& secret, std::string_view name) -> std::string {
  const model::Field* found = find_field(secret, kImportedSection, name);
  if (found == nullptr) return "absent";
  return std::string{peek(found->value)} + (found->is_protected ? " protected" : "");
}
auto custom(const model::Secret& secret, std::string_view name) -> std::string {
  const model::Field* found = find_field(secret, "", name);
  if (found == nullptr) return "absent";
  return std::string{peek(found->value)} + (found->is_protected ? " protected" : "");
}
auto one(const base::Detailed<Imported>& read) -> const model::Secret& {
  EXPECT_TRUE(read) << read.error().text();
  return read->entries.at(0).secret;
}
// The same content as the only entry, in a KDBX file and as XML.
auto entry_of(std::string_view content) -> base::Detailed<Imported> {
  return parse_keepass(file_xml(entry_xml(content)));
}
auto protected_xml(std::string_view key, std::string_view value) -> std::string {
  return "<String><Key>" + std::string{key} + "</Key><Value ProtectInMemory=\"True\">" +
         std::string{value} + "</Value></String>";
}

constexpr std::string_view kMeta =
    "<Generator>KeePass</Generator><RecycleBinEnabled>True</RecycleBinEnabled>"
    "<RecycleBinUUID>BBBBBBBBBBBBBBBBBBBBBA==</RecycleBinUUID>"
    "<CustomIcons><Icon><UUID>CAAAAAAAAAAAAAAAAAAAAA==</UUID><Data>AAAA</Data></Icon></"
    "CustomIcons>";

// Everything that a file can hold, as KeePass 2 writes it.
auto everything() -> std::string {
  const std::string mail =
      "<Entry><UUID>AgAAAAAAAAAAAAAAAAAAAA==</UUID><IconID>3</IconID>"
      "<ForegroundColor>#FF0000</ForegroundColor><BackgroundColor/><OverrideURL>cmd://x</"
      "OverrideURL>"
      "<QualityCheck>False</QualityCheck><Tags>alpha; beta,gamma</Tags>"
      "<Times><CreationTime>2020-01-02T03:04:05Z</CreationTime>"
      "<LastModificationTime>2021-01-02T03:04:05Z</LastModificationTime>"
      "<LastAccessTime>2022-01-02T03:04:05Z</LastAccessTime>"
      "<ExpiryTime>2030-01-01T00:00:00Z</ExpiryTime><Expires>True</Expires>"
      "<UsageCount>7</UsageCount><LocationChanged>2020-01-02T03:04:05Z</LocationChanged></Times>" +
      string_xml("Title", "Mail &amp; more") + string_xml("UserName", "ann") +
      protected_xml("Password", "p&lt;w") + string_xml("URL", "https://a.example") +
      string_xml("Notes", "line\nline") + string_xml("KP2A_URL", "https://b.example") +
      string_xml("KP2A_URL_1", "https://c.example") + string_xml("plain", "{REF:P@I:46C9B1FF}") +
      protected_xml("PIN", "1234") +
      "<Binary><Key>key.bin</Key><Value Ref=\"0\"/></Binary>"
      "<Binary><Key>inline</Key><Value>aGk=</Value></Binary>"
      "<AutoType><Enabled>True</Enabled><DataTransferObfuscation>1</DataTransferObfuscation>"
      "<Association><Window>w</Window><KeystrokeSequence/></Association></AutoType>"
      "<CustomData><Item><Key>plugin</Key><Value>data</Value>"
      "<LastModificationTime>2021-01-02T03:04:05Z</LastModificationTime></Item></CustomData>"
      "<FutureThing><Deep x=\"1\">y</Deep></FutureThing>"
      "<History><Entry><UUID>AgAAAAAAAAAAAAAAAAAAAA==</UUID>"
      "<Times><CreationTime>2020-01-02T03:04:05Z</CreationTime>"
      "<LastModificationTime>2020-06-02T03:04:05Z</LastModificationTime></Times>" +
      string_xml("Title", "Mail") + protected_xml("Password", "second") +
      "</Entry><Entry><UUID>AgAAAAAAAAAAAAAAAAAAAA==</UUID>"
      "<Times><CreationTime>2020-01-02T03:04:05Z</CreationTime>"
      "<LastModificationTime>2020-03-02T03:04:05Z</LastModificationTime></Times>" +
      string_xml("Title", "Mail") + protected_xml("Password", "first") +
      "</Entry></History></Entry>";
  return file_xml(
      mail +
          "<Group><UUID>AwAAAAAAAAAAAAAAAAAAAA==</UUID><Name>Work</Name><Group>"
          "<UUID>BAAAAAAAAAAAAAAAAAAAAA==</UUID><Name>a/b</Name><Notes>about it</Notes>"
          "<Entry><UUID>BQAAAAAAAAAAAAAAAAAAAA==</UUID>" +
          string_xml("Title", "inner") +
          "</Entry></Group></Group><Group><UUID>DAAAAAAAAAAAAAAAAAAAAA==</UUID><Name>Empty</Name>"
          "<DefaultAutoTypeSequence>{USERNAME}</DefaultAutoTypeSequence></Group>"
          "<Group><UUID>BBBBBBBBBBBBBBBBBBBBBA==</UUID><Name>Papierkorb</Name>"
          "<Entry><UUID>BgAAAAAAAAAAAAAAAAAAAA==</UUID>"
          "<PreviousParentGroup>BAAAAAAAAAAAAAAAAAAAAA==</PreviousParentGroup>" +
          string_xml("Title", "gone") +
          "</Entry><Group><UUID>BwAAAAAAAAAAAAAAAAAAAA==</UUID><Name>Old</Name>"
          "<Entry><UUID>CQAAAAAAAAAAAAAAAAAAAA==</UUID>" +
          string_xml("Title", "with its group") + "</Entry></Group></Group>",
      std::string{kMeta} + "<Binaries><Binary ID=\"0\" Compressed=\"True\">" +
          test::base64(test::gzip(std::string{"\x00\x01\xFF", 3})) + "</Binary></Binaries>");
}

TEST(KeePass, MapsWhatHasAPlace) {
  const auto read = parse_keepass(everything());
  const model::Secret& secret = one(read);
  EXPECT_EQ(peek(secret.label), "Mail & more");
  EXPECT_EQ(peek(secret.username), "ann");
  EXPECT_EQ(peek(secret.password), "p<w");
  EXPECT_EQ(peek(secret.notes), "line\nline");
  ASSERT_EQ(secret.urls.size(), 3u);
  EXPECT_EQ(peek(secret.urls[0]), "https://a.example");
  EXPECT_EQ(peek(secret.urls[2]), "https://c.example");
  ASSERT_EQ(secret.tags.size(), 3u);
  EXPECT_EQ(peek(secret.tags[1]), "beta");
  EXPECT_EQ(std::to_underlying(secret.created), 1'577'934'245'000u);
  EXPECT_EQ(std::to_underlying(secret.modified), 1'609'556'645'000u);
  EXPECT_EQ(source_id(secret, Format::kdbx), "02000000000000000000000000000000");
  EXPECT_EQ(custom(secret, "plain"), "{REF:P@I:46C9B1FF}");
  EXPECT_EQ(custom(secret, "PIN"), "1234 protected");
  ASSERT_EQ(secret.attachments.size(), 2u);
  EXPECT_EQ(peek(secret.attachments[0].content), (std::string_view{"\x00\x01\xFF", 3}));
  EXPECT_EQ(peek(secret.attachments[1].content), "hi");
  const auto& history = read->entries[0].history;
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(peek(history[0].password), "first");  // oldest first
  EXPECT_EQ(peek(history[1].password), "second");
}

TEST(KeePass, KeepsWhatHasNoPlaceAsFields) {
  const auto read = parse_keepass(everything());
  const model::Secret& secret = one(read);
  EXPECT_EQ(imported(secret, "IconID"), "3");
  EXPECT_EQ(imported(secret, "ForegroundColor"), "#FF0000");
  EXPECT_EQ(imported(secret, "BackgroundColor"), "absent");
  EXPECT_EQ(imported(secret, "OverrideURL"), "cmd://x");
  EXPECT_EQ(imported(secret, "QualityCheck"), "False");
  EXPECT_EQ(imported(secret, "ExpiryTime"), "2030-01-01T00:00:00.000Z");
  EXPECT_EQ(imported(secret, "LastAccessTime"), "2022-01-02T03:04:05.000Z");
  EXPECT_EQ(imported(secret, "LocationChanged"), "absent");  // the entry was made there
  EXPECT_EQ(imported(secret, "UsageCount"), "7");
  EXPECT_EQ(imported(secret, "CustomData.plugin"), "data protected");
  EXPECT_EQ(imported(secret, "CustomDataTime.plugin"), "2021-01-02T03:04:05Z");
  EXPECT_THAT(imported(secret, "AutoType"), HasSubstr("<Window>w</Window>"));
  EXPECT_EQ(imported(secret, "FutureThing"), "<Deep x=\"1\">y</Deep> protected");
}

TEST(KeePass, GroupsBecomeFoldersAndTheRecycleBinDeletes) {
  const auto read = parse_keepass(everything());
  ASSERT_TRUE(read) << read.error().text();
  std::vector<std::string> places;
  for (const ImportedEntry& entry : read->entries) {
    std::string place{peek(entry.secret.label)};
    for (const auto& name : entry.folder) place += " in " + std::string{peek(name)};
    places.push_back(place + (entry.deleted ? ", deleted" : ""));
  }
  EXPECT_THAT(
      places,
      ElementsAre("Mail & more", "inner in Work in a/b", "Notes of this folder in Work in a/b",
                  "gone in Work in a/b, deleted", "with its group in Old, deleted"));
  EXPECT_EQ(read->entries[2].secret.kind, model::Kind::note);
  EXPECT_EQ(peek(read->entries[2].secret.notes), "about it");
  EXPECT_EQ(read->counts.folders, 3u);  // Work, Work/a/b, Empty
  EXPECT_EQ(read->counts.deleted, 2u);
  EXPECT_THAT(read->notes,
              ElementsAre("1 group has notes; they became an entry in its folder",
                          "1 group has settings that a folder cannot hold; they stay behind",
                          "1 picture used as an icon stays behind"));
}

TEST(KeePass, ReadsBackWhatItWroteInBothFormats) {
  const auto read = parse_keepass(everything());
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(again(Format::keepass_xml, *read), dump(*read));
  const auto second = opened(sealed(for_export(*read)));
  ASSERT_TRUE(second) << second.error().text();
  EXPECT_EQ(dump(*second), dump(*read));
  EXPECT_TRUE(export_losses(Format::kdbx, for_export(*read)).empty());
}

TEST(KeePass, HoldsEverythingThatASecretHasInBothFormats) {
  const auto secret = full_secret();
  const auto older = full_secret();
  std::vector<ExportEntry> entries(2);
  for (ExportEntry& entry : entries) {
    entry.secret = &secret;
    entry.history = {&older};
    entry.folder.push_back(secret_of("Ünï/code"));
    entry.folder.push_back(secret_of("<&>"));
  }
  entries[0].id = std::string(32, 'a');
  entries[1].id = std::string(32, 'b');
  entries[1].deleted = true;
  const auto check = [&](const base::Detailed<Imported>& read) {
    ASSERT_TRUE(read) << read.error().text();
    ASSERT_EQ(read->entries.size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) {
      auto expected = secret.clone();
      expected.sources.push_back({secret_of("kdbx"), secret_of(entries[i].id)});
      const ImportedEntry& entry = read->entries[i];
      EXPECT_EQ(dump(entry.secret), dump(expected));
      ASSERT_EQ(entry.history.size(), 1u);
      EXPECT_EQ(dump(entry.history[0]), dump(expected));
      ASSERT_EQ(entry.folder.size(), 2u);
      EXPECT_EQ(peek(entry.folder[0]), "Ünï/code");
      EXPECT_EQ(peek(entry.folder[1]), "<&>");
      EXPECT_EQ(entry.deleted, i == 1);
    }
  };
  check(opened(sealed(entries)));
  check(parse_keepass(written(Format::keepass_xml, entries)));
}

TEST(KeePass, HoldsEveryKindAndAwkwardNames) {
  for (std::uint64_t kind = 0; kind < model::kKinds; ++kind) {
    model::Secret secret{memory()};
    secret.kind = static_cast<model::Kind>(kind);
    secret.label = secret_of("x");
    secret.notes = secret_of("only notes");
    for (const char* name :
         {"Title", "Title", "otp", "KP2A_URL", "KP2A_URL_1", "", "TOTP Seed", "a"})
      secret.fields.push_back(
          {secret_of(""), secret_of(name), secret_of("GEZDGNBV"), false, model::FieldType::text});
    secret.fields.push_back(
        {secret_of("s"), secret_of("a"), secret_of("v"), true, model::FieldType::text});
    secret.fields.push_back(
        {secret_of(""), secret_of("s: a"), secret_of("v"), false, model::FieldType::linked});
    for (const char* name : {"IconID", "AutoType", "otp", "ExpiryTime", "CustomData.holdfast"})
      secret.fields.push_back({secret_of("imported"), secret_of(name),
                               secret_of("not such a value"), true, model::FieldType::concealed});
    for (const char* tag : {"a;b", " c ", "", "d"}) secret.tags.push_back(secret_of(tag));
    for (const char* url : {"", "https://a.example", "", "x\x02y"})
      secret.urls.push_back(secret_of(url));
    for (const char* name : {"f", "f", ""})
      secret.attachments.push_back({secret_of(name), secret_of(""), secret_of("content")});
    std::vector<ExportEntry> entries(1);
    entries[0].secret = &secret;
    entries[0].id = std::string(32, 'c');
    auto expected = secret.clone();
    expected.sources.push_back({secret_of("kdbx"), secret_of(entries[0].id)});
    const auto read = opened(sealed(entries));
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(dump(read->entries.at(0).secret), dump(expected)) << "kind " << kind;
  }
}

TEST(KeePass, AChangeMadeInKeePassWins) {
  model::Secret secret{memory()};
  secret.label = secret_of("old\x01name");
  secret.created = secret.modified = model::TimeMs{1'600'000'000'123};
  secret.tags.push_back(secret_of("a;b"));
  secret.fields.push_back(
      {secret_of("s"), secret_of("n"), secret_of("v"), false, model::FieldType::date});
  std::vector<ExportEntry> entries(1);
  entries[0].secret = &secret;
  std::string xml = written(Format::keepass_xml, entries);
  const auto replace = [&](std::string_view from, std::string_view to) {
    const auto at = xml.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    xml.replace(at, from.size(), to);
  };
  replace("<Value>old?name</Value>", "<Value>new name</Value>");
  replace("<Value>v</Value>", "<Value>changed</Value>");
  replace("<Tags>a;b</Tags>", "<Tags>c</Tags>");
  replace("<LastModificationTime>2020-09-13T12:26:40Z",
          "<LastModificationTime>2020-09-13T12:26:40Z");  // a group's stays as it is
  const auto read = parse_keepass(xml);
  const model::Secret& changed = one(read);
  EXPECT_EQ(peek(changed.label), "new name");
  EXPECT_EQ(peek(changed.tags.at(0)), "c");
  EXPECT_EQ(changed.tags.size(), 1u);
  EXPECT_EQ(peek(changed.fields.at(0).section), "s");
  EXPECT_EQ(peek(changed.fields.at(0).value), "changed");
  EXPECT_EQ(std::to_underlying(changed.modified), 1'600'000'000'123u);
}

TEST(KeePass, ACopyMadeInKeePassIsAnEntryOfItsOwn) {
  auto secret = full_secret();
  std::vector<ExportEntry> entries(1);
  entries[0].secret = &secret;
  entries[0].id = std::string(32, 'a');
  std::string xml = written(Format::keepass_xml, entries);
  const auto begin = xml.find("<Entry>");
  const auto end = xml.find("</Entry>") + 8;
  std::string copy = xml.substr(begin, end - begin);
  copy.replace(copy.find("<UUID>") + 6, 24, "zMzMzMzMzMzMzMzMzMzMzA==");
  xml.insert(end, copy);
  const auto read = parse_keepass(xml);
  ASSERT_TRUE(read) << read.error().text();
  ASSERT_EQ(read->entries.size(), 2u);
  EXPECT_EQ(source_id(read->entries[0].secret, Format::bitwarden_json), "abc");
  EXPECT_EQ(read->entries[1].secret.sources.size(), 1u);
  EXPECT_EQ(source_id(read->entries[1].secret, Format::kdbx), std::string(32, 'c'));
}

TEST(KeePass, EntriesWithoutOrWithEqualIdsStayApart) {
  const auto read = parse_keepass(file_xml(entry_xml(string_xml("Title", "a")) +
                                           entry_xml(string_xml("Title", "b")) + "<Entry>" +
                                           string_xml("Title", "c") + "</Entry>"));
  ASSERT_TRUE(read) << read.error().text();
  std::set<std::string> ids;
  for (const auto& entry : read->entries) ids.emplace(source_id(entry.secret, Format::kdbx));
  EXPECT_EQ(ids.size(), 3u);
}

TEST(KeePass, TimesOfBothVersionsAreRead) {
  const auto created = [](const std::string& text) -> std::string {
    const auto read = entry_of("<Times><CreationTime>" + text + "</CreationTime></Times>");
    if (!read) return std::string{base::error_name(read.error().code)};
    return std::to_string(std::to_underlying(read->entries.at(0).secret.created));
  };
  const auto seconds = [](std::uint64_t value) { return test::base64(test::le(value, 8)); };
  EXPECT_EQ(created("2020-01-02T03:04:05Z"), "1577934245000");
  EXPECT_EQ(created(seconds(62'135'596'800 + 1'577'934'245)), "1577934245000");
  EXPECT_EQ(created(seconds(0)), "0");
  EXPECT_EQ(created(seconds(UINT64_MAX)), "0");
  EXPECT_EQ(created("0001-01-01T00:00:00Z"), "0");
  EXPECT_EQ(created(""), std::to_string(std::to_underlying(kNow)));
  for (const char* text :
       {"x", "2020-13-01T00:00:00Z", "AAAAAAAAAAA", "AAAAAAAAAA==", "!AAAAAAAAAA="})
    EXPECT_EQ(created(text), "bad_time") << text;
}

auto totp_of(const base::Detailed<Imported>& read) -> std::string {
  const model::Secret& secret = one(read);
  if (secret.totp.secret.empty()) return "none";
  return std::to_string(int(secret.totp.algorithm)) + " " +
         std::to_string(int(secret.totp.digits)) + " " + std::to_string(secret.totp.period) + " " +
         std::string{peek(secret.totp.secret)};
}

TEST(KeePassTotp, IsReadInEveryForm) {
  const std::string uri = "otpauth://totp/?secret=GEZDGNBVGY3TQOJQ";
  EXPECT_EQ(totp_of(entry_of(string_xml("otp", uri))), "0 6 30 1234567890");
  EXPECT_EQ(totp_of(entry_of(
                protected_xml("otp", uri + "&amp;digits=8&amp;period=60&amp;algorithm=SHA256"))),
            "1 8 60 1234567890");
  EXPECT_EQ(totp_of(entry_of(string_xml("otp", "key=GEZDGNBVGY3TQOJQ&amp;size=8&amp;step=45"))),
            "0 8 45 1234567890");
  EXPECT_EQ(
      totp_of(entry_of(protected_xml("TimeOtp-Secret-Base32", "GEZDGNBVGY3TQOJQ") +
                       string_xml("TimeOtp-Length", "8") + string_xml("TimeOtp-Period", "60") +
                       string_xml("TimeOtp-Algorithm", "HMAC-SHA-512"))),
      "2 8 60 1234567890");
  EXPECT_EQ(totp_of(entry_of(string_xml("TimeOtp-Secret", "1234567890"))), "0 6 30 1234567890");
  EXPECT_EQ(totp_of(entry_of(string_xml("TimeOtp-Secret-Hex", "31323334353637383930"))),
            "0 6 30 1234567890");
  EXPECT_EQ(totp_of(entry_of(string_xml("TimeOtp-Secret-Base64", "MTIzNDU2Nzg5MA=="))),
            "0 6 30 1234567890");
  EXPECT_EQ(totp_of(entry_of(string_xml("TOTP Seed", "GEZDGNBVGY3TQOJQ") +
                             string_xml("TOTP Settings", "60;8"))),
            "0 8 60 1234567890");
  EXPECT_EQ(totp_of(entry_of(string_xml("TOTP Seed", "GEZD GNBV GY3T QOJQ"))), "0 6 30 1234567890");
  const auto read = entry_of(string_xml("TOTP Seed", "GEZDGNBVGY3TQOJQ"));
  EXPECT_TRUE(one(read).fields.empty());
}

TEST(KeePassTotp, OfAnotherKindIsKeptAndWrittenBack) {
  const auto issuer =
      entry_of(protected_xml("otp", "otpauth://totp/ACME:ann?secret=GEZDGNBV&amp;issuer=ACME"));
  EXPECT_EQ(totp_of(issuer), "0 6 30 12345");
  EXPECT_EQ(imported(one(issuer), "otp"),
            "otpauth://totp/ACME:ann?secret=GEZDGNBV&issuer=ACME protected");
  const auto steam =
      entry_of(string_xml("TOTP Seed", "GEZDGNBVGY3TQOJQ") + string_xml("TOTP Settings", "30;S"));
  EXPECT_EQ(totp_of(steam), "none");
  EXPECT_EQ(custom(one(steam), "TOTP Settings"), "30;S");
  const auto unusable = entry_of(protected_xml("otp", "steam://ABC"));
  EXPECT_EQ(imported(one(unusable), "otp"), "steam://ABC protected");
  for (const auto* read : {&issuer, &steam, &unusable}) {
    EXPECT_EQ(again(Format::keepass_xml, **read), dump(**read));
    const auto second = opened(sealed(for_export(**read)));
    ASSERT_TRUE(second) << second.error().text();
    EXPECT_EQ(dump(*second), dump(**read));
  }
  EXPECT_THAT(written(Format::keepass_xml, for_export(*issuer)), HasSubstr("issuer=ACME"));
}

TEST(KeePass, TheInnerStreamPassesOverWhatIsNotRead) {
  Recipe recipe{.major = 4, .minor = 0, .stream = 3};
  recipe.binaries = {"first", "second"};
  recipe.xml =
      file_xml("<Unknown><A>@P(skipped)@</A></Unknown>" +
                   entry_xml("<Odd>@P(also)@</Odd><String><Key>Password</Key>@P(right)@</String>"
                             "<Binary><Key>b</Key><Value Ref=\"1\"/></Binary>"),
               "<CustomData><Item><Key>k</Key>@P(meta)@</Item></CustomData>");
  const auto read = opened(test::build(recipe));
  EXPECT_EQ(peek(one(read).password), "right");
  EXPECT_EQ(peek(one(read).attachments.at(0).content), "second");
}

TEST(KeePass, AnAttachmentThatIsMissingIsDamageOrIsReported) {
  const std::string content =
      string_xml("Title", "x") + "<Binary><Key>b</Key><Value Ref=\"7\"/></Binary>";
  Recipe recipe{.major = 4, .minor = 0, .stream = 3};
  recipe.xml = file_xml(entry_xml(content));
  EXPECT_EQ(opening(test::build(recipe)), "file_corrupt at entry 1");
  const auto plain = parse_keepass(recipe.xml);
  ASSERT_TRUE(plain);
  EXPECT_THAT(plain->notes,
              ElementsAre("1 attachment is not in the file; import the .kdbx file itself"));
}

TEST(KeePass, AsManyFieldsAndAddressesAsASecretMayHaveComeBack) {
  model::Secret secret{memory()};
  secret.label = secret_of("x");
  for (std::size_t i = 0; i < model::kListItemsMax; ++i) {
    secret.urls.push_back(secret_of("u" + std::to_string(i)));
    secret.fields.push_back(
        {secret_of(""), secret_of("same name"), secret_of("v"), false, model::FieldType::text});
  }
  std::vector<ExportEntry> entries(1);
  entries[0].secret = &secret;
  const auto read = parse_keepass(written(Format::keepass_xml, entries));
  EXPECT_EQ(one(read).urls.size(), model::kListItemsMax);
  ASSERT_EQ(one(read).fields.size(), model::kListItemsMax);
  EXPECT_EQ(peek(one(read).fields.back().name), "same name");
}

TEST(KeePass, RefusesWithTheEntryOrTheLine) {
  const auto error = [](const std::string& xml) { return outcome(Format::keepass_xml, xml); };
  EXPECT_EQ(error("<Other/>"), "wrong_format at line 1");
  EXPECT_EQ(error("<KeePassFile><Meta/></KeePassFile>"), "wrong_format at line 1");
  EXPECT_EQ(error(file_xml("") + "x"), "bad_xml at line 2");
  EXPECT_EQ(error(file_xml(entry_xml("<UUID>AAAA</UUID>"))), "bad_entry at entry 1");
  EXPECT_EQ(error(file_xml(entry_xml("<UUID>?</UUID>"))), "bad_base64 at entry 1");
  EXPECT_EQ(error(file_xml(entry_xml("<String><Key>Password</Key><Value Protected=\"True\">AAAA"
                                     "</Value></String>"))),
            "bad_entry at entry 1");
  EXPECT_EQ(error(file_xml(entry_xml(string_xml("Title", std::string(2000, 'x'))))),
            "too_long at entry 1");
  std::string many;
  for (std::size_t i = 0; i <= kKeePassStringsMax; ++i) many += string_xml("k", "v");
  EXPECT_EQ(error(file_xml(entry_xml(many))), "capacity_exceeded at entry 1");
  std::string history;
  for (std::size_t i = 0; i <= kHistoryItemsMax; ++i) history += "<Entry/>";
  EXPECT_EQ(error(file_xml(entry_xml("<History>" + history + "</History>"))),
            "capacity_exceeded at entry 1");
  EXPECT_EQ(error(file_xml("<Entry/><Name>late</Name>")), "bad_entry at line 2");
}

TEST(KeePass, ReadsTheXmlOfAnotherProgramsExport) {
  const auto read = parse_keepass(
      "<?xml version=\"1.0\"?><KeePassFile><Root><Group><Name>r</Name>" +
      entry_xml(string_xml("URL", "https://h.example/x")) + "</Group></Root></KeePassFile>");
  EXPECT_EQ(peek(one(read).label), "h.example");
}

}  // namespace
}  // namespace holdfast::formats
