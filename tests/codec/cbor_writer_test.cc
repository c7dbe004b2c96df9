#include "codec/cbor_writer.h"

#include <gtest/gtest.h>

#include "codec/cbor_reader.h"

namespace holdfast::codec {
namespace {

auto written(auto&& write) -> std::string {
  base::Bytes bytes;
  Writer out{bytes};
  write(out);
  return base::to_hex(bytes);
}

TEST(Writer, WritesTheExamplesOfRfc8949AppendixA) {
  const std::pair<std::uint64_t, std::string_view> integers[] = {
      {0, "00"},
      {1, "01"},
      {10, "0a"},
      {23, "17"},
      {24, "1818"},
      {100, "1864"},
      {1000, "1903e8"},
      {1000000, "1a000f4240"},
      {1000000000000, "1b000000e8d4a51000"},
      {18446744073709551615U, "1bffffffffffffffff"}};
  for (const auto& [value, text] : integers)
    EXPECT_EQ(written([&](Writer& out) { out.uint(value); }), text);
  EXPECT_EQ(written([](Writer& out) { out.bytes(base::Bytes{1, 2, 3, 4}); }), "4401020304");
  EXPECT_EQ(written([](Writer& out) { out.text("IETF"); }), "6449455446");
  EXPECT_EQ(written([](Writer& out) { out.boolean(false), out.boolean(true), out.null(); }),
            "f4f5f6");
  EXPECT_EQ(written([](Writer& out) {
              out.array(2), out.text("a"), out.map(1), out.text("b"), out.text("c");
            }),
            "826161a161626163");
}

TEST(Writer, AlwaysWritesTheShortestHead) {
  for (const std::uint64_t edge : {24ULL, 256ULL, 65536ULL, 4294967296ULL}) {
    for (const std::uint64_t value : {edge - 1, edge, edge + 1}) {
      base::Bytes bytes;
      Writer{bytes}.uint(value);
      Reader in{bytes};  // refuses every longer form
      EXPECT_EQ(in.uint(value).value(), value);
      EXPECT_TRUE(in.finish());
    }
  }
}

TEST(Writer, CopiesEncodedItemsAsTheyAre) {
  EXPECT_EQ(written([](Writer& out) {
              out.array(2);
              out.raw(base::Bytes{0x18, 0x64});
              out.bytes_head(3);
              out.raw(base::Bytes{7, 8, 9});
            }),
            "82186443070809");
}

TEST(Writer, SecretWriterWritesTheSameBytesIntoWipedMemory) {
  auto memory = base::SecretMemory::create({1 << 20, base::Lock::attempted}).value();
  base::SecretBytes secret{*memory};
  SecretWriter out{secret.buffer()};
  out.array(2);
  out.text("canary");
  out.uint(1000);
  secret.expose([](base::ByteView view) {
    EXPECT_EQ(base::to_hex(view), "826663616e6172791903e8");
    return 0;
  });
}

TEST(WriterDeathTest, TextThatIsNotUtf8IsABug) {
  EXPECT_DEATH(written([](Writer& out) { out.text("\xff"); }), "is_utf8");
}

}  // namespace
}  // namespace holdfast::codec
