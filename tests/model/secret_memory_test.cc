// Where plaintext lies while a secret is encoded, decoded and copied: in protected memory alone.
// The process searches its own writable memory for a canary that is never spelled out elsewhere.
#include <gtest/gtest.h>

#include <charconv>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "model/examples.h"

namespace holdfast::model {
namespace {

using base::ByteView, base::SecretBytes, base::SecretMemory;

constexpr std::string_view kMasked =  // each letter stands for another one
    "zyxwvutsrqponmlkjihgfedcbaABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789zyxwvutsrq";

void fill_with_canary(SecretBytes& bytes) {
  for (const char c : kMasked)
    bytes.buffer().push_back(
        static_cast<std::uint8_t>((static_cast<std::uint8_t>(c) & 0x1f) + 'a'));
}
auto canary_byte(std::size_t i) -> std::uint8_t {
  return static_cast<std::uint8_t>((static_cast<std::uint8_t>(kMasked[i]) & 0x1f) + 'a');
}

struct Region {
  std::uintptr_t begin = 0, end = 0;
};

// Writable memory that a core dump would hold.
auto dumpable_regions() -> std::vector<Region> {
  std::vector<Region> regions;
  std::ifstream smaps{"/proc/self/smaps"};
  std::string line;
  Region region;
  bool is_writable = false;
  while (std::getline(smaps, line)) {
    const std::size_t dash = line.find('-');
    const std::size_t space = line.find(' ');
    if (dash != std::string::npos && space != std::string::npos && dash < space &&
        line.find(':') > space) {
      std::from_chars(line.data(), line.data() + dash, region.begin, 16);
      std::from_chars(line.data() + dash + 1, line.data() + space, region.end, 16);
      is_writable = line.compare(space + 1, 2, "rw") == 0;
    } else if (line.starts_with("VmFlags:") && is_writable) {
      if (line.find(" dd") == std::string::npos) regions.push_back(region);
    }
  }
  return regions;
}

__attribute__((no_sanitize("address"))) auto copies_of_canary() -> std::size_t {
  std::size_t found = 0;
  for (const Region& region : dumpable_regions()) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(region.begin);
    const std::size_t size = region.end - region.begin;
    for (std::size_t at = 0; at + kMasked.size() <= size; ++at) {
      std::size_t same = 0;
      while (same < kMasked.size() && bytes[at + same] == canary_byte(same)) ++same;
      if (same == kMasked.size()) ++found;
    }
  }
  return found;
}

TEST(SecretInMemory, IsNeverOutsideProtectedMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's shadow memory is too large to search";
#endif
  const auto memory = SecretMemory::create({16 << 20, base::Lock::none}).value();
  {
    std::vector<std::uint8_t> planted;  // the search itself works
    for (std::size_t i = 0; i < kMasked.size(); ++i) planted.push_back(canary_byte(i));
    EXPECT_GE(copies_of_canary(), 1U);
    for (std::uint8_t& byte : planted) *static_cast<volatile std::uint8_t*>(&byte) = 0;
  }
  ASSERT_EQ(copies_of_canary(), 0U);

  Secret secret = examples::secret(*memory);
  SecretBytes canary{*memory};
  fill_with_canary(canary);
  secret.password = canary.clone();
  secret.notes = canary.clone();
  secret.fields[0].value = canary.clone();
  secret.attachments[0].content = canary.clone();
  const SecretBytes plaintext = encode(secret, *memory).value();
  const Secret decoded =
      plaintext.expose([&](ByteView view) { return decode_secret(view, *memory).value(); });
  const Secret copy = decoded.clone();
  EXPECT_EQ(copy.password.size(), kMasked.size());
  EXPECT_EQ(copies_of_canary(), 0U);
}

}  // namespace
}  // namespace holdfast::model
