#include "node/breach_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "support/temp_folder.h"

namespace holdfast::node {
namespace {

using base::Error;

auto word(int number) -> std::string { return "word " + std::to_string(number); }
auto line_of(const std::string& password, const std::string& rest) -> std::string {
  std::string hex = crypto::sha1_for_lookup(base::view_of(password)).hex();
  std::ranges::transform(hex, hex.begin(), [](char c) { return std::toupper(c); });
  return hex + rest;
}

class BreachListTest : public testing::Test {
 protected:
  auto written(std::vector<std::string> lines, std::string_view line_break = "\r\n",
               bool last_break = true) -> std::filesystem::path {
    std::string text;
    for (const std::string& line : lines) text += line + std::string{line_break};
    if (!last_break) text.resize(text.size() - line_break.size());
    std::ofstream{path()} << text;
    return path();
  }
  auto path() const -> std::filesystem::path { return temp_.path() / "list"; }
  auto seen(const BreachList& list, const std::string& password) -> std::uint64_t {
    const auto times = list.seen(base::view_of(password));
    EXPECT_TRUE(times) << times.error().text();
    return times.value_or(999'999);
  }
  test::TempFolder temp_;
};

TEST_F(BreachListTest, KnowsSha1) {
  EXPECT_EQ(crypto::sha1_for_lookup(base::view_of("abc")).hex(),
            "a9993e364706816aba3e25717850c26c9cd0d89d");  // FIPS 180, example
}

TEST_F(BreachListTest, FindsEveryLineAndNothingElseWhateverTheLength) {
  for (int size = 0; size <= 40; ++size) {
    for (const bool last_break : {true, false}) {
      std::vector<std::string> lines;
      for (int i = 0; i < size; ++i) {
        lines.push_back(line_of(word(i), i % 3 == 0 ? "" : ":" + std::to_string(i * 7919)));
      }
      std::ranges::sort(lines);
      if (lines.empty() && !last_break) continue;
      const auto list = BreachList::open(written(lines, size % 2 == 0 ? "\n" : "\r\n", last_break));
      ASSERT_TRUE(list) << list.error().text();
      for (int i = 0; i < size; ++i) {
        EXPECT_EQ(seen(*list, word(i)), i % 3 == 0 ? 1U : static_cast<unsigned>(i) * 7919U);
      }
      for (int i = size; i < size + 40; ++i) EXPECT_EQ(seen(*list, word(i)), 0U);
    }
  }
}

TEST_F(BreachListTest, RefusesWhatIsNoSuchList) {
  const std::string good = line_of("a", ":1");
  for (const std::string& line :
       {std::string{"words"}, good + "x", good.substr(0, 39), std::string(65, 'A'),
        line_of("a", ";1"), line_of("a", ":99999999999999999999")}) {
    const auto list = BreachList::open(written({line}));
    ASSERT_FALSE(list) << line;
    EXPECT_EQ(list.error().code, Error::bad_breach_list);
    EXPECT_EQ(list.error().where, path().string() + ", at byte 0");
  }
  EXPECT_EQ(BreachList::open(temp_.path()).error().code, Error::bad_breach_list);
  EXPECT_EQ(BreachList::open(temp_.path() / "none").error().code, Error::not_found);
}

TEST_F(BreachListTest, SaysWhenTheListIsNotInOrder) {
  std::vector<std::string> lines;
  for (int i = 0; i < 64; ++i) lines.push_back(line_of(word(i), ":1"));
  std::ranges::sort(lines, std::greater{});
  const auto list = BreachList::open(written(lines)).value();
  int refused = 0;
  for (int i = 0; i < 64; ++i) {
    const auto times = list.seen(base::view_of(word(i)));
    if (times) continue;
    EXPECT_EQ(times.error().code, Error::bad_breach_list);
    ++refused;
  }
  EXPECT_GT(refused, 30);
}

}  // namespace
}  // namespace holdfast::node
