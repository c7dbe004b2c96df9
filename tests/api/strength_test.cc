#include "api/strength.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "api/memory.h"

namespace holdfast::api {
namespace {

using test::memory;

auto score(std::string_view password) -> unsigned {
  return estimate_strength(password, memory()).score;
}

TEST(Strength, TellsCommonPasswordsFromRandomOnes) {
  EXPECT_EQ(score(""), 0U);
  EXPECT_EQ(score("password"), 0U);
  EXPECT_EQ(score("qwerty123"), 0U);
  EXPECT_LE(score("P@ssw0rd!"), 1U);
  EXPECT_EQ(score("correct horse battery staple"), 4U);
  EXPECT_EQ(score("gV7#kP0z!wQx2@Lm"), 4U);
}

TEST(Strength, GrowsWithTheGuessesAndSaysHowLongTheyTake) {
  EXPECT_EQ((Strength{.guesses_log10 = 2}).guessed_in(), "less than a second");
  EXPECT_EQ((Strength{.guesses_log10 = 4.1}).guessed_in(), "1 second");
  EXPECT_EQ((Strength{.guesses_log10 = 8}).guessed_in(), "2 hours");
  EXPECT_EQ((Strength{.guesses_log10 = 12}).guessed_in(), "3 years");
  EXPECT_EQ((Strength{.guesses_log10 = 20}).guessed_in(), "centuries");
  EXPECT_EQ((Strength{.guesses_log10 = 400}).guessed_in(), "centuries");
}

TEST(Strength, CopesWithLongInputAndWithZeros) {
  EXPECT_EQ(score(std::string(1024, 'a')), score(std::string(1024, 'a')));
  const std::string zeros("gV7#kP0z\0wQx2@Lm", 16);
  EXPECT_GE(score(zeros), 3U);  // a NUL in the middle does not end it
}

constexpr char kMask = 0x5A;  // so that the search itself puts the text nowhere

// Whether the process holds this text, given masked, anywhere in its writable memory.
auto is_in_memory(const std::string& masked) -> bool {
  std::ifstream maps{"/proc/self/maps"};
  std::ifstream memory{"/proc/self/mem", std::ios::binary};
  std::vector<char> region;
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t begin = 0, end = 0;
    char rights[5]{};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, rights) != 3) continue;
    if (rights[0] != 'r' || rights[1] != 'w' || end - begin > std::uint64_t{1} << 28) continue;
    region.resize(end - begin);
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(begin));
    if (!memory.read(region.data(), static_cast<std::streamsize>(region.size()))) continue;
    const auto found =
        std::ranges::search(region, masked, {}, [](char c) { return char(c ^ kMask); });
    if (!found.empty()) return true;
  }
  return false;
}

TEST(Strength, LeavesNoCopyInMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer keeps freed blocks aside";
#endif
  for (const std::size_t length : {12U, 24U, 40U, 41U, 90U}) {
    std::string forward, backward;  // masked pieces, not long enough to be there by chance
    {
      base::SecretBytes password{memory()};
      password.buffer().reserve(length);
      std::uint32_t number = 12'345 + static_cast<std::uint32_t>(length);
      for (std::size_t i = 0; i < length; ++i) {
        number = number * 1'103'515'245 + 12'345;
        password.buffer().push_back(static_cast<std::uint8_t>('!' + (number >> 16) % 90));
      }
      EXPECT_GE(estimate_strength(password, memory()).score, 3U);
      for (std::size_t i = 0; i < 8; ++i) {
        forward += static_cast<char>(password.buffer()[length / 2 - 3 + i] ^ kMask);
        backward += static_cast<char>(password.buffer()[length / 2 + 4 - i] ^ kMask);
      }
    }
    EXPECT_FALSE(is_in_memory(forward)) << length;
    EXPECT_FALSE(is_in_memory(backward)) << length;
  }
  const auto there = test::secret("what-is-there");
  std::string masked;
  for (const char c : std::string_view{"what-is-"}) masked += static_cast<char>(c ^ kMask);
  EXPECT_TRUE(is_in_memory(masked)) << "the search finds nothing at all";
}

}  // namespace
}  // namespace holdfast::api
