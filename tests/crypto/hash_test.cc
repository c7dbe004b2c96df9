#include "crypto/hash.h"

#include <gtest/gtest.h>

#include "crypto/equal.h"
#include "crypto/vectors.h"

namespace holdfast::crypto {
namespace {
using base::view_of;
using namespace vectors;

constexpr auto kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, HashesThePublishedExamples) {  // FIPS 180-4, Appendix B
  EXPECT_EQ(sha256(view_of("abc")).hex(), kAbc);
  EXPECT_EQ(sha256(base::ByteView{}).hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256(view_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")).hex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, HashesPartsLikeTheirConcatenation) {
  EXPECT_EQ(sha256({view_of("a"), view_of(""), view_of("bc")}).hex(), kAbc);
}

TEST(Sha256, AKeptObjectStartsAnewAfterEachDigest) {
  Sha256 hash;
  hash.update(view_of("ab"));
  hash.update(view_of("c"));
  EXPECT_EQ(hash.finish().hex(), kAbc);
  hash.update(view_of("abc"));
  EXPECT_EQ(hash.finish().hex(), kAbc);
}

TEST(HmacSha256, MatchesRfc4231AndTakesParts) {
  const base::Bytes key(20, 0x0b);
  constexpr auto kExpected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
  EXPECT_EQ(hmac_sha256(key, view_of("Hi There")).hex(), kExpected);
  EXPECT_EQ(hmac_sha256(key, {view_of("Hi "), view_of("There")}).hex(), kExpected);
}

TEST(HmacSha256, MatchesWycheproof) {
  VECTOR_JSON(file, "wycheproof/hmac_sha256_test.json");
  Tally tally{"wycheproof/hmac_sha256_test.json"};
  each_test(file, [&](const Object& group, const Object& test) {
    const auto mac = hmac_sha256(hex(test, "key"), hex(test, "msg"));
    const auto tag = hex(test, "tag");  // 128-bit tags are the first half
    EXPECT_EQ(tag.size() * 8, number(group, "tagSize"));
    const bool same = equal(mac.view().first(std::min(tag.size(), mac.kSize)), tag);
    tally.expect(same == (text(test, "result") == "valid"), test);
  });
}

TEST(Equal, ComparesLengthsAndEveryByte) {
  const base::Bytes a(40, 7);
  EXPECT_TRUE(equal(a, a));
  EXPECT_TRUE(equal(base::ByteView{}, base::ByteView{}));
  EXPECT_FALSE(equal(a, base::ByteView{a}.first(39)));
  for (std::size_t i = 0; i < a.size(); ++i) {
    base::Bytes b = a;
    b[i] ^= 0x80;
    EXPECT_FALSE(equal(a, b));
  }
}

TEST(Equal, ComparesSecretsAndFixedBytes) {
  using Key = base::Secret<struct KeyTag, 4>;
  const auto key = [](std::uint8_t last) {
    return Key::make(test_memory(),
                     [&](auto out) {
                       std::ranges::fill(out, std::uint8_t{1});
                       out[3] = last;
                     })
        .value();
  };
  EXPECT_TRUE(equal(key(2), key(2)));
  EXPECT_FALSE(equal(key(2), key(3)));
  const auto bytes = [](std::string_view text) {
    return base::SecretBytes::copy_of(test_memory(), text).value();
  };
  EXPECT_TRUE(equal(bytes("secret"), bytes("secret")));
  EXPECT_FALSE(equal(bytes("secret"), bytes("secreT")));
  EXPECT_FALSE(equal(bytes("secret"), bytes("secre")));
  EXPECT_TRUE(equal(sha256(view_of("a")), sha256(view_of("a"))));
  EXPECT_FALSE(equal(sha256(view_of("a")), sha256(view_of("b"))));
}

}  // namespace
}  // namespace holdfast::crypto
