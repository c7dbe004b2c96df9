#include "api/generator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "api/memory.h"
#include "api/word_list.h"

namespace holdfast::api {
namespace {

using base::Error;
using test::memory, test::text;

class SeededEntropy final : public ports::Entropy {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (auto& byte : out) byte = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mt19937_64 engine_{7};
};

auto draw(const GeneratorRules& rules, ports::Entropy& entropy) -> std::string {
  const auto made = generate(rules, entropy, memory());
  EXPECT_TRUE(made.has_value());
  return made ? text(*made) : "";
}

TEST(Generator, HasEveryWantedClassInEveryPassword) {
  SeededEntropy entropy;
  const GeneratorRules rules{.length = 4};
  for (int i = 0; i < 300; ++i) {
    const std::string made = draw(rules, entropy);
    ASSERT_EQ(made.size(), 4U);
    EXPECT_TRUE(std::ranges::any_of(made, [](char c) { return c >= 'a' && c <= 'z'; }));
    EXPECT_TRUE(std::ranges::any_of(made, [](char c) { return c >= 'A' && c <= 'Z'; }));
    EXPECT_TRUE(std::ranges::any_of(made, [](char c) { return c >= '0' && c <= '9'; }));
    EXPECT_TRUE(std::ranges::any_of(made, [](unsigned char c) { return std::ispunct(c) != 0; }));
  }
}

TEST(Generator, LeavesOutWhatIsUnwantedAmbiguousOrExcluded) {
  SeededEntropy entropy;
  const GeneratorRules rules{
      .length = 1000, .symbol = false, .no_ambiguous = true, .exclude = "abc789"};
  const std::string made = draw(rules, entropy);
  EXPECT_EQ(made.find_first_of("0O1lI|abc789"), std::string::npos);
  EXPECT_TRUE(std::ranges::all_of(made, [](unsigned char c) { return std::isalnum(c) != 0; }));
}

TEST(Generator, RefusesRulesThatNoPasswordObeys) {
  const auto refused = [](const GeneratorRules& rules) {
    const auto checked = check_rules(rules);
    return !checked && checked.error() == Error::bad_generator_rules;
  };
  EXPECT_TRUE(refused({.length = 0}));
  EXPECT_TRUE(refused({.length = 3}));  // four classes
  EXPECT_TRUE(refused({.length = kGeneratedLengthMax + 1}));
  EXPECT_TRUE(refused({.lower = false, .upper = false, .digit = false, .symbol = false}));
  EXPECT_TRUE(refused({.exclude = "0123456789"}));
  EXPECT_FALSE(refused({.length = kGeneratedLengthMax}));
}

TEST(Generator, DrawsEveryCharacterEquallyOften) {
  SeededEntropy entropy;
  // 23 does not divide 256: without rejection the first characters would be drawn 9 % more often.
  const GeneratorRules rules{
      .length = 1000, .upper = false, .digit = false, .symbol = false, .exclude = "xyz"};
  std::map<char, double> counts;
  for (int i = 0; i < 1000; ++i) {
    for (const char c : draw(rules, entropy)) ++counts[c];
  }
  ASSERT_EQ(counts.size(), 23U);
  const double expected = 1'000'000.0 / 23;
  double chi_squared = 0;
  for (const auto& [c, count] : counts) {
    chi_squared += (count - expected) * (count - expected) / expected;
  }
  EXPECT_LT(chi_squared, 60);  // 22 degrees of freedom: 1 in 100,000; without rejection > 1,000
}

TEST(Generator, MakesPinsOfDigits) {
  SeededEntropy entropy;
  const std::string made = draw(pin_rules(6), entropy);
  EXPECT_EQ(made.size(), 6U);
  EXPECT_TRUE(std::ranges::all_of(made, [](unsigned char c) { return std::isdigit(c) != 0; }));
  EXPECT_NEAR(entropy_bits(pin_rules(6)), 6 * std::log2(10.0), 1e-9);
}

TEST(Generator, CountsTheEntropyOfThePasswordsThatObeyTheRules) {
  // Four characters, one of each class: 4! orders times the sizes of the classes.
  const double exact = std::log2(24.0 * 26 * 26 * 10 * 32);
  EXPECT_NEAR(entropy_bits({.length = 4}), exact, 1e-6);
}

TEST(Generator, DrawsWordsWithTheSeparatorBetween) {
  SeededEntropy entropy;
  const auto made =
      generate(WordRules{.words = 6, .separator = "::"}, eff_large_words(), entropy, memory());
  ASSERT_TRUE(made.has_value());
  std::string left = text(*made) + "::";
  std::size_t words = 0;
  for (; !left.empty(); ++words) {
    const std::string word = left.substr(0, left.find("::"));
    EXPECT_TRUE(std::ranges::contains(eff_large_words(), word)) << word;
    left.erase(0, word.size() + 2);
  }
  EXPECT_EQ(words, 6U);
}

TEST(Generator, DrawsEveryWordEquallyOften) {
  SeededEntropy entropy;
  // 3 does not divide 2^32 and 300 does not either: both ways of drawing are looked at
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) names.push_back("w" + std::to_string(i));
  for (const std::size_t size : {std::size_t{3}, std::size_t{300}}) {
    const std::vector<std::string_view> list{names.begin(),
                                             names.begin() + static_cast<std::ptrdiff_t>(size)};
    std::map<std::string, double> counts;
    for (int i = 0; i < 60'000; ++i) {
      ++counts[text(*generate(WordRules{.words = 1}, list, entropy, memory()))];
    }
    ASSERT_EQ(counts.size(), size);
    const double expected = 60'000.0 / static_cast<double>(size);
    double chi_squared = 0;
    for (const auto& [word, count] : counts) {
      chi_squared += (count - expected) * (count - expected) / expected;
    }
    const double freedom = static_cast<double>(size) - 1;
    EXPECT_LT(chi_squared, freedom + 5 * std::sqrt(2 * freedom) + 5) << size;
  }
}

TEST(Generator, RefusesNoWordsTooManyAndALongSeparator) {
  EXPECT_FALSE(check_rules(WordRules{.words = 0}).has_value());
  EXPECT_FALSE(check_rules(WordRules{.words = kGeneratedWordsMax + 1}).has_value());
  EXPECT_FALSE(check_rules(WordRules{.separator = std::string(17, '-')}).has_value());
  EXPECT_FALSE(check_rules(WordRules{.separator = "\xff"}).has_value());
  EXPECT_TRUE(check_rules(WordRules{.words = kGeneratedWordsMax, .separator = ""}).has_value());
}

TEST(Generator, CountsTheEntropyOfWords) {
  EXPECT_NEAR(entropy_bits(WordRules{.words = 6}, kEffLargeWords), 6 * 12.92481, 1e-4);
}

}  // namespace
}  // namespace holdfast::api
