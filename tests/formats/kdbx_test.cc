#include "formats/kdbx.h"

#include "formats/fixtures.h"

namespace holdfast::formats {
namespace {

// Cheap parameters: the derivation itself is tested in crypto.
constexpr crypto::Argon2Params kCheap{.memory_kib = 64, .passes = 1, .lanes = 1};

auto text(std::string_view from) -> base::SecretBytes { return secret_text(from, memory()); }

// Bytes that look random and repeat.
auto filler(std::uint64_t seed) {
  return [state = seed](std::span<std::uint8_t> out) mutable {
    for (std::uint8_t& byte : out) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      byte = static_cast<std::uint8_t>(state >> 56);
    }
  };
}

auto seal_with(const base::SecretBytes& passphrase) -> FileSeal {
  return {.key = {.passphrase = &passphrase}, .random = filler(1), .kdf = kCheap};
}

auto sealed(const std::vector<ExportEntry>& entries, const FileSeal& seal) -> std::string {
  const auto out = write_export(Format::kdbx, entries, memory(), seal);
  if (!out) return "error " + out.error().text();
  return std::string{peek(*out)};
}

auto opened(std::string_view file, const FileKey& key) -> base::Detailed<Imported> {
  return parse_import(Format::kdbx, base::view_of(file), kNow, memory(), key);
}

TEST(Kdbx, ReadsBackWhatItWrote) {
  const auto passphrase = text("correct horse");
  const auto secret = full_secret();
  std::vector<ExportEntry> entries(1);
  entries[0].secret = &secret;
  entries[0].id = "000102030405060708090a0b0c0d0e0f";
  const std::string file = sealed(entries, seal_with(passphrase));
  EXPECT_EQ(guess_format(base::view_of(file)), Format::kdbx);
  const auto read = opened(file, {.passphrase = &passphrase});
  ASSERT_TRUE(read) << read.error().text();
  ASSERT_EQ(read->entries.size(), 1u);
  auto expected = secret.clone();
  expected.sources.push_back({text("kdbx"), text(entries[0].id)});
  EXPECT_EQ(dump(read->entries[0].secret), dump(expected));
}

}  // namespace
}  // namespace holdfast::formats
