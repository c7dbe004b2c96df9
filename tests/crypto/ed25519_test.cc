#include "crypto/ed25519.h"

#include <gtest/gtest.h>

#include "crypto/vectors.h"

namespace holdfast::crypto {
namespace {
using base::Bytes, base::Error;
using namespace vectors;

auto verifies(const Bytes& key, base::ByteView message, const Bytes& signature) -> bool {
  const auto typed_key = Ed25519PublicKey::from(key);
  const auto typed_signature = Ed25519Signature::from(signature);
  return typed_key && typed_signature && ed25519_verify(*typed_key, message, *typed_signature);
}

TEST(Ed25519, MatchesRfc8032) {
  VECTOR_JSON(file, "rfc8032/ed25519.json");
  Tally tally{"rfc8032/ed25519.json"};
  for (const auto& entry : file.as_array()) {
    const auto& test = entry.as_object();
    const auto seed = hex(test, "secretKey");
    const auto message = hex(test, "message");
    const auto signature = ed25519_sign(fixed<32>(seed), message);
    const auto key = ed25519_public_key(fixed<32>(seed));
    tally.expect(key && base::to_bytes(key->view()) == hex(test, "publicKey") && signature &&
                     base::to_bytes(signature->view()) == hex(test, "signature") &&
                     verifies(hex(test, "publicKey"), message, hex(test, "signature")),
                 test);
  }
}

TEST(Ed25519, HasNoContextVariant) {
  VECTOR_JSON(file, "rfc8032/ed25519ctx.json");
  Tally tally{"rfc8032/ed25519ctx.json"};
  for (const auto& entry : file.as_array()) {
    const auto& test = entry.as_object();
    EXPECT_FALSE(verifies(hex(test, "publicKey"), hex(test, "message"), hex(test, "signature")));
    tally.skipped("context strings");
  }
}

TEST(Ed25519, VerifiesLikeWycheproof) {
  VECTOR_JSON(file, "wycheproof/ed25519_test.json");
  Tally tally{"wycheproof/ed25519_test.json"};
  each_test(file, [&](const Object& group, const Object& test) {
    const auto key = hex(text(group.at("publicKey").as_object(), "pk"));
    tally.expect(
        verifies(key, hex(test, "msg"), hex(test, "sig")) == (text(test, "result") == "valid"),
        test);
  });
}

// The policy: A and R are canonical points not of small order, S < L, no cofactor. Points with a
// small-order component are allowed.
TEST(Ed25519, RefusesAllSmallOrderAndNonCanonicalPointsOfCctv) {
  VECTOR_JSON(file, "cctv/ed25519vectors.json");
  Tally tally{"cctv/ed25519vectors.json"};
  std::size_t accepted = 0;
  for (const auto& entry : file.as_array()) {
    const auto& test = entry.as_object();
    bool forbidden = false;
    if (test.at("flags").is_array()) {
      for (const auto& flag : test.at("flags").as_array())
        forbidden = forbidden || flag == "low_order_A" || flag == "low_order_R" ||
                    flag == "non_canonical_A" || flag == "non_canonical_R";
    }
    const bool ok = verifies(hex(test, "key"), base::view_of(text(test, "msg")), hex(test, "sig"));
    tally.expect(!ok || !forbidden, test);
    if (ok) ++accepted;
  }
  EXPECT_EQ(accepted, 43);
  EXPECT_EQ(tally.count(), 914);
}

TEST(Ed25519, StrictPointsAreBelowPAndNotOfSmallOrder) {
  const auto strict = [](std::string_view digits) {
    const auto bytes = hex(digits);
    return is_strict_point(fixed<32>(bytes));
  };
  const std::string zeros(62, '0');
  const std::string all(60, 'f');
  EXPECT_FALSE(strict("00" + zeros));
  EXPECT_FALSE(strict("01" + zeros));
  EXPECT_FALSE(strict("01" + zeros.substr(2) + "80"));  // the sign bit changes nothing
  EXPECT_TRUE(strict("03" + zeros));
  EXPECT_TRUE(strict("eb" + all + "7f"));   // p - 2
  EXPECT_FALSE(strict("ec" + all + "7f"));  // p - 1
  EXPECT_FALSE(strict("ed" + all + "7f"));  // p
  EXPECT_FALSE(strict("ee" + all + "ff"));
  EXPECT_FALSE(strict("ff" + all + "ff"));
  EXPECT_FALSE(strict("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"));
  EXPECT_FALSE(strict("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"));
  EXPECT_FALSE(strict("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"));
}

TEST(Ed25519, NamesTheRefusedKeyAndTheRefusedSignature) {
  const Bytes seed(32, 4);
  const auto message = base::view_of("message");
  auto signature = ed25519_sign(fixed<32>(seed), message).value();
  const auto key = ed25519_public_key(fixed<32>(seed)).value();
  EXPECT_TRUE(ed25519_verify(key, message, signature));
  EXPECT_EQ(ed25519_verify(Ed25519PublicKey{}, message, signature).error(), Error::bad_key);
  signature.bytes[63] ^= 0x01;
  EXPECT_EQ(ed25519_verify(key, message, signature).error(), Error::bad_signature);
}

}  // namespace
}  // namespace holdfast::crypto
