#include "formats/csv.h"

#include "formats/entry_tools.h"
#include "formats/fixtures.h"

namespace holdfast::formats {
namespace {

constexpr std::string_view kChromeHeader = "name,url,username,password,note\r\n";

// Cells with | between them, a line for each row; or the error and its place.
auto rows(std::string_view text) -> std::string {
  CsvReader reader{text, memory()};
  std::string out;
  while (true) {
    const auto more = reader.next_row();
    if (!more)
      return std::string{base::error_name(more.error().code)} + " at " + more.error().where;
    if (!*more) return out;
    for (std::size_t i = 0; i < reader.size(); ++i)
      out += (i > 0 ? "|" : "") + std::string{reader.cell(i)};
    out += ";";
  }
}

TEST(Csv, ReadsWhatRfc4180Allows) {
  EXPECT_EQ(rows("a,b\r\nc,d\r\n"), "a|b;c|d;");
  EXPECT_EQ(rows("a,b\nc,d"), "a|b;c|d;");
  EXPECT_EQ(rows("\"a\",\"b,\"\"x\"\"\"\n\"\r\n\",\"\"\n"), "a|b,\"x\";\r\n|;");
  EXPECT_EQ(rows(",\n,\n"), "|;|;");
  EXPECT_EQ(rows("a,b\n\n\nc,d\n\n"), "a|b;c|d;");
  EXPECT_EQ(rows(" a ,b\rc\n"), " a |b\rc;");
  EXPECT_EQ(rows(""), "");
}

TEST(Csv, RefusesMisplacedQuotationMarksWithTheLineOfTheRow) {
  EXPECT_EQ(rows("a,b\nc,d\"e\n"), "bad_csv at line 2");
  EXPECT_EQ(rows("a,b\n\"x\ny\",1\n\"c\"d,e\n"), "bad_csv at line 4");
  EXPECT_EQ(rows("a,b\n\n\"never closed\nf,g\n"), "bad_csv at line 3");
}

TEST(Csv, RefusesRowsOfAnotherWidth) {
  EXPECT_EQ(rows("a,b\nc\n"), "csv_columns at line 2");
  EXPECT_EQ(rows("a,b\nc,d,e\n"), "csv_columns at line 2");
  EXPECT_EQ(rows(std::string(kCsvColumnsMax, ',')), "capacity_exceeded at line 1");
}

TEST(Csv, WritesCellsThatReadBackTheSame) {
  for (const Quoting quoting : {Quoting::where_needed, Quoting::always}) {
    base::SecretBytes out{memory()};
    append_text(out.buffer(), "first");
    std::string expected = "first";
    for (const std::string_view cell :
         {"", "plain", "a,b", "\"", "\"\"x", "line\nline", "\r\n", " edge ", "=1+1", "\r", "é"}) {
      out.buffer().push_back(',');
      csv_cell(out.buffer(), cell, quoting);
      expected += "|" + std::string{cell};
    }
    EXPECT_EQ(rows(peek(out)), expected + ";");
  }
}

TEST(ChromeCsv, MapsColumnsInAnyOrderAndKeepsUnknownOnes) {
  const auto parsed = parse(Format::chrome_csv,
                            "\xEF\xBB\xBFpassword,colour,URL,name,username,note\r\n"
                            "\"p\"\"w\",red,https://a.example/x,Mail,ann,\"two\r\nlines\"\r\n");
  ASSERT_TRUE(parsed) << parsed.error().text();
  ASSERT_EQ(parsed->entries.size(), 1u);
  const model::Secret& secret = parsed->entries[0].secret;
  EXPECT_EQ(peek(secret.label), "Mail");
  EXPECT_EQ(peek(secret.password), "p\"w");
  EXPECT_EQ(peek(secret.urls.at(0)), "https://a.example/x");
  EXPECT_EQ(peek(secret.notes), "two\r\nlines");
  ASSERT_EQ(secret.fields.size(), 1u);
  EXPECT_EQ(peek(secret.fields[0].section), "imported");
  EXPECT_EQ(peek(secret.fields[0].name), "colour");
  EXPECT_EQ(peek(secret.fields[0].value), "red");
  EXPECT_TRUE(secret.fields[0].is_protected);
  EXPECT_EQ(secret.created, kNow);
  EXPECT_EQ(parsed->counts.fields_mapped, 1u);
}

TEST(ChromeCsv, IdsDependOnTheRowButNotOnThePassword) {
  const std::string header{kChromeHeader};
  const auto ids = [&](std::string_view body) {
    std::vector<std::string> found;
    const auto parsed = parse(Format::chrome_csv, header + std::string{body});
    for (const auto& entry : parsed->entries)
      found.emplace_back(source_id(entry.secret, Format::chrome_csv));
    return found;
  };
  const auto one = ids("n,u,ann,1,\r\n");
  EXPECT_EQ(one.at(0).size(), 64u);
  EXPECT_EQ(ids("n,u,ann,2,other\r\n"), one);
  EXPECT_NE(ids("n,u,anna,1,\r\n"), one);
  EXPECT_NE(ids("nu,,ann,1,\r\n"), ids("n,u,ann,1,\r\n"));
  const auto twice = ids("n,u,ann,1,\r\nn,u,ann,1,\r\nn,u,ann,3,\r\n");
  EXPECT_EQ(twice, (std::vector{one[0], one[0] + "-2", one[0] + "-3"}));
}

TEST(ChromeCsv, NamesWhatHasNoName) {
  const auto parsed = parse(Format::chrome_csv, std::string{kChromeHeader} +
                                                    ",https://ann@h.example:80/p?q,,x,\r\n"
                                                    ",android://k==@app.example/,,x,\r\n"
                                                    ",,,x,\r\n");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(peek(parsed->entries.at(0).secret.label), "h.example");
  EXPECT_EQ(peek(parsed->entries.at(1).secret.label), "app.example");
  EXPECT_EQ(peek(parsed->entries.at(2).secret.label), "unnamed");
}

TEST(ChromeCsv, ReadsBackWhatItWrote) {
  const auto parsed =
      parse(Format::chrome_csv, std::string{kChromeHeader} +
                                    "Mail,https://a.example,\"a,nn\",\" p\"\"w\n\",\"n\r\n,\"\r\n"
                                    ",https://b.example,,=1+1,\r\n"
                                    "Ünï,,x,@y,\r\n");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(again(Format::chrome_csv, *parsed), dump(*parsed));
}

TEST(FirefoxCsv, ReadsTimesAndIdsAndReadsBackWhatItWrote) {
  const auto parsed = parse(
      Format::firefox_csv,
      "\"url\",\"username\",\"password\",\"httpRealm\",\"formActionOrigin\",\"guid\","
      "\"timeCreated\",\"timeLastUsed\",\"timePasswordChanged\"\r\n"
      "\"https://a.example\",\"ann\",\"pw\",,\"https://a.example\",\"{1b-2c}\",\"1600000000001\","
      "\"1600000000002\",\"1600000000003\"\r\n"
      "\"https://b.example\",\"\",\"pw\",\"realm\",\"\",\"\",\"\",\"\",\"\"\r\n");
  ASSERT_TRUE(parsed) << parsed.error().text();
  const model::Secret& secret = parsed->entries.at(0).secret;
  EXPECT_EQ(peek(secret.label), "a.example");
  EXPECT_EQ(std::to_underlying(secret.created), 1'600'000'000'001u);
  EXPECT_EQ(std::to_underlying(secret.modified), 1'600'000'000'003u);
  EXPECT_EQ(source_id(secret, Format::firefox_csv), "{1b-2c}");
  EXPECT_EQ(secret.fields.size(), 2u);
  EXPECT_FALSE(secret.fields[0].is_protected);
  EXPECT_EQ(again(Format::firefox_csv, *parsed), dump(*parsed));
}

TEST(BrowserCsv, RefusesWithTheLine) {
  EXPECT_EQ(outcome(Format::chrome_csv, ""), "wrong_format at line 1");
  EXPECT_EQ(outcome(Format::chrome_csv, "url,username,password\n"), "wrong_format at line 1");
  EXPECT_EQ(outcome(Format::firefox_csv, "url,username\n"), "wrong_format at line 1");
  EXPECT_EQ(outcome(Format::chrome_csv, "name,url,username,password,Name\n"),
            "duplicate_key at line 1");
  EXPECT_EQ(outcome(Format::chrome_csv, "name,url,username,password,x,x\n"),
            "duplicate_key at line 1");
  EXPECT_EQ(outcome(Format::chrome_csv, std::string{kChromeHeader} + "a,b,c,d,e\na,b\n"),
            "csv_columns at line 3");
  EXPECT_EQ(outcome(Format::chrome_csv, std::string{kChromeHeader} + "a,b,c,d,e\n\xff,b,c,d,e\n"),
            "bad_utf8 at line 3");
  EXPECT_EQ(outcome(Format::chrome_csv,
                    std::string{kChromeHeader} + std::string(1025, 'n') + ",b,c,d,e\n"),
            "too_long at line 2");
  EXPECT_EQ(outcome(Format::firefox_csv, "url,username,password,timeCreated\n\na,b,c,1.5\n"),
            "bad_time at line 3");
  EXPECT_EQ(outcome(Format::chrome_csv, std::string_view{"\xFF\xFEn\0a\0", 6}),
            "bad_utf8 at line 1");
}

}  // namespace
}  // namespace holdfast::formats
