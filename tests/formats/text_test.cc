// Times, one-time-password texts, base32 and base64.
#include <gtest/gtest.h>

#include "formats/base_text.h"
#include "formats/fixtures.h"
#include "formats/otp_text.h"
#include "formats/time_text.h"

namespace holdfast::formats {
namespace {

auto ms(std::string_view text) -> std::uint64_t {
  const auto time = parse_time(text);
  return time ? std::to_underlying(*time) : 0;
}

TEST(TimeText, ReadsWhatRfc3339Allows) {
  EXPECT_EQ(ms("1970-01-01T00:00:00.001Z"), 1u);
  EXPECT_EQ(ms("2024-02-29T12:34:56.789Z"), 1'709'210'096'789u);
  EXPECT_EQ(ms("2024-02-29T12:34:56.7891234Z"), 1'709'210'096'789u);
  EXPECT_EQ(ms("2024-02-29t12:34:56.7z"), 1'709'210'096'700u);
  EXPECT_EQ(ms("2024-02-29 14:34:56+02:00"), 1'709'210'096'000u);
  EXPECT_EQ(ms("2024-02-28T23:34:56-13:00"), 1'709'210'096'000u);
  EXPECT_EQ(ms("2024-02-29"), 1'709'164'800'000u);
  EXPECT_EQ(ms("2016-12-31T23:59:60Z"), ms("2017-01-01T00:00:00Z"));
}

TEST(TimeText, RefusesWhatIsNotATime) {
  for (const std::string_view text :
       {"", "2024", "2023-02-29", "2024-13-01", "2024-00-10", "2024-01-01T", "2024-01-01T10:00",
        "2024-01-01T24:00:00Z", "2024-01-01T10:60:00Z", "2024-01-01T10:00:61Z",
        "2024-01-01T10:00:00", "2024-01-01T10:00:00.Z", "2024-01-01T10:00:00Zx",
        "2024-01-01T10:00:00+2", "2024-01-01T10:00:00+24:00", "1969-12-31T23:59:59Z",
        "1970-01-01T00:30:00+01:00", "+024-01-01", "2024-1-1"})
    EXPECT_EQ(parse_time(text).error(), base::Error::bad_time) << text;
}

TEST(TimeText, WritesWhatItReads) {
  for (const std::uint64_t time : {0ull, 1ull, 951'782'400'000ull, 1'709'210'096'789ull,
                                   4'102'444'799'999ull, 253'402'300'799'999ull})
    EXPECT_EQ(ms(format_time(model::TimeMs{time})), time);
  EXPECT_EQ(format_time(model::TimeMs{1'709'210'096'789}), "2024-02-29T12:34:56.789Z");
  EXPECT_EQ(format_time(model::TimeMs{UINT64_MAX}), "9999-12-31T23:59:59.999Z");
}

auto base64(std::string_view bytes) -> std::string {
  base::SecretBytes out{memory()};
  base64_append(out.buffer(), base::view_of(bytes));
  return std::string{peek(out)};
}
auto base32(std::string_view bytes) -> std::string {
  base::SecretBytes out{memory()};
  base32_append(out.buffer(), base::view_of(bytes));
  return std::string{peek(out)};
}

TEST(BaseText, GivesTheExamplesOfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base32("f"), "MY");
  EXPECT_EQ(base32("fo"), "MZXQ");
  EXPECT_EQ(base32("foo"), "MZXW6");
  EXPECT_EQ(base32("foob"), "MZXW6YQ");
  EXPECT_EQ(base32("foobar"), "MZXW6YTBOI");
}

TEST(BaseText, ReadsBackAnyBytes) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    const auto from64 = base64_decode(base64(bytes), memory());
    const auto from32 = base32_decode(base32(bytes), memory());
    ASSERT_TRUE(from64 && from32) << i;
    EXPECT_EQ(peek(*from64), bytes);
    EXPECT_EQ(peek(from32->bytes), bytes);
    EXPECT_TRUE(from32->exact);
    bytes.push_back(static_cast<char>(i * 31));
  }
}

TEST(BaseText, RefusesBase64ThatIsNotExact) {
  for (const std::string_view text :
       {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8=Zm8=", "Zm9v ", "Z-9v", "====", "Z==="})
    EXPECT_EQ(base64_decode(text, memory()).error(), base::Error::bad_base64) << text;
}

TEST(OtpText, ReadsABareSecretAsPeopleCopyIt) {
  for (const std::string_view text :
       {"GEZDGNBVGY3TQOJQ", "gezd gnbv gy3t qojq", "GEZD-GNBV-GY3TQOJQ", "GEZDGNBVGY3TQOJQ===="}) {
    const auto otp = parse_otp(text, memory());
    ASSERT_TRUE(otp) << text;
    EXPECT_EQ(peek(otp->totp.secret), "1234567890");
    EXPECT_EQ(otp->totp.digits, 6);
    EXPECT_TRUE(otp->plain);
    EXPECT_EQ(peek(otp_text(otp->totp, memory())), "GEZDGNBVGY3TQOJQ");
  }
}

TEST(OtpText, ReadsAndWritesParametersOfAnAddress) {
  const auto otp = parse_otp(
      "otpauth://totp/ACME:ann?secret=GEZDGNBVGY3TQOJQ%3D&algorithm=sha256&digits=8&period=60"
      "&issuer=ACME",
      memory());
  ASSERT_TRUE(otp);
  EXPECT_EQ(peek(otp->totp.secret), "1234567890");
  EXPECT_EQ(otp->totp.algorithm, model::OtpAlgorithm::sha256);
  EXPECT_EQ(otp->totp.digits, 8);
  EXPECT_EQ(otp->totp.period, 60u);
  EXPECT_FALSE(otp->plain);
  const auto text = otp_text(otp->totp, memory());
  EXPECT_EQ(peek(text),
            "otpauth://totp/?secret=GEZDGNBVGY3TQOJQ&algorithm=SHA256&digits=8&period=60");
  EXPECT_TRUE(parse_otp(peek(text), memory())->plain);
}

TEST(OtpText, RefusesOtherKindsAndParametersOutOfRange) {
  for (const std::string_view text :
       {"", "====", "1NOTBASE32", "steam://ABCDEFGH", "otpauth://hotp/x?secret=GEZDGNBV&counter=1",
        "otpauth://totp/x", "otpauth://totp/x?issuer=a", "otpauth://totp/x?secret=",
        "otpauth://totp/x?secret=GEZDGNBV&digits=5", "otpauth://totp/x?secret=GEZDGNBV&digits=9",
        "otpauth://totp/x?secret=GEZDGNBV&period=0", "otpauth://totp/x?secret=GEZDGNBV&period=3601",
        "otpauth://totp/x?secret=GEZDGNBV&algorithm=MD5", "otpauth://totp/x?secret=%G1",
        "otpauth://totp/x?secret=A%4", "otpauth://totp/?secret=GEZDGNBV&secret=GEZDGNBV"})
    EXPECT_EQ(parse_otp(text, memory()).error(), base::Error::bad_otp) << text;
}

TEST(OtpText, AcceptsASecretWithBitsLeftOverButSaysSo) {
  const auto otp = parse_otp("GEZDGNBVGY3TQOJR7", memory());
  ASSERT_TRUE(otp);
  EXPECT_FALSE(otp->plain);
}

}  // namespace
}  // namespace holdfast::formats
