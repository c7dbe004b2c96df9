#include "formats/bitwarden_encrypted.h"

#include <regex>

#include "formats/fixtures.h"

namespace holdfast::formats {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Format kFormat = Format::bitwarden_encrypted_json;

// tests/cli/bitwarden_test.py reads and writes such files with an implementation of its own.
class BitwardenEncrypted : public testing::Test {
 protected:
  auto file() -> std::string {
    const model::Secret secret = full_secret();
    std::vector<ExportEntry> entries(1);
    entries[0].secret = &secret;
    const FileSeal seal{.key = {.passphrase = &password_},
                        .random = [this](std::span<std::uint8_t> out) {
                          for (std::uint8_t& byte : out)
                            byte = static_cast<std::uint8_t>(drawn_++ * 167 + 13);
                        }};
    const auto out = write_export(kFormat, entries, memory(), seal);
    return out ? std::string{peek(*out)} : "error " + out.error().text();
  }
  auto opening(std::string_view text, const FileKey& key) -> std::string {
    const auto read = parse_import(kFormat, base::view_of(text), kNow, memory(), key);
    if (read) return "ok";
    const std::string name{base::error_name(read.error().code)};
    return read.error().where.empty() ? name : name + " at " + read.error().where;
  }
  auto opening(std::string_view text) -> std::string {
    return opening(text, {.passphrase = &password_});
  }
  // With another value for a number, which is never `from` elsewhere.
  static auto with(std::string text, std::string_view name, std::string_view value) -> std::string {
    return std::regex_replace(text, std::regex{'"' + std::string{name} + "\":[0-9]+"},
                              '"' + std::string{name} + "\":" + std::string{value});
  }
  base::SecretBytes password_ = secret_text("pässword", memory());
  base::SecretBytes other_ = secret_text("other", memory());
  std::uint64_t drawn_ = 0;
};

TEST_F(BitwardenEncrypted, ReadsBackWhatThePlainFormatHolds) {
  const model::Secret secret = full_secret();
  std::vector<ExportEntry> entries(1);
  entries[0].secret = &secret;
  const auto plain = parse(Format::bitwarden_json, written(Format::bitwarden_json, entries));
  ASSERT_TRUE(plain);
  const std::string sealed = file();
  EXPECT_THAT(sealed, Not(HasSubstr("ann")));
  EXPECT_EQ(guess_format(base::view_of(sealed)), kFormat);
  const auto read =
      parse_import(kFormat, base::view_of(sealed), kNow, memory(), {.passphrase = &password_});
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(dump(*read), dump(*plain));
  EXPECT_EQ(export_losses(kFormat, entries), export_losses(Format::bitwarden_json, entries));
}

TEST_F(BitwardenEncrypted, OpensWithItsPasswordAlone) {
  const std::string text = file();
  const auto component = secret_text(std::string(kKeyComponentBytes, 'k'), memory());
  EXPECT_EQ(opening(text), "ok");
  EXPECT_THAT(opening(text, {.passphrase = &other_}), HasSubstr("file_key_wrong"));
  EXPECT_EQ(opening(text, {}), "file_key_missing");
  EXPECT_EQ(opening(text, {.passphrase = &password_, .key_component = &component}),
            "password_needed");
}

TEST_F(BitwardenEncrypted, TellsDamageAndOtherFormsApart) {
  std::string text = file();
  text[text.size() - 10] = text[text.size() - 10] == 'A' ? 'B' : 'A';  // in the tag of the data
  EXPECT_EQ(opening(text), "file_corrupt at data");
  EXPECT_EQ(opening(R"({"encrypted":true,"data":"x"})"), "encrypted_with_account_key");
  EXPECT_EQ(opening(R"({"encrypted":false,"items":[]})"), "wrong_format");
  EXPECT_THAT(opening(std::regex_replace(file(), std::regex{"\"2\\."}, "\"4.")),
              HasSubstr("file_corrupt"));
}

TEST_F(BitwardenEncrypted, RefusesACostlyKeyBeforeAnyWork) {
  const std::string text = file();
  EXPECT_EQ(opening(with(text, "kdfType", "2")), "bad_entry at kdfType");
  EXPECT_EQ(opening(with(text, "kdfIterations", "0")), "bad_entry at kdfIterations");
  EXPECT_EQ(opening(with(text, "kdfIterations", "101")), "kdf_above_ceiling at kdfIterations");
  EXPECT_EQ(opening(with(text, "kdfMemory", "1025")), "kdf_above_ceiling at kdfMemory");
  EXPECT_EQ(opening(with(with(text, "kdfMemory", "1024"), "kdfIterations", "33")),
            "kdf_above_ceiling at kdfIterations");
  EXPECT_EQ(opening(with(text, "kdfParallelism", "17")), "kdf_above_ceiling at kdfParallelism");
  EXPECT_EQ(opening(with(with(text, "kdfType", "0"), "kdfIterations", "10000001")),
            "kdf_above_ceiling at kdfIterations");
  const std::string salt(kBitwardenSaltBytesMax + 1, 's');
  EXPECT_EQ(opening(std::regex_replace(text, std::regex{"\"salt\":\"[^\"]*\""},
                                       "\"salt\":\"" + salt + "\"")),
            "too_long at salt");
}

}  // namespace
}  // namespace holdfast::formats
