#include "api/json.h"

#include <gtest/gtest.h>

#include "api/memory.h"
#include "api/text_codec.h"

namespace holdfast::api {
namespace {

using base::Error;
using test::memory, test::text;

auto parse_error(std::string_view json) -> std::optional<Error> {
  const auto parsed = JsonDocument::parse(base::view_of(json), memory());
  if (parsed) return std::nullopt;
  return parsed.error();
}

TEST(Json, ReadsADocument) {
  const auto parsed =
      JsonDocument::parse(base::view_of(R"({"a":[1,-2,"x\u00e9\n",true,null],"b":{}})"), memory());
  ASSERT_TRUE(parsed.has_value());
  const auto& object = (*parsed)->root().get_object();
  EXPECT_EQ(object.at("a").get_array().at(2).get_string(), "x\u00e9\n");
  EXPECT_EQ(object.at("a").get_array().at(1).get_int64(), -2);
}

TEST(Json, RefusesAKeyGivenTwiceAtAnyDepth) {
  EXPECT_EQ(parse_error(R"({"a":1,"a":2})"), Error::duplicate_key);
  EXPECT_EQ(parse_error(R"([{"b":{"a":1,"c":0,"a":{"d":1}}}])"), Error::duplicate_key);
  EXPECT_EQ(parse_error(R"({"a":1,"\u0061":2})"), Error::duplicate_key);
  EXPECT_EQ(parse_error(R"([{"a":1},{"a":2}])"), std::nullopt);
}

TEST(Json, RefusesNumbersBeyondADouble) {
  EXPECT_EQ(parse_error("[1e999]"), Error::out_of_range);
  EXPECT_EQ(parse_error("[-1e999]"), Error::out_of_range);
  EXPECT_EQ(parse_error("[1e308]"), std::nullopt);
}

TEST(Json, RefusesWhatIsNotOneDocument) {
  for (const std::string_view bad :
       {"", "{", "{}x", "{} {}", "[1,]", "{a:1}", "nul", "[\"\xff\"]", "// c\n1"}) {
    EXPECT_EQ(parse_error(bad), Error::bad_request_json) << bad;
  }
}

TEST(Json, RefusesADocumentDeeperThanItsLimit) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(parse_error(nested(kJsonDepthMax)), std::nullopt);
  EXPECT_EQ(parse_error(nested(kJsonDepthMax + 1)), Error::bad_request_json);
}

TEST(Json, KeepsADocumentInTheMemoryGivenAndGivesItBack) {
  const std::size_t before = memory().bytes_in_use();
  {
    const std::string json = "[\"" + std::string(1 << 20, 'x') + "\"]";
    const auto parsed = JsonDocument::parse(base::view_of(json), memory());
    ASSERT_TRUE(parsed.has_value());
    EXPECT_GE(memory().bytes_in_use(), before + (1 << 20));
    EXPECT_EQ((*parsed)->root().storage()->is_equal(*(*parsed)->root().get_array().storage()),
              true);
  }
  EXPECT_LT(memory().bytes_in_use(), before + (1 << 20));
}

TEST(JsonWriter, EscapesEverythingThatMustBe) {
  JsonWriter out{memory()};
  out.begin_object();
  out.key("q\"").text("a\\b\n\t\x01\x7fé\"");
  out.key("n").number(18446744073709551615U);
  out.key("l").begin_array().boolean(true).null().real(1.5).end_array();
  out.key("o").begin_object().end_object();
  out.end_object();
  EXPECT_EQ(text(out.take()),
            "{\"q\\\"\":\"a\\\\b\\n\\u0009\\u0001\x7fé\\\"\",\"n\":18446744073709551615,"
            "\"l\":[true,null,1.50],\"o\":{}}");
}

TEST(JsonWriter, WritesWhatTheReaderReadsBack) {
  std::string all;
  for (char c = 1; c < 127; ++c) all += c;
  JsonWriter out{memory()};
  out.begin_array().text(all).end_array();
  const auto written = out.take();
  const auto parsed =
      written.expose([](base::ByteView bytes) { return JsonDocument::parse(bytes, memory()); });
  ASSERT_TRUE(parsed.has_value());
  const auto& back = (*parsed)->root().get_array().at(0).get_string();
  EXPECT_EQ(std::string_view(back.data(), back.size()), all);
}

TEST(TextCodec, EncodesAndDecodesTheVectorsOfRfc4648) {
  const std::pair<std::string_view, std::string_view> base64[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}};
  for (const auto& [plain, encoded] : base64) {
    base::SecretBytes out{memory()};
    append_base64(out.buffer(), base::view_of(plain));
    EXPECT_EQ(text(out), encoded);
    EXPECT_EQ(text(*decode_base64(encoded, memory())), plain);
  }
  const std::pair<std::string_view, std::string_view> base32[] = {
      {"f", "MY"}, {"fo", "MZXQ"}, {"foo", "MZXW6"}, {"foob", "MZXW6YQ"}, {"fooba", "MZXW6YTB"}};
  for (const auto& [plain, encoded] : base32) {
    base::SecretBytes out{memory()};
    append_base32(out.buffer(), base::view_of(plain));
    EXPECT_EQ(text(out), encoded);
    EXPECT_EQ(text(*decode_base32(encoded, memory())), plain);
  }
  EXPECT_EQ(text(*decode_base32("mzxw 6ytb-oi======", memory())), "foobar");
}

TEST(TextCodec, RefusesWhatIsNotInTheAlphabet) {
  for (const std::string_view bad : {"Zg", "Zg=", "Z===", "Zh==", "Zg==Zg==", "Z g=", "===="}) {
    EXPECT_FALSE(decode_base64(bad, memory()).has_value()) << bad;
  }
  for (const std::string_view bad : {"", "1", "M0", "==", "M Y!"}) {
    EXPECT_FALSE(decode_base32(bad, memory()).has_value()) << bad;
  }
  EXPECT_EQ(text(*decode_percent("a%2Fb%c3%A9+", memory())), "a/bé+");
  for (const std::string_view bad : {"%", "%2", "%zz", "%00"}) {
    EXPECT_FALSE(decode_percent(bad, memory()).has_value()) << bad;
  }
}

}  // namespace
}  // namespace holdfast::api
