#include "formats/holdfast_file.h"

#include "codec/cbor_writer.h"
#include "formats/fixtures.h"
#include "model/state.h"

namespace holdfast::formats {
namespace {

using ::testing::HasSubstr;

constexpr Format kFormat = Format::holdfast;
constexpr std::string_view kId = "00112233445566778899aabbccddeeff";

class HoldfastFile : public testing::Test {
 protected:
  auto seal(const base::SecretBytes* passphrase, const base::SecretBytes* component = nullptr)
      -> FileSeal {
    return {.key = {.passphrase = passphrase, .key_component = component},
            .random = [this](std::span<std::uint8_t> out) {  // a counter: no two draws are equal
              for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(drawn_++ * 167 + 13);
            }};
  }
  auto sealed(std::string_view content) -> std::string {
    const auto file =
        seal_holdfast_file(secret_text(content, memory()), seal(&passphrase_), memory());
    return file ? std::string{peek(*file)} : "error " + file.error().text();
  }
  auto opened(std::string_view file, const FileKey& key) -> std::string {
    const auto content = open_holdfast_file(base::view_of(file), key, memory());
    if (content) return std::string{peek(*content)};
    return std::string{base::error_name(content.error().code)};
  }
  auto opened(std::string_view file) -> std::string {
    return opened(file, {.passphrase = &passphrase_});
  }
  auto read_back(const std::vector<ExportEntry>& entries,
                 const std::vector<FolderPath>& folders = {}) -> Imported {
    const auto file = write_export(kFormat, entries, memory(), seal(&passphrase_), folders);
    EXPECT_TRUE(file) << file.error().text();
    EXPECT_EQ(guess_format(base::view_of(peek(*file))), kFormat);
    auto read = parse_import(kFormat, base::view_of(peek(*file)), kNow, memory(),
                             {.passphrase = &passphrase_});
    EXPECT_TRUE(read) << read.error().text();
    return *std::move(read);
  }
  static auto named(std::string_view label) -> model::Secret {
    model::Secret secret{memory()};
    secret.label = secret_text(label, memory());
    return secret;
  }
  static auto folder(std::initializer_list<std::string_view> names) -> FolderPath {
    FolderPath path;
    for (const auto name : names) path.push_back(secret_text(name, memory()));
    return path;
  }
  base::SecretBytes passphrase_ = secret_text("correct horse", memory());
  base::SecretBytes other_ = secret_text("correct hors", memory());
  std::uint64_t drawn_ = 0;
};

TEST_F(HoldfastFile, HoldsEveryFieldHistoryDeletionAndFolder) {
  const model::Secret full = full_secret(), old = named("old");
  std::vector<ExportEntry> entries(2);
  entries[0].secret = &full;
  entries[0].history = {&old, &full};
  entries[0].id = kId;
  entries[0].folder = folder({"Work/s", ""});
  entries[1].secret = &old;
  entries[1].deleted = true;
  std::vector<FolderPath> folders;
  folders.push_back(folder({"Empty", "Inside"}));
  const Imported read = read_back(entries, folders);
  ASSERT_EQ(read.entries.size(), 2u);
  EXPECT_EQ(dump(read.entries[0]), dump(full) + " folder <Work/s>\n folder <>\n id " +
                                       std::string{kId} + "\n before: " + dump(old) +
                                       " before: " + dump(full));
  EXPECT_EQ(dump(read.entries[1]), dump(old) + " deleted\n");
  EXPECT_TRUE(read.entries[0].shape.empty() && read.entries[1].shape.empty());
  EXPECT_EQ(read.folders.size(), 2u);
  EXPECT_TRUE(export_losses(kFormat, entries).empty());
}

TEST_F(HoldfastFile, KeepsTheShapeOfAHistoryThatIsNoLine) {
  const model::Secret a = named("a"), b = named("b"), c = named("c");
  std::vector<ExportEntry> entries(2);
  entries[0].secret = &c;  // a, then b and c beside each other: a conflict
  entries[0].history = {&a, &b};
  entries[0].shape = {{}, {.parents = {0}}, {.parents = {0}}};
  entries[1].secret = &b;  // a, deleted, b, beside it deleted again
  entries[1].history = {&a};
  entries[1].shape = {{},
                      {.parents = {0}, .deletes = true},
                      {.parents = {1}},
                      {.parents = {1, 2}, .deletes = true}};
  const Imported read = read_back(entries);
  for (const std::size_t i : {0U, 1U}) EXPECT_EQ(read.entries[i].shape, entries[i].shape);
  EXPECT_FALSE(read.entries[0].deleted);
  EXPECT_TRUE(read.entries[1].deleted);
  EXPECT_EQ(peek(read.entries[0].history.at(1).label), "b");
  EXPECT_EQ(peek(read.entries[1].secret.label), "b");
}

TEST_F(HoldfastFile, OpensWithItsPassphraseAndKeyFileAlone) {
  const auto component = secret_text(std::string(kKeyComponentBytes, 'k'), memory());
  const std::string one = sealed("content");
  EXPECT_EQ(opened(one), "content");
  EXPECT_EQ(opened(one, {.passphrase = &other_}), "file_key_wrong");
  EXPECT_EQ(opened(one, {.passphrase = &passphrase_, .key_component = &component}),
            "file_key_wrong");
  EXPECT_EQ(opened(one, {}), "file_key_missing");
  const auto both = seal_holdfast_file(secret_text("content", memory()),
                                       seal(&passphrase_, &component), memory());
  ASSERT_TRUE(both);
  EXPECT_EQ(opened(peek(*both), {.passphrase = &passphrase_, .key_component = &component}),
            "content");
  EXPECT_EQ(opened(peek(*both)), "file_key_wrong");
  const auto none = seal_holdfast_file(secret_text("content", memory()), seal(nullptr), memory());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, base::Error::new_file_key_needed);
  EXPECT_EQ(one.find("content"), std::string::npos);
}

TEST_F(HoldfastFile, TakesContentOfSeveralChunks) {
  for (const std::size_t size : {std::size_t{0}, kHoldfastChunkBytes - 1, kHoldfastChunkBytes,
                                 2 * kHoldfastChunkBytes + 5}) {
    const std::string content(size, 'x');
    EXPECT_EQ(opened(sealed(content)), content) << size;
  }
}

TEST_F(HoldfastFile, NoticesDamageAnywhere) {
  const std::string file = sealed("content");
  ASSERT_LT(file.size(), 300u);
  for (std::size_t at = 0; at < file.size(); ++at) {
    std::string bad = file;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_NE(opened(bad), "content") << at;
  }
  EXPECT_EQ(opened(file.substr(0, file.size() - 1)), "file_corrupt");
  EXPECT_EQ(opened(file + "x"), "file_corrupt");
  EXPECT_EQ(opened(""), "wrong_format");
  EXPECT_EQ(opened("HFEXPORT"), "file_corrupt");
}

// A file with this head in front of no chunk at all.
auto with_head(std::uint64_t version, std::uint64_t suite, crypto::Argon2Params kdf,
               std::uint64_t bytes = 7) -> std::string {
  base::Bytes head;
  codec::Writer out{head};
  out.array(6);
  out.uint(version);
  out.uint(suite);
  out.array(3);
  out.uint(kdf.memory_kib);
  out.uint(kdf.passes);
  out.uint(kdf.lanes);
  out.bytes(base::Bytes(32));
  out.bytes(base::Bytes(32));
  out.uint(bytes);
  base::Bytes file;
  codec::Writer whole{file};
  whole.raw(base::view_of(kHoldfastMagic));
  whole.array(2);
  whole.bytes(head);
  whole.array(0);
  return std::string{base::text_of(file)};
}

TEST_F(HoldfastFile, RefusesWhatIsTooNewTooWeakOrTooCostlyBeforeAnyWork) {
  constexpr crypto::Argon2Params kFloor = crypto::kArgon2Floor;
  EXPECT_EQ(opened(with_head(1, 1, kFloor)), "file_key_wrong");
  EXPECT_EQ(opened(with_head(2, 1, kFloor)), "unsupported_version");
  EXPECT_EQ(opened(with_head(1, 2, kFloor)), "unsupported_suite");
  EXPECT_EQ(opened(with_head(1, 1, {.memory_kib = 1024, .passes = 3, .lanes = 1})),
            "kdf_below_floor");
  EXPECT_EQ(opened(with_head(1, 1, {.memory_kib = 64 * 1024, .passes = 1, .lanes = 1})),
            "kdf_below_floor");
  EXPECT_EQ(opened(with_head(
                1, 1, {.memory_kib = kHoldfastKdfMemoryKibMax + 1, .passes = 1, .lanes = 1})),
            "kdf_above_ceiling");
  EXPECT_EQ(
      opened(with_head(1, 1, {.memory_kib = kHoldfastKdfMemoryKibMax, .passes = 65, .lanes = 1})),
      "kdf_above_ceiling");
  EXPECT_EQ(opened(with_head(1, 1, kFloor, kImportBytesMax + 1)), "file_corrupt");
}

TEST_F(HoldfastFile, LowersACostThatNobodyWouldOpen) {
  FileSeal costly = seal(&passphrase_);
  costly.kdf = {.memory_kib = 64 * 1024, .passes = 3, .lanes = 1};
  const auto file = seal_holdfast_file(secret_text("x", memory()), costly, memory());
  ASSERT_TRUE(file);
  EXPECT_EQ(opened(peek(*file)), "x");
}

auto content_outcome(const base::Bytes& content) -> std::string {
  const auto read = decode_holdfast_content(content, memory());
  if (read) return "ok";
  const std::string name{base::error_name(read.error().code)};
  return read.error().where.empty() ? name : name + " at " + read.error().where;
}

// One entry whose versions `write` gives.
auto with_versions(std::size_t versions, const std::function<void(codec::Writer&)>& write)
    -> std::string {
  base::Bytes content;
  codec::Writer out{content};
  out.array(3);
  out.uint(1);
  out.array(0);
  out.array(1);
  out.array(3);
  out.null();
  out.array(0);
  out.array(versions);
  write(out);
  return content_outcome(content);
}

void put_node(codec::Writer& out, std::initializer_list<std::uint64_t> parents, bool deletes) {
  out.array(2);
  out.array(parents.size());
  for (const auto parent : parents) out.uint(parent);
  if (deletes) return out.null();
  const model::Secret secret{memory()};
  const auto encoded = model::encode(secret, memory());
  out.bytes(base::view_of(peek(*encoded)));
}

TEST(HoldfastContent, RefusesHistoriesThatCannotBe) {
  const auto shape = [](std::initializer_list<std::pair<std::vector<std::uint64_t>, bool>> nodes) {
    return with_versions(nodes.size(), [&](codec::Writer& out) {
      for (const auto& [parents, deletes] : nodes) {
        out.array(2);
        out.array(parents.size());
        for (const auto parent : parents) out.uint(parent);
        if (deletes) {
          out.null();
          continue;
        }
        const model::Secret secret{memory()};
        out.bytes(base::view_of(peek(*model::encode(secret, memory()))));
      }
    });
  };
  EXPECT_EQ(shape({{{}, false}, {{0}, false}}), "ok");
  EXPECT_EQ(shape({}), "bad_entry at entry 1");
  EXPECT_EQ(shape({{{}, true}}), "bad_entry at entry 1");    // begins with a deletion
  EXPECT_EQ(shape({{{0}, false}}), "bad_entry at entry 1");  // made from itself
  EXPECT_EQ(shape({{{}, false}, {{}, false}}), "bad_entry at entry 1");
  EXPECT_EQ(shape({{{}, false}, {{1}, false}}), "out_of_range at entry 1");
  EXPECT_EQ(shape({{{}, false}, {{0}, false}, {{1, 0}, false}}), "unsorted_keys at entry 1");
}

TEST(HoldfastContent, RefusesMoreThanItsLimits) {
  const auto node = [](codec::Writer& out, std::size_t i) {
    if (i == 0) {
      put_node(out, {}, false);
    } else {
      put_node(out, {i - 1}, true);
    }
  };
  const auto with_nodes = [&](std::size_t count) {
    return with_versions(count, [&](codec::Writer& out) {
      for (std::size_t i = 0; i < count; ++i) node(out, i);
    });
  };
  EXPECT_EQ(with_nodes(model::kVersionNodesMax + 1), "ok");
  EXPECT_EQ(with_nodes(model::kVersionNodesMax + 2), "too_long at entry 1");
  base::Bytes content;
  codec::Writer out{content};
  out.array(3);
  out.uint(2);
  EXPECT_EQ(content_outcome(content), "truncated");  // a count the file has no room for
  content.push_back(0x80);
  content.push_back(0x80);
  EXPECT_EQ(content_outcome(content), "unsupported_version");
}

TEST(HoldfastContent, SaysWhatIsWrongWithoutAValue) {
  base::Bytes content;
  codec::Writer out{content};
  out.array(3);
  out.uint(1);
  out.array(0);
  out.array(std::size_t{1} << 40);
  EXPECT_THAT(content_outcome(content), HasSubstr("too_many_entries"));
}

}  // namespace
}  // namespace holdfast::formats
