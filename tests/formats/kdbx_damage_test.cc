// What a damaged or hostile KDBX file does: a named error, no crash, no work and no memory beyond
// the limits.
#include <set>

#include "formats/gzip.h"
#include "formats/kdbx_blocks.h"
#include "formats/kdbx_fixtures.h"
#include "formats/keepass_reader.h"

namespace holdfast::formats {
namespace {

using test::build, test::le, test::Recipe;
using ::testing::HasSubstr;
using ::testing::StartsWith;

auto small(Recipe recipe) -> std::string {
  recipe.xml = file_xml(entry_xml("<String><Key>Title</Key>@P(x)@</String>"),
                        recipe.major == 3 ? "<HeaderHash>@HASH@</HeaderHash>" : "");
  return build(recipe);
}
const Recipe kOld{};
const Recipe kModern{.major = 4, .minor = 1, .kdf = "Argon2id", .stream = 3};

// The name of the error alone; "ok" if there is none.
auto name_of(const std::string& outcome) -> std::string {
  return outcome.substr(0, outcome.find(' '));
}

// What may be said of a file that was once good.
const std::set<std::string> kDamage = {"wrong_format",    "kdbx_version", "kdbx_cipher",
                                       "kdbx_kdf",        "file_corrupt", "file_key_wrong",
                                       "kdbx_kdf_costly", "bad_xml"};

void expect_damage_is_seen(const std::string& file) {
  ASSERT_EQ(opening(file), "ok");
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (const char bit : {'\x01', '\x80'}) {
      std::string damaged = file;
      damaged[at] = static_cast<char>(damaged[at] ^ bit);
      const std::string outcome = opening(damaged);
      ASSERT_TRUE(kDamage.contains(name_of(outcome))) << "byte " << at << ": " << outcome;
    }
  }
}

TEST(KdbxDamage, OfAnyByteIsSeenInVersion3) { expect_damage_is_seen(small(kOld)); }
TEST(KdbxDamage, OfAnyByteIsSeenInVersion4) { expect_damage_is_seen(small(kModern)); }
TEST(KdbxDamage, OfAnyByteIsSeenWithoutPacking) {
  expect_damage_is_seen(small({.major = 4, .minor = 0, .cipher = "ChaCha20", .packed = false}));
}

TEST(KdbxDamage, AFileCutShortAnywhereIsRefused) {
  for (const Recipe& recipe : {kOld, kModern}) {
    const std::string file = small(recipe);
    for (std::size_t size = 0; size < file.size(); ++size) {
      const std::string outcome = opening(file.substr(0, size));
      ASSERT_TRUE(kDamage.contains(name_of(outcome))) << size << ": " << outcome;
    }
    EXPECT_NE(opening(file + "x"), "ok");
    EXPECT_NE(opening(file + std::string(16, 'x')), "ok");
  }
}

TEST(KdbxDamage, OfTheHeaderOfVersion4IsNamedBeforeAnyKeyIsDerived) {
  std::string file = small(kModern);
  file[60] ^= 4;
  EXPECT_EQ(opening(file), "file_corrupt at header");
}

TEST(KdbxDamage, ABlockIsNamedByItsNumber) {
  Recipe recipe = kModern;
  std::string file = small(recipe);
  const std::size_t body = test::header_of(recipe).size() + 64;
  file[body + 36 + recipe.block_bytes + 36] ^= 1;
  EXPECT_EQ(opening(file), "file_corrupt at block 2");
}

TEST(KdbxVersions, ThatAreNotSupportedAreNamed) {
  const auto version = [](std::uint16_t major, std::uint16_t minor) {
    return opening(le(0x9AA2D903, 4) + le(0xB54BFB67, 4) + le(minor, 2) + le(major, 2) + "xxxx");
  };
  EXPECT_EQ(version(2, 20), "kdbx_version at KDBX 2.20");
  EXPECT_EQ(version(3, 2), "kdbx_version at KDBX 3.2");
  EXPECT_EQ(version(4, 2), "kdbx_version at KDBX 4.2");
  EXPECT_EQ(version(5, 0), "kdbx_version at KDBX 5.0");
  EXPECT_EQ(opening(le(0x9AA2D903, 4) + le(0xB54BFB65, 4) + std::string(100, 'x')),
            "kdbx_version at KeePass 1 (.kdb)");
  EXPECT_EQ(opening(le(0x9AA2D903, 4) + le(0xB54BFB66, 4)), "kdbx_version at KeePass 2 before 2.0");
  EXPECT_EQ(opening("not a database at all"), "wrong_format at header");
}

TEST(KdbxVersions, CiphersAndDerivationsThatAreNotSupportedAreNamed) {
  EXPECT_EQ(opening(test::header_of({.cipher = "61ab05a1946441c38d743a563df8dd35"})),
            "kdbx_cipher at AES-128");
  Recipe recipe = kModern;
  recipe.kdf = "00112233445566778899aabbccddeeff";
  EXPECT_EQ(opening(small(recipe)), "kdbx_kdf at key derivation 00112233445566778899aabbccddeeff");
  recipe = kModern;
  recipe.argon_version = 0x10;
  EXPECT_EQ(opening(small(recipe)), "kdbx_kdf at Argon2 version 1.0");
  recipe = kModern;
  recipe.stream = 1;
  EXPECT_EQ(opening(small(recipe)), "kdbx_cipher at inner header");
  recipe = kOld;
  recipe.stream = 1;
  EXPECT_EQ(opening(small(recipe)), "kdbx_cipher at inner cipher");
}

TEST(KdbxCosts, BeyondTheCeilingsAreRefusedAtOnce) {
  const auto header = [](const Recipe& recipe) {
    return opening(test::header_of(recipe) + std::string(64, 'x'));
  };
  Recipe recipe = kModern;
  recipe.argon_memory = (kKdbxArgonMemoryKibMax + 1) * 1024;
  EXPECT_EQ(header(recipe), "kdbx_kdf_costly at Argon2 memory in KiB 1048577, at most 1048576");
  recipe.argon_memory = std::uint64_t{1} << 63;
  EXPECT_THAT(header(recipe), StartsWith("kdbx_kdf_costly at Argon2 memory"));
  recipe = kModern;
  recipe.argon_passes = kKdbxArgonPassesMax + 1;
  EXPECT_EQ(header(recipe), "kdbx_kdf_costly at Argon2 passes 1001, at most 1000");
  recipe = kModern;
  recipe.argon_lanes = kKdbxArgonLanesMax + 1;
  EXPECT_EQ(header(recipe), "kdbx_kdf_costly at Argon2 lanes 65, at most 64");
  recipe = kModern;
  recipe.argon_memory = kKdbxArgonMemoryKibMax * 1024;
  recipe.argon_passes = kKdbxArgonWorkKibMax / kKdbxArgonMemoryKibMax + 1;
  EXPECT_THAT(header(recipe), StartsWith("kdbx_kdf_costly at Argon2 memory times passes"));
  recipe = kModern;
  recipe.argon_lanes = 0;
  EXPECT_EQ(header(recipe), "file_corrupt at header");
  recipe.argon_lanes = 9;  // too many for 64 KiB
  EXPECT_EQ(header(recipe), "file_corrupt at header");
  for (Recipe aes : {kOld, Recipe{.major = 4, .minor = 0}}) {
    aes.rounds = kKdbxAesRoundsMax + 1;
    EXPECT_THAT(header(aes), StartsWith("kdbx_kdf_costly at AES-KDF rounds 500000001"));
  }
}

TEST(KdbxLengths, BeyondTheFileAreRefusedBeforeAnythingIsAllocated) {
  const std::string start = le(0x9AA2D903, 4) + le(0xB54BFB67, 4);
  const std::string huge = le(std::uint64_t{1} << 30, 4);
  const std::size_t before = memory().bytes_in_use();
  EXPECT_EQ(opening(start + le(1, 2) + le(4, 2) + '\4' + huge), "file_corrupt at header");
  EXPECT_EQ(opening(start + le(1, 2) + le(4, 2) + '\4' + le(kKdbxHeaderFieldBytesMax + 1, 4) +
                    std::string(kKdbxHeaderFieldBytesMax + 1, 'x')),
            "file_corrupt at header");
  std::string many = start + le(1, 2) + le(4, 2);
  for (std::size_t i = 0; i <= kKdbxHeaderFieldsMax; ++i)
    many += static_cast<char>(i + 20) + le(0, 4);
  EXPECT_EQ(opening(many), "file_corrupt at header");
  KdbxKeys keys{secret_of(std::string(32, 'k')), secret_of(std::string(64, 'i'))};
  for (const std::uint64_t size : {std::uint64_t{1} << 30, std::uint64_t{0xFFFFFFFF}}) {
    const std::string stream = std::string(32, 't') + le(size, 4) + "short";
    EXPECT_EQ(read_tagged_blocks(base::view_of(stream), keys, memory()).error().where, "block 1");
    const std::string hashed = le(0, 4) + std::string(32, 'h') + le(size, 4) + "short";
    EXPECT_EQ(read_hashed_blocks(base::view_of(hashed), memory()).error().where, "block 1");
  }
  EXPECT_LT(memory().bytes_in_use(), before + (std::size_t{1} << 20));
}

// The part inside the encryption, as a file with a true key could have it.
auto inside(const std::string& payload) -> std::string {
  KdbxHeader header;
  header.version = {4, 1};
  const auto read = read_kdbx_payload(header, {}, secret_of(payload), kNow, memory());
  if (read) return "ok";
  return std::string{base::error_name(read.error().code)} + " at " + read.error().where;
}

TEST(KdbxLengths, InsideTheEncryptionAreCheckedToo) {
  const std::string end = '\0' + le(0, 4);
  EXPECT_EQ(inside(end + file_xml("")), "ok");
  EXPECT_EQ(inside('\3' + le(std::uint64_t{1} << 30, 4)), "file_corrupt at inner header");
  EXPECT_EQ(inside('\3' + le(0, 4) + end), "file_corrupt at inner header");
  EXPECT_EQ(inside('\1' + le(3, 4) + "xxx" + end), "file_corrupt at inner header");
  EXPECT_EQ(inside(""), "file_corrupt at inner header");
  std::string many;
  for (std::size_t i = 0; i < kInnerFieldsMax; ++i) many += '\x7f' + le(0, 4);
  EXPECT_EQ(inside(many + end + file_xml("")), "capacity_exceeded at inner header");
}

TEST(KdbxBombs, AreRefusedByRatioAndBySize) {
  const auto unpack = [](const std::string& packed, std::size_t most) -> std::string {
    const auto out = gzip_unpack(base::view_of(packed), most, memory());
    return out ? std::to_string(out->size()) : std::string{base::error_name(out.error())};
  };
  const std::string free_zeros = test::gzip(std::string(kUnpackFreeBytes, '\0'));
  EXPECT_EQ(unpack(free_zeros, kUnpackedBytesMax), std::to_string(kUnpackFreeBytes));
  EXPECT_EQ(unpack(free_zeros, kUnpackFreeBytes), std::to_string(kUnpackFreeBytes));
  EXPECT_EQ(unpack(free_zeros, kUnpackFreeBytes - 1), "unpacks_too_large");
  std::string bomb = test::gzip(std::string(kUnpackFreeBytes + 1, '\0'));
  EXPECT_EQ(unpack(bomb, kUnpackedBytesMax), "unpacks_too_large");
  std::string lying = bomb;  // the length it states is not believed
  for (std::size_t i = 1; i <= 4; ++i) lying[lying.size() - i] = '\0';
  EXPECT_EQ(unpack(lying, kUnpackedBytesMax), "unpacks_too_large");
  EXPECT_EQ(unpack(bomb.substr(0, 1000), kUnpackedBytesMax), "file_corrupt");
  EXPECT_EQ(unpack(test::gzip("x") + "y", kUnpackedBytesMax), "file_corrupt");
  EXPECT_EQ(unpack("not gzip", kUnpackedBytesMax), "file_corrupt");
  EXPECT_EQ(unpack("", kUnpackedBytesMax), "file_corrupt");
  Recipe recipe = kModern;
  recipe.xml = file_xml(entry_xml(string_xml("Title", std::string(40 << 20, 'a'))));
  recipe.block_bytes = 1 << 20;
  EXPECT_EQ(opening(build(recipe)), "unpacks_too_large at packed content");
}

TEST(KdbxBombs, InPackedAttachmentsShareOneBound) {
  const std::string packed = test::base64(test::gzip(std::string(kUnpackFreeBytes + 1, '\0')));
  EXPECT_EQ(
      outcome(Format::keepass_xml, file_xml("", "<Binaries><Binary ID=\"0\" Compressed=\"True\">" +
                                                    packed + "</Binary></Binaries>")),
      "unpacks_too_large at line 2");
}

TEST(KdbxBombs, OneAttachmentInManyEntriesIsBounded) {
  const std::string content = test::base64(std::string(1 << 20, 'a'));
  std::string entries;
  std::string binary = "<Binary><Key>a</Key><Value Ref=\"0\"/></Binary>";
  for (std::size_t i = 0; i <= kKeePassAttachmentBytesMax >> 20; ++i)
    entries += entry_xml(binary + "<Tags>" + std::to_string(i) + "</Tags>");
  EXPECT_EQ(outcome(Format::keepass_xml, file_xml(entries, "<Binaries><Binary ID=\"0\">" + content +
                                                               "</Binary></Binaries>")),
            "file_too_large at entry 513");
}

auto nested(std::size_t groups) -> std::string {
  std::string xml;
  for (std::size_t i = 0; i < groups; ++i) xml += "<Group><Name>g</Name>";
  xml += entry_xml(string_xml("Title", "deep"));
  for (std::size_t i = 0; i < groups; ++i) xml += "</Group>";
  return file_xml(xml);
}

TEST(KeePassGroups, NestedBeyondTheLimitAreRefused) {
  const auto deepest = parse_keepass(nested(kFolderDepthMax));
  ASSERT_TRUE(deepest) << deepest.error().text();
  EXPECT_EQ(deepest->entries.at(0).folder.size(), kFolderDepthMax);
  EXPECT_THAT(outcome(Format::keepass_xml, nested(kFolderDepthMax + 1)),
              StartsWith("groups_too_deep at "));
  EXPECT_EQ(outcome(Format::keepass_xml, nested(10'000)), "groups_too_deep at line 2");
  EXPECT_THAT(std::string{base::error_text(base::Error::groups_too_deep)},
              HasSubstr(std::to_string(kFolderDepthMax)));
}

TEST(KdbxErrors, SayWhatToDoAndHoldNoValue) {
  for (const base::Error error :
       {base::Error::file_key_missing, base::Error::file_key_wrong, base::Error::file_corrupt,
        base::Error::kdbx_version, base::Error::kdbx_cipher, base::Error::kdbx_kdf,
        base::Error::kdbx_kdf_costly, base::Error::unpacks_too_large, base::Error::bad_xml,
        base::Error::xml_doctype, base::Error::groups_too_deep, base::Error::bad_key_file,
        base::Error::new_file_key_needed})
    EXPECT_THAT(std::string{base::error_text(error)}, HasSubstr("; ")) << base::error_name(error);
  const auto failed =
      parse_keepass(file_xml(entry_xml("<Times><CreationTime>sw0rdfish</CreationTime></Times>")));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().where, "entry 1");
  EXPECT_THAT(failed.error().text(), ::testing::Not(HasSubstr("sw0rdfish")));
}

}  // namespace
}  // namespace holdfast::formats
