#include "model/secret.h"

#include <gtest/gtest.h>

#include "codec/cbor_writer.h"
#include "crypto/aead.h"
#include "crypto/equal.h"
#include "crypto/padme.h"
#include "model/examples.h"

namespace holdfast::model {
namespace {

using base::Bytes, base::ByteView, base::Error, base::SecretBytes, base::SecretMemory;

class SecretTest : public testing::Test {
 protected:
  auto text(std::string_view value) -> SecretBytes {
    return examples::secret_bytes(*memory_, value);
  }
  auto filled(std::size_t size) -> SecretBytes { return text(std::string(size, 'x')); }
  auto encoded(const Secret& secret) -> Bytes {  // a plain copy, for comparison alone
    return encode(secret, *memory_).value().expose([](ByteView v) { return base::to_bytes(v); });
  }
  auto decode(const Bytes& bytes) { return decode_secret(bytes, *memory_); }
  auto encode_error(const Secret& secret) -> std::string_view {
    const auto result = encode(secret, *memory_);
    return result ? "accepted" : base::error_name(result.error());
  }
  auto decode_error(std::string_view hex) -> std::string_view {
    const auto result = decode(base::from_hex(hex).value());
    return result ? "accepted" : base::error_name(result.error());
  }
  auto labelled() -> Secret {
    Secret secret{*memory_};
    secret.label = text("a");
    return secret;
  }

  std::unique_ptr<SecretMemory> memory_ =
      SecretMemory::create({256 << 20, base::Lock::none}).value();
};

TEST_F(SecretTest, KeepsEveryFieldAndItsBytes) {
  const Bytes bytes = encoded(examples::secret(*memory_));
  const Secret secret = decode(bytes).value();
  EXPECT_EQ(encoded(secret), bytes);
  EXPECT_EQ(secret.kind, Kind::card);
  EXPECT_TRUE(crypto::equal(secret.password, text("canary-password")));
  ASSERT_EQ(secret.urls.size(), 2U);
  ASSERT_EQ(secret.fields.size(), 2U);
  EXPECT_TRUE(secret.fields[0].is_protected);
  EXPECT_EQ(secret.fields[0].type, FieldType::concealed);
  EXPECT_TRUE(crypto::equal(secret.fields[1].value, text({"\x00\xff\x80", 3})));
  EXPECT_EQ(secret.totp.algorithm, OtpAlgorithm::sha256);
  EXPECT_EQ(secret.totp.digits, 8);
  EXPECT_EQ(secret.totp.period, 60U);
  ASSERT_EQ(secret.attachments.size(), 1U);
  EXPECT_TRUE(crypto::equal(secret.attachments[0].content, text("%PDF-1.4")));
  EXPECT_EQ(secret.created, TimeMs{1'600'000'000'000});
  EXPECT_EQ(secret.modified, TimeMs{1'700'000'000'000});
  ASSERT_EQ(secret.sources.size(), 1U);
}

TEST_F(SecretTest, ACloneEncodesToTheSameBytes) {
  const Secret secret = examples::secret(*memory_);
  EXPECT_EQ(encoded(secret.clone()), encoded(secret));
}

TEST_F(SecretTest, WritesNothingForWhatIsAbsent) {
  EXPECT_EQ(base::to_hex(encoded(labelled())),
            "a4"
            "0000"
            "016161"
            "0a00"
            "0b00");
}

TEST_F(SecretTest, KeepsKeysOfNewerVersionsInOrder) {
  const Bytes bytes = encoded(examples::secret(*memory_));
  const Secret secret = decode(bytes).value();
  ASSERT_EQ(secret.unknown.size(), 2U);
  EXPECT_EQ(secret.unknown[0].first, 13U);
  EXPECT_EQ(secret.unknown[1].first, 1000U);
  EXPECT_TRUE(crypto::equal(secret.unknown[0].second, text("\x82\x01\x61\x61")));
}

TEST_F(SecretTest, RefusesASecondEncodingOfAbsence) {
  const std::string head =
      "a5"
      "0000"
      "016161";
  const std::string tail =
      "0a00"
      "0b00";
  for (const std::string_view present :
       {"0260", "0360", "0480", "0560", "0680", "0780", "084400061e40", "0980"})
    EXPECT_NE(decode_error(head + std::string{present} + tail), "accepted") << present;
  EXPECT_EQ(decode_error(head + "0260" + tail), "not_canonical");
  EXPECT_EQ(decode_error(head + "0480" + tail), "not_canonical");
  EXPECT_EQ(decode_error(head +
                         "088400061840"
                         "40" +
                         tail),
            "not_canonical");
  EXPECT_EQ(decode_error(head + tail + "0c80"), "not_canonical");
  EXPECT_EQ(decode_error(head + "026161" + tail), "accepted");
}

TEST_F(SecretTest, RefusesAMissingKey) {
  EXPECT_EQ(decode_error("a3"
                         "016161"
                         "0a00"
                         "0b00"),
            "missing_key");
  EXPECT_EQ(decode_error("a3"
                         "0000"
                         "0a00"
                         "0b00"),
            "missing_key");
  EXPECT_EQ(decode_error("a3"
                         "0000"
                         "016161"
                         "0b00"),
            "missing_key");
  EXPECT_EQ(decode_error("a3"
                         "0000"
                         "016161"
                         "0a00"),
            "missing_key");
  EXPECT_EQ(decode_error("a0"), "missing_key");
}

TEST_F(SecretTest, RefusesRepeatedAndUnsortedKeys) {
  EXPECT_EQ(decode_error("a5"
                         "0000"
                         "0000"
                         "016161"
                         "0a00"
                         "0b00"),
            "duplicate_key");
  EXPECT_EQ(decode_error("a4"
                         "016161"
                         "0000"
                         "0a00"
                         "0b00"),
            "unsorted_keys");
  EXPECT_EQ(decode_error("a5"
                         "0000"
                         "016161"
                         "0a00"
                         "0b00"
                         "616100"),
            "wrong_type");
}

TEST_F(SecretTest, RefusesEveryPrefixAndTrailingByte) {
  Bytes bytes = encoded(examples::secret(*memory_));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    ASSERT_FALSE(decode_secret(ByteView{bytes}.first(size), *memory_)) << size;
  bytes.push_back(0);
  EXPECT_EQ(decode(bytes).error(), Error::trailing_bytes);
}

TEST_F(SecretTest, EveryFlippedBitIsRefusedOrDecodesToOtherContent) {
  Bytes bytes = encoded(examples::secret(*memory_));
  const Bytes original = bytes;
  std::size_t accepted = 0;
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << bit % 8));
    if (const auto secret = decode(bytes)) {
      ++accepted;
      ASSERT_EQ(encoded(*secret), bytes) << bit;
    }
    bytes[bit / 8] = original[bit / 8];
  }
  EXPECT_GT(accepted, 500U);
}

TEST_F(SecretTest, AppliesTheLimitOfEveryValueBothWays) {
  const auto limit = [&](std::size_t max, auto&& member_of) {
    Secret secret = labelled();
    member_of(secret) = filled(max);
    const Bytes at_limit = encoded(secret);
    EXPECT_TRUE(decode(at_limit));
    member_of(secret) = filled(max + 1);
    EXPECT_EQ(encode_error(secret), "too_long") << max;
  };
  limit(kLabelBytesMax, [](Secret& s) -> SecretBytes& { return s.label; });
  limit(kTextBytesMax, [](Secret& s) -> SecretBytes& { return s.username; });
  limit(kTextBytesMax, [](Secret& s) -> SecretBytes& { return s.password; });
  limit(kNotesBytesMax, [](Secret& s) -> SecretBytes& { return s.notes; });
  Secret secret = labelled();
  secret.tags.push_back(filled(kTagBytesMax + 1));
  EXPECT_EQ(encode_error(secret), "too_long");
  secret = labelled();
  secret.urls.push_back(filled(kTextBytesMax + 1));
  EXPECT_EQ(encode_error(secret), "too_long");
  secret = labelled();
  secret.fields.push_back(Field{text(""), text(""), filled(kTextBytesMax + 1)});
  EXPECT_EQ(encode_error(secret), "too_long");
  secret = labelled();
  secret.attachments.push_back(Attachment{text(""), text(""), filled(kAttachmentBytesMax)});
  EXPECT_EQ(encode_error(secret), "accepted");
  secret.attachments[0].content = filled(kAttachmentBytesMax + 1);
  EXPECT_EQ(encode_error(secret), "too_long");
}

TEST_F(SecretTest, RefusesALongValueOnDecoding) {
  const Bytes head = base::from_hex(
                         "a4"
                         "0000"
                         "01"
                         "790401")
                         .value();  // a label of 1025 bytes
  Bytes bytes = head;
  bytes.insert(bytes.end(), 1025, 'x');
  base::append(bytes, base::from_hex("0a000b00").value());
  EXPECT_EQ(decode(bytes).error(), Error::too_long);
}

TEST_F(SecretTest, AppliesTheLimitsOfListsBothWays) {
  Secret secret = labelled();
  for (std::size_t i = 0; i < kListItemsMax; ++i) secret.tags.push_back(text("t"));
  Bytes bytes = encoded(secret);
  EXPECT_TRUE(decode(bytes));
  secret.tags.push_back(text("t"));
  EXPECT_EQ(encode_error(secret), "too_long");
  const Bytes head = base::from_hex(
                         "990"
                         "3e8")
                         .value();
  const auto at = std::search(bytes.begin(), bytes.end(), head.begin(), head.end());
  ASSERT_NE(at, bytes.end());
  at[2] = 0xe9;  // 1001 tags
  bytes.insert(at + 3, {0x61, 't'});
  EXPECT_EQ(decode(bytes).error(), Error::too_long);

  secret = labelled();
  for (std::size_t i = 0; i < kUnknownKeysMax; ++i)
    secret.unknown.emplace_back(100 + i, text("\x01"));
  EXPECT_TRUE(decode(encoded(secret)));
  secret.unknown.emplace_back(1000, text("\x01"));
  EXPECT_EQ(encode_error(secret), "too_long");
}

TEST_F(SecretTest, AppliesTheLimitOfTheWhole) {
  constexpr std::size_t kPiece = 50 << 10;
  Secret secret = labelled();
  for (std::size_t i = 0; i < kSecretBytesMax / (kPiece + 64); ++i)
    secret.attachments.push_back(Attachment{text(""), text(""), filled(kPiece)});
  const Bytes bytes = encoded(secret);
  EXPECT_GT(bytes.size(), kSecretBytesMax - 2 * kPiece);
  EXPECT_TRUE(decode(bytes));
  for (int i = 0; i < 2; ++i)
    secret.attachments.push_back(Attachment{text(""), text(""), filled(kPiece)});
  EXPECT_EQ(encode_error(secret), "too_long");
  EXPECT_EQ(decode(Bytes(kSecretBytesMax + 1)).error(), Error::too_long);
}

TEST_F(SecretTest, TheLargestOneFitsIntoAVersionOncePadded) {
  EXPECT_LE(crypto::padme_length(kSecretBytesMax) + crypto::kTagBytes, kSealedBytesMax);
}

TEST_F(SecretTest, RefusesTextThatIsNotUtf8AndNumbersOutOfRange) {
  Secret secret = labelled();
  secret.password = text("\xff");
  EXPECT_EQ(encode_error(secret), "bad_utf8");
  EXPECT_EQ(decode_error("a4"
                         "0000"
                         "0161ff"
                         "0a00"
                         "0b00"),
            "bad_utf8");
  EXPECT_EQ(decode_error("a4"
                         "0007"
                         "016161"
                         "0a00"
                         "0b00"),
            "out_of_range");  // kind
  secret = labelled();
  secret.totp.secret = text("key");
  for (const auto& [digits, period] : {std::pair{5, 30}, {9, 30}, {6, 0}, {6, 3601}}) {
    secret.totp.digits = static_cast<std::uint8_t>(digits);
    secret.totp.period = static_cast<std::uint32_t>(period);
    EXPECT_EQ(encode_error(secret), "out_of_range") << digits << " " << period;
  }
  EXPECT_EQ(decode_error("a5"
                         "0000"
                         "016161"
                         "088400"
                         "05"
                         "181e"
                         "4101"
                         "0a00"
                         "0b00"),
            "out_of_range");
  EXPECT_EQ(decode_error("a5"
                         "0000"
                         "016161"
                         "088400"
                         "06"
                         "181e"
                         "4101"
                         "0a00"
                         "0b00"),
            "accepted");
}

TEST_F(SecretTest, RefusesUnknownKeysThatItCouldNotReadBack) {
  Secret secret = labelled();
  secret.unknown.emplace_back(12, text("\x01"));  // a known key
  EXPECT_EQ(encode_error(secret), "unsorted_keys");
  secret = labelled();
  secret.unknown.emplace_back(14, text("\x01"));
  secret.unknown.emplace_back(14, text("\x01"));
  EXPECT_EQ(encode_error(secret), "unsorted_keys");
  secret = labelled();
  secret.unknown.emplace_back(14, text("\x01\x01"));  // two items
  EXPECT_EQ(encode_error(secret), "trailing_bytes");
  secret = labelled();
  secret.unknown.emplace_back(14, text("\x18\x01"));
  EXPECT_EQ(encode_error(secret), "not_shortest");
}

TEST_F(SecretTest, ReportsExhaustedMemoryAsAnError) {
  Secret secret = labelled();
  secret.notes = filled(kNotesBytesMax);
  const Bytes bytes = encoded(secret);
  const auto small = SecretMemory::create({256 << 10, base::Lock::none}).value();
  EXPECT_EQ(encode(secret, *small).error(), Error::secret_memory_exhausted);
  EXPECT_EQ(decode_secret(bytes, *small).error(), Error::secret_memory_exhausted);
}

}  // namespace
}  // namespace holdfast::model
