#include "formats/fixtures.h"
#include "formats/json_reader.h"
#include "formats/json_writer.h"

namespace holdfast::formats {
namespace {

// Read and written: the canonical text, or the error and its place.
auto rewritten(std::string_view text) -> std::string {
  const auto document = JsonDocument::parse(base::view_of(text), memory());
  if (!document)
    return std::string{base::error_name(document.error().code)} + " at " + document.error().where;
  base::SecretBytes out{memory()};
  JsonWriter{out.buffer()}.value(document->root());
  return std::string{peek(out)};
}

TEST(Json, KeepsOrderEscapesAndDigitsOfNumbers) {
  EXPECT_EQ(rewritten(R"( { "b" : [1, -0.50, 1e3, 12345678901234567890123456789], "a":{} } )"),
            R"({"b":[1,-0.50,1e3,12345678901234567890123456789],"a":{}})");
  EXPECT_EQ(rewritten(R"(["\u00e9\n\"\\\/\u0001\ud83d\udd11", "", null, true, false])"),
            "[\"é\\n\\\"\\\\/\\u0001\xF0\x9F\x94\x91\",\"\",null,true,false]");
  EXPECT_EQ(rewritten(R"({"k\u0065y":"v","":[[],[{}]]})"), R"({"key":"v","":[[],[{}]]})");
}

TEST(Json, KeepsLongTextsWithEscapesWhole) {  // longer than the library's piece
  std::string text = "[\"";
  for (int i = 0; i < 20'000; ++i) text += i % 50 == 0 ? "\\n" : "x";
  text += "\"]";
  EXPECT_EQ(rewritten(text), text);
}

TEST(Json, RefusesDamageWithItsLine) {
  EXPECT_EQ(rewritten(""), "bad_json at line 1");
  EXPECT_EQ(rewritten("{\n\"a\": 1,\n}"), "bad_json at line 3");
  EXPECT_EQ(rewritten("{\"a\":1"), "bad_json at line 1");
  EXPECT_EQ(rewritten("{}\n{}"), "bad_json at line 2");
  EXPECT_EQ(rewritten("[\"\\ud800\"]"), "bad_json at line 1");
  EXPECT_EQ(rewritten("[\"a\nb\"]"), "bad_json at line 1");
  EXPECT_EQ(rewritten("[01]"), "bad_json at line 1");
  EXPECT_EQ(rewritten("[NaN]"), "bad_json at line 1");
  EXPECT_EQ(rewritten("[1] // no"), "bad_json at line 1");
}

TEST(Json, RefusesAKeyTwiceAlsoWhenEscapedOrAmongMany) {
  EXPECT_EQ(rewritten("{\"a\":1,\n\"b\":2,\"a\":3}"), "duplicate_key at line 2");
  EXPECT_EQ(rewritten(R"({"a":1,"\u0061":3})"), "duplicate_key at line 1");
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += "\"k" + std::to_string(i) + "\":0,";
  EXPECT_EQ(rewritten(many + "\"last\":0}"), many + "\"last\":0}");
  EXPECT_EQ(rewritten(many + "\"k37\":0}"), "duplicate_key at line 1");
}

TEST(Json, RefusesNumbersNoDoubleCanHold) {
  EXPECT_EQ(rewritten("[1e999]"), "out_of_range at line 1");
  EXPECT_EQ(rewritten("[-1e999]"), "out_of_range at line 1");
  EXPECT_EQ(rewritten("[1e308]"), "[1e308]");
}

TEST(Json, StopsAtItsDepth) {
  const std::string deepest = std::string(kJsonDepthMax, '[') + std::string(kJsonDepthMax, ']');
  EXPECT_EQ(rewritten(deepest), deepest);
  EXPECT_EQ(rewritten("[" + deepest + "]"), "too_deep at line 1");
  EXPECT_EQ(rewritten(std::string(10'000, '[')), "too_deep at line 1");
  std::string objects;
  for (int i = 0; i < 10'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(rewritten(objects), "too_deep at line 1");
}

TEST(Json, WriterNoticesTextThatIsNotUtf8) {
  base::SecretBytes out{memory()};
  JsonWriter json{out.buffer()};
  json.string("\xff");
  EXPECT_FALSE(json.ok());
}

TEST(Json, AllocatesOnlySecretMemory) {  // a small one runs out; nothing else takes over
  auto small = base::SecretMemory::create({.bytes_max = 1 << 20, .lock = base::Lock::none});
  std::string text = "[\"\\n\"";
  for (int i = 0; i < 100'000; ++i) text += ",\"\\n\"";
  text += "]";
  EXPECT_THROW((void)JsonDocument::parse(base::view_of(text), **small), std::bad_alloc);
  const auto imported = parse_import(Format::bitwarden_json, base::view_of(text), kNow, **small);
  EXPECT_EQ(imported.error().code, base::Error::secret_memory_exhausted);
}

}  // namespace
}  // namespace holdfast::formats
