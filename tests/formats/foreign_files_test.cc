// Exports of other programs, kept outside of the repository (environment variable
// HOLDFAST_VECTORS), and made-up ones of any size.
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "formats/fixtures.h"
#include "formats/synthetic.h"

namespace holdfast::formats {
namespace {

auto read_vector(std::string_view name) -> std::optional<std::string> {
  const char* named = std::getenv("HOLDFAST_VECTORS");
  const std::filesystem::path directory = named != nullptr ? named : HOLDFAST_VECTORS_DEFAULT;
  std::ifstream in{directory / "import-buttercup" / name, std::ios::binary};
  if (!in) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>{in}, {}};
}
#define FOREIGN_FILE(name, file)                                                             \
  const auto name##_found = read_vector(file);                                               \
  if (!name##_found)                                                                         \
    GTEST_SKIP() << "no " << (file) << "; set HOLDFAST_VECTORS to the directory of vectors"; \
  const std::string& name = *name##_found

TEST(ForeignFiles, AnOldBitwardenExportIsRead) {
  FOREIGN_FILE(file, "bitwarden.json");
  EXPECT_EQ(guess_format(base::view_of(file)), Format::bitwarden_json);
  const auto parsed = parse(Format::bitwarden_json, file);
  ASSERT_TRUE(parsed) << parsed.error().text();
  ASSERT_EQ(parsed->entries.size(), 5u);
  EXPECT_EQ(peek(parsed->entries[0].secret.label), "Item without any info");
  EXPECT_EQ(parsed->entries[0].secret.kind, model::Kind::note);
  EXPECT_EQ(peek(parsed->entries[1].secret.password), "password1");
  EXPECT_EQ(peek(parsed->entries[1].folder.at(0)), "FooBar");
  EXPECT_EQ(peek(parsed->entries[2].secret.urls.at(0)), "https://example.org");
  EXPECT_EQ(peek(parsed->entries[3].secret.notes), "This is a note");
  EXPECT_EQ(peek(parsed->entries[4].secret.fields.at(1).value), "value2");
  EXPECT_EQ(again(Format::bitwarden_json, *parsed), dump(*parsed));
}

TEST(ForeignFiles, AChromeListIsRead) {
  FOREIGN_FILE(file, "chrome_pass.csv");
  EXPECT_EQ(guess_format(base::view_of(file)), Format::chrome_csv);
  const auto parsed = parse(Format::chrome_csv, file);
  ASSERT_TRUE(parsed) << parsed.error().text();
  ASSERT_EQ(parsed->entries.size(), 9u);
  EXPECT_EQ(peek(parsed->entries[0].secret.password), "qwerty123");
  EXPECT_EQ(peek(parsed->entries[8].secret.password), "qwerty131");
  EXPECT_EQ(again(Format::chrome_csv, *parsed), dump(*parsed));
}

TEST(ForeignFiles, ALastPassListIsRead) {
  FOREIGN_FILE(file, "lastpass.csv");
  EXPECT_EQ(guess_format(base::view_of(file)), Format::lastpass_csv);
  const auto parsed = parse(Format::lastpass_csv, file);
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_FALSE(parsed->entries.empty());
  EXPECT_EQ(again(Format::lastpass_csv, *parsed), dump(*parsed));
}

TEST(Synthetic, TheSameNumbersGiveTheSameBytes) {
  const auto one = synthetic_bitwarden_json(50, 7, memory());
  const auto same = synthetic_bitwarden_json(50, 7, memory());
  const auto other = synthetic_bitwarden_json(50, 8, memory());
  ASSERT_TRUE(one && same && other);
  EXPECT_EQ(peek(*one), peek(*same));
  EXPECT_NE(peek(*one), peek(*other));
}

TEST(Synthetic, HoldsEveryKindAndRoundTripsInBothCompleteFormats) {
  const auto file = synthetic_bitwarden_json(500, 1, memory());
  ASSERT_TRUE(file);
  const auto parsed = parse(Format::bitwarden_json, peek(*file));
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(parsed->counts.entries, 500u);
  EXPECT_EQ(parsed->counts.folders, 8u);
  EXPECT_GT(parsed->counts.totps, 20u);
  EXPECT_GT(parsed->counts.history, 10u);
  EXPECT_GT(parsed->counts.fields, 50u);
  std::array<int, model::kKinds> kinds{};
  for (const auto& entry : parsed->entries) ++kinds.at(std::to_underlying(entry.secret.kind));
  for (int kind = 0; kind < 5; ++kind) EXPECT_GT(kinds.at(static_cast<std::size_t>(kind)), 0);
  EXPECT_EQ(again(Format::holdfast_json, *parsed), dump(*parsed));
  const auto second =
      parse(Format::bitwarden_json, written(Format::bitwarden_json, for_export(*parsed)));
  ASSERT_TRUE(second) << second.error().text();
  EXPECT_EQ(second->counts, parsed->counts);
  for (const auto& entry : parsed->entries) {
    for (const auto& state : entry.history) ASSERT_TRUE(model::encode(state, memory()));
    ASSERT_TRUE(model::encode(entry.secret, memory()));
  }
  EXPECT_EQ(synthetic_bitwarden_json(kImportEntriesMax + 1, 1, memory()).error(),
            base::Error::capacity_exceeded);
}

}  // namespace
}  // namespace holdfast::formats
