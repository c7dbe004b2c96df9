#include <gtest/gtest.h>

#include <set>

#include "base/bounded.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/text.h"

namespace holdfast::base {
namespace {

TEST(Error, NumbersNamesAndTextsAreDistinct) {
  std::set<int> numbers;
  std::set<std::string_view> names;
  std::set<std::string_view> texts;
  int count = 0;
#define SEEN(name, number, text) \
  ++count, numbers.insert(number), names.insert(#name), texts.insert(text);
  HOLDFAST_ERRORS(SEEN)
#undef SEEN
  EXPECT_EQ(numbers.size(), std::size_t(count));
  EXPECT_EQ(names.size(), std::size_t(count));
  EXPECT_EQ(texts.size(), std::size_t(count));
  EXPECT_EQ(error_name(Error::bad_hex), "bad_hex");
  EXPECT_FALSE(error_text(Error::bad_hex).empty());
}

TEST(Failure, SaysWhereAndWhat) {
  const Failure failure{Error::bad_utf8, "line 3"};
  EXPECT_EQ(failure.text(), "line 3: text is not valid UTF-8");
}

TEST(Hex, RoundTripsAndRefusesWhatIsNotHex) {
  EXPECT_EQ(to_hex(Bytes{0x00, 0xfe, 0x1a}), "00fe1a");
  EXPECT_EQ(from_hex("00FE1a").value(), (Bytes{0x00, 0xfe, 0x1a}));
  EXPECT_EQ(from_hex("0").error(), Error::bad_hex);
  EXPECT_EQ(from_hex("zz").error(), Error::bad_hex);
  using Id = FixedBytes<struct IdTag, 2>;
  EXPECT_EQ(Id::from_hex("01").error(), Error::bad_hex);
  EXPECT_EQ(Id::from(Bytes{1, 2, 3}).error(), Error::bad_length);
}

TEST(Utf8, AcceptsWhatRfc3629Allows) {
  for (const std::string_view text : {"", "abc", "grüße", "日本", "\xF0\x9F\x94\x91",
                                      "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(view_of(text))) << to_hex(view_of(text));
  }
}

TEST(Utf8, RefusesOverlongSurrogateTruncatedAndTooLarge) {
  for (const std::string_view text : {"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80",
                                      "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                                      "\x80", "\xE2\x82", "a\xFF", "\xC3(", "\xE2\x28\xA1"}) {
    EXPECT_FALSE(is_utf8(view_of(text))) << to_hex(view_of(text));
  }
}

TEST(BoundedVector, RefusesTheItemPastItsLimitAndKeepsTheRest) {
  BoundedVector<int, 2> items;
  ASSERT_TRUE(items.push(1));
  ASSERT_TRUE(items.push(2));
  EXPECT_EQ(items.push(3).error(), Error::capacity_exceeded);
  EXPECT_EQ(items.size(), 2U);
  EXPECT_EQ(items[1], 2);
}

TEST(CheckDeathTest, StopsTheProcessWithPlaceAndCondition) {
  EXPECT_DEATH(CHECK(1 + 1 == 3), "1 \\+ 1 == 3 is false at .*base_test.cc");
}

}  // namespace
}  // namespace holdfast::base
