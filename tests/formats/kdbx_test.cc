#include "formats/kdbx.h"

#include "formats/kdbx_fixtures.h"

namespace holdfast::formats {
namespace {

using test::build, test::Recipe;

constexpr std::string_view kSmall =
    "<String><Key>Title</Key><Value>Mail</Value></String>"
    "<String><Key>Password</Key>@P(p&ss <w>)@</String>"
    "<String><Key>PIN</Key>@P(1234)@</String>";

auto small_file(Recipe recipe) -> std::string {
  const bool hash = recipe.major == 3 && recipe.minor == 1;
  recipe.xml = file_xml(entry_xml(kSmall), hash ? "<HeaderHash>@HASH@</HeaderHash>" : "");
  return build(recipe);
}

auto describe(const base::Detailed<Imported>& read) -> std::string {
  if (!read) return read.error().text();
  const model::Secret& secret = read->entries.at(0).secret;
  std::string text{peek(secret.label)};
  text += "/" + std::string{peek(secret.password)};
  for (const auto& field : secret.fields)
    text += "/" + std::string{peek(field.name)} + "=" + std::string{peek(field.value)} +
            (field.is_protected ? "!" : "");
  return text;
}
constexpr std::string_view kExpected = "Mail/p&ss <w>/PIN=1234!";

TEST(Kdbx, ReadsVersion3WithEveryCipherStreamAndPacking) {
  for (const char* cipher : {"AES-256", "Twofish", "ChaCha20"})
    for (const std::uint32_t stream : {0U, 2U, 3U})
      for (const bool packed : {false, true}) {
        SCOPED_TRACE(std::string{cipher} + " stream " + std::to_string(stream));
        const std::string file = small_file({.cipher = cipher, .stream = stream, .packed = packed});
        EXPECT_EQ(guess_format(base::view_of(file)), Format::kdbx);
        EXPECT_EQ(describe(opened(file)), kExpected);
      }
  EXPECT_EQ(describe(opened(small_file({.minor = 0}))), kExpected);
}

TEST(Kdbx, ReadsVersion4WithEveryCipherStreamAndDerivation) {
  for (const std::uint16_t minor : {std::uint16_t{0}, std::uint16_t{1}})
    for (const char* cipher : {"AES-256", "Twofish", "ChaCha20"})
      for (const char* kdf : {"AES", "Argon2d", "Argon2id"})
        for (const std::uint32_t stream : {0U, 2U, 3U}) {
          SCOPED_TRACE(std::string{cipher} + " " + kdf + " stream " + std::to_string(stream));
          const std::string file = small_file({.major = 4,
                                               .minor = minor,
                                               .cipher = cipher,
                                               .kdf = kdf,
                                               .stream = stream,
                                               .packed = stream != 2});
          EXPECT_EQ(describe(opened(file)), kExpected);
        }
}

TEST(Kdbx, ReadsBackWhatItWroteWithEitherCipher) {
  const auto secret = full_secret();
  std::vector<ExportEntry> entries(1);
  entries[0].secret = &secret;
  entries[0].id = "000102030405060708090a0b0c0d0e0f";
  auto expected = secret.clone();
  expected.sources.push_back({secret_of("kdbx"), secret_of(entries[0].id)});
  for (const KdbxCipher cipher : {KdbxCipher::chacha20, KdbxCipher::aes_256}) {
    FileSeal seal = usual_seal();
    seal.cipher = cipher;
    const auto read = opened(sealed(entries, seal));
    ASSERT_TRUE(read) << read.error().text();
    ASSERT_EQ(read->entries.size(), 1u);
    EXPECT_EQ(dump(read->entries[0].secret), dump(expected));
  }
}

TEST(Kdbx, WritesVersion41AndNoPlaintext) {
  const auto secret = full_secret();
  std::vector<ExportEntry> entries(1);
  entries[0].secret = &secret;
  const std::string file = sealed(entries);
  const auto header = read_kdbx_header(base::view_of(file));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->version, (KdbxVersion{4, 1}));
  EXPECT_TRUE(header->packed);
  EXPECT_EQ(std::get<ArgonKdf>(header->kdf).params, kCheapKdf);
  EXPECT_EQ(std::get<ArgonKdf>(header->kdf).type, crypto::Argon2Type::id);
  for (const char* text : {"ann", "one.example", "KeePassFile"})
    EXPECT_FALSE(file.contains(text)) << text;
  FileSeal other = usual_seal();
  other.random = filler(2);
  EXPECT_NE(sealed(entries, other), file);
}

TEST(Kdbx, AsksMuchOfTheKeyUnlessToldOtherwise) {
  EXPECT_EQ(FileSeal{}.kdf, (crypto::Argon2Params{.memory_kib = 65536, .passes = 3, .lanes = 1}));
}

TEST(Kdbx, IsNotWrittenWithoutAKeyOrRandomBytes) {
  FileSeal seal = usual_seal();
  seal.key = {};
  EXPECT_THAT(sealed({}, seal), ::testing::HasSubstr("give the new file a passphrase"));
  seal = usual_seal();
  seal.random = nullptr;
  EXPECT_THAT(sealed({}, seal), ::testing::HasSubstr("error"));
  seal = usual_seal();
  seal.cipher = KdbxCipher::twofish;
  EXPECT_THAT(sealed({}, seal), ::testing::HasSubstr("error Twofish"));
  EXPECT_THAT(written(Format::kdbx, {}), ::testing::HasSubstr("error"));
  EXPECT_EQ(opening(sealed({})), "ok");
}

TEST(KdbxKey, MayBeAPassphraseAKeyFileOrBoth) {
  const std::string component(32, 'k');
  const auto key_file = secret_of(component);
  for (const std::uint16_t major : {std::uint16_t{3}, std::uint16_t{4}}) {
    const std::uint16_t minor = major == 3 ? 1 : 0;
    const FileKey both{.passphrase = &passphrase(), .key_component = &key_file};
    const FileKey only_file{.key_component = &key_file};
    const std::string with_both =
        small_file({.major = major, .minor = minor, .key_component = component});
    const std::string with_file = small_file(
        {.major = major, .minor = minor, .passphrase = std::nullopt, .key_component = component});
    EXPECT_EQ(describe(opened(with_both, both)), kExpected);
    EXPECT_EQ(describe(opened(with_file, only_file)), kExpected);
    EXPECT_EQ(opening(with_both), "file_key_wrong");
    EXPECT_EQ(opening(with_both, only_file), "file_key_wrong");
    EXPECT_EQ(opening(with_file, both), "file_key_wrong");
    EXPECT_EQ(opening(with_file, {}), "file_key_missing");
    FileSeal seal = usual_seal();
    seal.key = only_file;
    EXPECT_EQ(opening(sealed({}, seal), only_file), "ok");
    EXPECT_EQ(opening(sealed({}, seal)), "file_key_wrong");
  }
}

TEST(KdbxKey, AnEmptyPassphraseIsOne) {
  const auto empty = secret_of("");
  const std::string file = small_file({.passphrase = ""});
  EXPECT_EQ(describe(opened(file, {.passphrase = &empty})), kExpected);
  EXPECT_EQ(opening(file), "file_key_wrong");
}

TEST(KdbxKey, AWrongOneIsToldFromADamagedFile) {
  const auto wrong = secret_of("incorrect horse");
  const std::string old = small_file({});
  const std::string modern = small_file({.major = 4, .minor = 0, .kdf = "Argon2d"});
  EXPECT_EQ(opening(old, {.passphrase = &wrong}), "file_key_wrong");
  EXPECT_EQ(opening(modern, {.passphrase = &wrong}), "file_key_wrong");
  std::string damaged = modern;
  damaged[modern.find("\xD9\xA2\x9A") + 40] ^= 1;  // somewhere in the header
  EXPECT_EQ(opening(damaged, {.passphrase = &wrong}), "file_corrupt at header");
}

TEST(KdbxKey, FilesOfEveryKindGiveTheirComponent) {
  const auto component = [](std::string_view file) -> std::string {
    const auto made = key_file_component(base::view_of(file), memory());
    if (!made) return std::string{base::error_name(made.error())};
    return base::to_hex(base::view_of(peek(*made)));
  };
  std::string raw;
  for (int i = 0; i < 32; ++i) raw += static_cast<char>(i * 5 + 3);
  const std::string hex = base::to_hex(base::view_of(raw));
  std::string upper = hex;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(component(raw), hex);
  EXPECT_EQ(component(hex), hex);
  EXPECT_EQ(component(upper), hex);
  const auto xml = [](std::string_view version, std::string_view data) {
    return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<KeyFile><Meta><Version>" +
           std::string{version} + "</Version></Meta><Key>" + std::string{data} + "</Key></KeyFile>";
  };
  EXPECT_EQ(component(xml("1.00", "<Data>" + test::base64(raw) + "</Data>")), hex);
  const std::string check = base::to_hex(base::view_of(test::sha256(raw)).first(4));
  std::string grouped;
  for (std::size_t i = 0; i < 64; i += 8) grouped += "\n\t" + upper.substr(i, 8) + " ";
  EXPECT_EQ(component(xml("2.0", "<Data Hash=\"" + check + "\">" + grouped + "</Data>")), hex);
  EXPECT_EQ(component(xml("2.0", "<Data Hash=\"00000000\">" + grouped + "</Data>")),
            "bad_key_file");
  EXPECT_EQ(component(xml("2.0", "<Data>" + grouped + "</Data>")), "bad_key_file");
  EXPECT_EQ(component(xml("3.0", "<Data>x</Data>")), "bad_key_file");
  EXPECT_EQ(component(xml("1.0", "<Data>AAAA</Data>")), "bad_key_file");
  for (const std::string& other : {std::string{"any file"}, std::string{}, std::string(64, 'g'),
                                   std::string{"<KeyFile"}, std::string{"<other/>"}})
    EXPECT_EQ(component(other), base::to_hex(base::view_of(test::sha256(other))));
  EXPECT_EQ(component(std::string(kKeyFileBytesMax + 1, 'x')), "bad_key_file");
}

}  // namespace
}  // namespace holdfast::formats
