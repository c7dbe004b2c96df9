#include "codec/cbor_reader.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "base/bytes.h"

namespace holdfast::codec {
namespace {

constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();

auto hex(std::string_view text) -> base::Bytes { return base::from_hex(text).value(); }
auto error_of(const auto& result) -> std::string {
  return result ? "accepted" : std::string{base::error_name(result.error())};
}
auto skip_all(const base::Bytes& bytes, std::size_t depth_max = kDepthMax) -> Result<void> {
  Reader in{bytes};
  TRY_DO(in.skip_item(depth_max));
  return in.finish();
}
auto skip_error(std::string_view text) -> std::string { return error_of(skip_all(hex(text))); }

TEST(Reader, ReadsTheUnsignedIntegersOfRfc8949AppendixA) {
  const std::pair<std::string_view, std::uint64_t> examples[] = {
      {"00", 0},
      {"01", 1},
      {"0a", 10},
      {"17", 23},
      {"1818", 24},
      {"1819", 25},
      {"1864", 100},
      {"1903e8", 1000},
      {"1a000f4240", 1000000},
      {"1b000000e8d4a51000", 1000000000000},
      {"1bffffffffffffffff", 18446744073709551615U}};
  for (const auto& [text, value] : examples) {
    const base::Bytes bytes = hex(text);
    Reader in{bytes};
    EXPECT_EQ(in.uint(kAny).value(), value) << text;
    EXPECT_TRUE(in.finish()) << text;
  }
}

TEST(Reader, ReadsTheStringsOfRfc8949AppendixA) {
  const base::Bytes bytes =
      hex("404401020304"
          "60"
          "6161"
          "6449455446"
          "62225c"
          "62c3bc"
          "63e6b0b4"
          "64f0908591");
  Reader in{bytes};
  EXPECT_TRUE(in.bytes(0).value().empty());
  EXPECT_EQ(base::to_hex(in.bytes(4).value()), "01020304");
  EXPECT_EQ(in.text(0).value(), "");
  EXPECT_EQ(in.text(1).value(), "a");
  EXPECT_EQ(in.text(4).value(), "IETF");
  EXPECT_EQ(in.text(2).value(), "\"\\");
  EXPECT_EQ(in.text(2).value(), "\u00fc");
  EXPECT_EQ(in.text(3).value(), "\u6c34");
  EXPECT_EQ(in.text(4).value(), "\U00010151");
  EXPECT_TRUE(in.finish());
}

TEST(Reader, ReadsTheContainersOfRfc8949AppendixA) {
  const base::Bytes bytes = hex("8301820203820405");
  Reader in{bytes};
  EXPECT_EQ(in.array(3).value(), 3U);
  EXPECT_EQ(in.uint(kAny).value(), 1U);
  EXPECT_TRUE(in.array_of(2));
  EXPECT_EQ(in.uint(kAny).value(), 2U);
  EXPECT_EQ(in.uint(kAny).value(), 3U);
  EXPECT_EQ(base::to_hex(in.skip_item(1).value()), "820405");
  EXPECT_TRUE(in.finish());

  for (const std::string_view text :
       {"80", "83010203", "98190102030405060708090a0b0c0d0e0f101112131415161718181819", "a0",
        "a201020304", "a26161016162820203", "826161a161626163",
        "a56161614161626142616361436164614461656145", "f4", "f5", "f6"})
    EXPECT_EQ(skip_error(text), "accepted") << text;
}

TEST(Reader, ReadsSimpleValues) {
  const base::Bytes bytes = hex("f4f5f6f6");
  Reader in{bytes};
  EXPECT_FALSE(in.boolean().value());
  EXPECT_FALSE(in.peek_null());
  EXPECT_TRUE(in.boolean().value());
  EXPECT_TRUE(in.peek_null());
  EXPECT_TRUE(in.null());
  EXPECT_EQ(error_of(in.boolean()), "wrong_type");
}

TEST(Reader, RefusesWhatAppendixAHasBeyondTheSubset) {
  for (const std::string_view text : {"20",
                                      "29",
                                      "3863",
                                      "3903e7",
                                      "3bffffffffffffffff",  // negative
                                      "c249010000000000000000",
                                      "c11a514b67b0",
                                      "d74401020304",  // tags
                                      "f90000",
                                      "f93c00",
                                      "fb3ff199999999999a",
                                      "fa47c35000",
                                      "f97c00",  // floats
                                      "f97e00",
                                      "fa7fc00000",
                                      "fb7ff8000000000000",  // NaN
                                      "f7",
                                      "f0",
                                      "f820",
                                      "f8ff"})  // undefined, simple
    EXPECT_EQ(skip_error(text), "wrong_type") << text;
  for (const std::string_view text : {"5f42010243030405ff", "7f657374726561646d696e67ff", "9fff",
                                      "9f018202039f0405ffff", "bf61610161629f0203ffff", "ff"})
    EXPECT_EQ(skip_error(text), "indefinite_length") << text;
}

TEST(Reader, RefusesIndefiniteLengthsInEveryTypedCall) {
  const auto refused = [](std::string_view text, auto&& call) {
    const base::Bytes bytes = hex(text);
    Reader in{bytes};
    EXPECT_EQ(error_of(call(in)), "indefinite_length") << text;
  };
  refused("5f4101ff", [](Reader& in) { return in.bytes(9); });
  refused("7f6161ff", [](Reader& in) { return in.text(9); });
  refused("9f01ff", [](Reader& in) { return in.array(9); });
  refused("9f01ff", [](Reader& in) { return in.array_of(1); });
  refused("bf0101ff", [](Reader& in) { return in.map(9); });
  refused("ff", [](Reader& in) { return in.boolean(); });
  refused("ff", [](Reader& in) { return in.null(); });
}

TEST(Reader, RefusesAllReservedHeads) {
  for (unsigned major = 0; major < 8; ++major) {
    if (major == 1 || major == 6) continue;  // of the wrong type already
    for (unsigned info = 28; info < 31; ++info) {
      const base::Bytes bytes{static_cast<std::uint8_t>(major << 5U | info), 0, 0, 0};
      EXPECT_EQ(error_of(skip_all(bytes)), "not_canonical") << major << " " << info;
    }
  }
}

TEST(Reader, RefusesNonShortestHeadsOfEveryWidth) {
  for (unsigned major : {0U, 2U, 3U, 4U, 5U}) {
    for (const std::string_view rest : {"1800", "1817", "190000", "1900ff", "1a00000000",
                                        "1a0000ffff", "1b0000000000000000", "1b00000000ffffffff"}) {
      base::Bytes bytes = hex(rest);
      bytes[0] = static_cast<std::uint8_t>(bytes[0] | major << 5U);
      EXPECT_EQ(error_of(skip_all(bytes)), "not_shortest") << major << " " << rest;
    }
  }
}

TEST(Reader, RefusesALengthBeyondTheInputBeforeAnybodyAllocates) {
  for (const std::string_view length :
       {"1a80000000", "1b8000000000000000", "1bffffffffffffffff", "1b7fffffffffffffff", "02"}) {
    for (unsigned major : {2U, 3U, 4U, 5U}) {
      base::Bytes bytes = hex(length);
      bytes[0] = static_cast<std::uint8_t>(bytes[0] | major << 5U);
      bytes.push_back(0);  // one byte where the head announces more
      EXPECT_EQ(error_of(skip_all(bytes)), "truncated") << major << " " << length;
      Reader in{bytes};
      const bool refused = major == 2   ? !in.bytes(kAny)
                           : major == 3 ? !in.text(kAny)
                           : major == 4 ? !in.array(kAny)
                                        : !in.map(kAny);
      EXPECT_TRUE(refused) << major << " " << length;
    }
  }
}

TEST(Reader, RefusesAMapWhoseValuesCannotFit) {
  const base::Bytes bytes = hex("a2010203");  // two pairs announced, three items there
  Reader in{bytes};
  EXPECT_EQ(error_of(in.map(kAny)), "truncated");
}

TEST(Reader, RefusesEveryPrefixOfAMessage) {
  const base::Bytes whole = hex("a301820203186483f5f6430102031903e8a16161626262");
  ASSERT_TRUE(skip_all(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const base::Bytes prefix{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
    EXPECT_EQ(error_of(skip_all(prefix)), "truncated") << size;
  }
}

TEST(Reader, RefusesTrailingBytes) {
  EXPECT_EQ(skip_error("0000"), "trailing_bytes");
  EXPECT_EQ(skip_error("83010203f6"), "trailing_bytes");
}

TEST(Reader, RefusesADuplicateKey) {
  EXPECT_EQ(skip_error("a201000100"), "duplicate_key");
  EXPECT_EQ(skip_error("a2616100616100"), "duplicate_key");
}

TEST(Reader, RefusesKeysOutOfOrder) {
  EXPECT_EQ(skip_error("a202000100"), "unsorted_keys");
  EXPECT_EQ(skip_error("a2616200616100"), "unsorted_keys");
  EXPECT_EQ(skip_error("a26100000a00"), "unsorted_keys");      // text before an integer
  EXPECT_EQ(skip_error("a262616100616200"), "unsorted_keys");  // longer before shorter
  EXPECT_EQ(skip_error("a4181800"
                       "4100"
                       "00"
                       "6100"
                       "00"
                       "616100"),
            "accepted");
}

TEST(Reader, RefusesKeysThatAreNotIntegersOrStrings) {
  for (const std::string_view text : {"a18000", "a1a000", "a1f500", "a1f600", "a12000"})
    EXPECT_EQ(skip_error(text), "wrong_type") << text;
}

TEST(Reader, RefusesTextThatIsNotUtf8) {
  for (const std::string_view text : {"61ff", "6180", "62c080", "62c2", "63eda080", "63edbfbf",
                                      "64f4908080", "64f0808080", "63e08080", "65f888808080"})
    EXPECT_NE(skip_error(text), "accepted") << text;
  EXPECT_EQ(skip_error("63eda080"), "bad_utf8");  // a surrogate
  const base::Bytes overlong = hex("62c080");
  Reader in{overlong};
  EXPECT_EQ(error_of(in.text(9)), "bad_utf8");
}

TEST(Reader, StopsAtTheDepthLimit) {
  for (const std::uint8_t container : {std::uint8_t{0x81}, std::uint8_t{0xa1}}) {
    const auto nested = [&](std::size_t depth) {
      base::Bytes bytes;
      for (std::size_t i = 0; i < depth; ++i) {
        bytes.push_back(container);
        if (container == 0xa1) bytes.push_back(0);  // the key
      }
      bytes.push_back(0);
      return bytes;
    };
    EXPECT_TRUE(skip_all(nested(kDepthMax)));
    EXPECT_EQ(error_of(skip_all(nested(kDepthMax + 1))), "too_deep");
    EXPECT_EQ(error_of(skip_all(nested(100'000))), "too_deep");
    EXPECT_TRUE(skip_all(nested(0), 0));
    EXPECT_EQ(error_of(skip_all(nested(1), 0)), "too_deep");
  }
}

TEST(Reader, AppliesTheLimitOfEveryCall) {
  const auto limit = [](std::string_view text, auto&& call) {
    const base::Bytes bytes = hex(text);
    Reader at_limit{bytes};
    EXPECT_TRUE(call(at_limit, 2)) << text;
    Reader below{bytes};
    return error_of(call(below, 1));
  };
  EXPECT_EQ(limit("02", [](Reader& in, std::size_t max) { return in.uint(max); }), "out_of_range");
  EXPECT_EQ(limit("420000", [](Reader& in, std::size_t max) { return in.bytes(max); }), "too_long");
  EXPECT_EQ(limit("626161", [](Reader& in, std::size_t max) { return in.text(max); }), "too_long");
  EXPECT_EQ(limit("820000", [](Reader& in, std::size_t max) { return in.array(max); }), "too_long");
  EXPECT_EQ(limit("a200000100", [](Reader& in, std::size_t max) { return in.map(max); }),
            "too_long");
  const base::Bytes three = hex("83000000");
  Reader in{three};
  EXPECT_EQ(error_of(in.array_of(2)), "bad_length");
}

TEST(Reader, ReadsFixedBytesOfExactlyTheirSize) {
  using Four = base::FixedBytes<struct FourTag, 4>;
  const auto read = [](std::string_view text) {
    const base::Bytes bytes = hex(text);
    return Reader{bytes}.fixed_bytes<Four>();
  };
  EXPECT_EQ(read("4401020304").value().hex(), "01020304");
  EXPECT_EQ(error_of(read("43010203")), "bad_length");
  EXPECT_EQ(error_of(read("450102030405")), "bad_length");
  EXPECT_EQ(error_of(read("6401020304")), "wrong_type");
  EXPECT_EQ(error_of(read("44010203")), "truncated");
}

TEST(Reader, RefusesAnotherTypeThanAskedFor) {
  const base::Bytes items =
      hex("00"
          "40"
          "60"
          "80"
          "a0"
          "f4"
          "f6");
  for (std::size_t i = 0; i < items.size(); ++i) {
    const base::ByteView item{&items[i], 1};
    EXPECT_EQ(Reader{item}.uint(kAny).has_value(), i == 0);
    EXPECT_EQ(Reader{item}.bytes(kAny).has_value(), i == 1);
    EXPECT_EQ(Reader{item}.text(kAny).has_value(), i == 2);
    EXPECT_EQ(Reader{item}.array(kAny).has_value(), i == 3);
    EXPECT_EQ(Reader{item}.map(kAny).has_value(), i == 4);
    EXPECT_EQ(Reader{item}.boolean().has_value(), i == 5);
    EXPECT_EQ(Reader{item}.null().has_value(), i == 6);
  }
}

TEST(Reader, GivesBackTheBytesOfAnItem) {
  const base::Bytes bytes = hex("8201820203");
  Reader in{bytes};
  ASSERT_TRUE(in.array_of(2));
  ASSERT_TRUE(in.uint(1));
  const std::size_t start = in.position();
  ASSERT_TRUE(in.skip_item(1));
  EXPECT_EQ(base::to_hex(in.since(start)), "820203");
  EXPECT_EQ(in.remaining(), 0U);
}

TEST(MapKeys, ReadsKeysInOrderAndRefusesOthers) {
  const base::Bytes bytes =
      hex("a3"
          "01"
          "00"
          "1818"
          "00"
          "6161"
          "00");
  Reader in{bytes};
  ASSERT_EQ(in.map(3).value(), 3U);
  MapKeys keys;
  EXPECT_EQ(keys.uint(in, kAny).value(), 1U);
  ASSERT_TRUE(in.uint(0));
  EXPECT_EQ(keys.uint(in, kAny).value(), 24U);
  ASSERT_TRUE(in.uint(0));
  EXPECT_EQ(keys.text(in, 1).value(), "a");
  ASSERT_TRUE(in.uint(0));
  EXPECT_TRUE(in.finish());

  const base::Bytes twice = hex("0505");
  Reader repeated{twice};
  MapKeys once;
  ASSERT_TRUE(once.uint(repeated, kAny));
  EXPECT_EQ(error_of(once.uint(repeated, kAny)), "duplicate_key");
}

}  // namespace
}  // namespace holdfast::codec
