#include "api/word_list.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "crypto/hash.h"

namespace holdfast::api {
namespace {

using base::Error;

auto numbered_lines(std::size_t count) -> std::string {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "word" + std::to_string(i) + "\n";
  return text;
}

TEST(WordList, IsTheLargeListOfTheEff) {
  // the published file again: numbers of five throws, a tab, the word
  std::string file;
  std::string dice = "11111";
  const auto words = eff_large_words();
  ASSERT_EQ(words.size(), kEffLargeWords);
  for (const std::string_view word : words) {
    file += dice + "\t" + std::string{word} + "\n";
    for (std::size_t place = 5; place-- > 0;) {
      if (++dice[place] <= '6') break;
      dice[place] = '1';
    }
  }
  EXPECT_EQ(crypto::sha256(base::view_of(file)).hex(),
            "addd35536511597a02fa0a9ff1e5284677b8883b83e986e43f15a3db996b903e");
}

TEST(WordList, HasEveryWordOnce) {
  const auto words = eff_large_words();
  EXPECT_EQ(std::set<std::string_view>(words.begin(), words.end()).size(), kEffLargeWords);
}

TEST(WordList, ReadsLinesWithAndWithoutDiceNumbers) {
  const std::string text = "11111\talpha\n\nbeta\r\n 11113  gamma \n" + numbered_lines(1000);
  const auto words = parse_word_list(text);
  ASSERT_TRUE(words.has_value()) << words.error().text();
  EXPECT_EQ(words->size(), 1003U);
  EXPECT_EQ((*words)[0], "alpha");
  EXPECT_EQ((*words)[1], "beta");
  EXPECT_EQ((*words)[2], "gamma");
}

TEST(WordList, NamesTheLineThatIsNoWordOrAWordAgain) {
  const auto error = [](const std::string& text) {
    const auto words = parse_word_list(text);
    return words ? std::string{} : words.error().where;
  };
  EXPECT_EQ(error(numbered_lines(1000) + "two words\n"), "line 1001");
  EXPECT_EQ(error(numbered_lines(1000) + "word7\n"), "line 1001, a word again");
  EXPECT_EQ(error(numbered_lines(1000) + std::string(kWordBytesMax + 1, 'x')), "line 1001");
  EXPECT_EQ(error("\xff\n"), "not UTF-8");
  EXPECT_EQ(error(numbered_lines(kWordListWordsMin - 1)), "999 words");
  EXPECT_EQ(parse_word_list("").error().code, Error::bad_word_list);
}

}  // namespace
}  // namespace holdfast::api
