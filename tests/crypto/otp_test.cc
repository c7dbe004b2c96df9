#include "crypto/otp.h"

#include <gtest/gtest.h>

#include "crypto/padme.h"
#include "crypto/vectors.h"

namespace holdfast::crypto {
namespace {
using base::Bytes, base::Error;
using namespace vectors;

auto code(const Result<base::SecretBytes>& made) -> std::string {
  return made ? made->expose_text([](std::string_view text) { return std::string{text}; })
              : std::string{base::error_name(made.error())};
}

TEST(Otp, MatchesTheRfcs) {
  VECTOR_JSON(file, "totp/rfc6238_rfc4226.json");
  Tally tally{"totp/rfc6238_rfc4226.json"};
  for (const auto& entry : file.at("totp").as_array()) {
    const auto& test = entry.as_object();
    const auto name = text(test, "algorithm");
    const OtpParams params{.hash = name == "SHA512"   ? OtpHash::sha512
                                   : name == "SHA256" ? OtpHash::sha256
                                                      : OtpHash::sha1,
                           .digits = static_cast<std::uint32_t>(number(test, "digits")),
                           .period_s = static_cast<std::uint32_t>(number(test, "period"))};
    tally.expect(code(totp(hex(test, "secret_hex"), number(test, "time"), params, test_memory())) ==
                     text(test, "totp"),
                 test);
  }
  for (const auto& entry : file.at("hotp").as_array()) {
    const auto& test = entry.as_object();
    tally.expect(code(hotp(hex(test, "secret_hex"), number(test, "counter"), {}, test_memory())) ==
                     text(test, "hotp"),
                 test);
  }
}

TEST(Otp, KeepsLeadingZeros) {  // RFC 6238, Appendix B: 07081804
  EXPECT_EQ(
      code(totp(base::view_of("12345678901234567890"), 1111111109, {.digits = 8}, test_memory())),
      "07081804");
}

TEST(Otp, RefusesWhatIsOutOfRange) {
  const Bytes secret(20, 1);
  EXPECT_EQ(hotp({}, 0, {}, test_memory()).error(), Error::bad_length);
  EXPECT_EQ(hotp(Bytes(1025, 1), 0, {}, test_memory()).error(), Error::bad_length);
  EXPECT_EQ(hotp(secret, 0, {.digits = 5}, test_memory()).error(), Error::out_of_range);
  EXPECT_EQ(hotp(secret, 0, {.digits = 9}, test_memory()).error(), Error::out_of_range);
  EXPECT_EQ(totp(secret, 0, {.period_s = 0}, test_memory()).error(), Error::out_of_range);
  EXPECT_EQ(totp(secret, 0, {.period_s = 86'401}, test_memory()).error(), Error::out_of_range);
}

TEST(Otp, CountsTheSecondsLeft) {
  EXPECT_EQ(totp_seconds_left(59, 30), 1);
  EXPECT_EQ(totp_seconds_left(60, 30), 30);
}

TEST(Padme, PadsToTheFloorAndThenInSteps) {
  EXPECT_EQ(padme_length(0), 256);
  EXPECT_EQ(padme_length(256), 256);
  EXPECT_EQ(padme_length(257), 272);
  EXPECT_EQ(padme_length(272), 272);
  EXPECT_EQ(padme_length(273), 288);
  EXPECT_EQ(padme_length(1000), 1024);
  EXPECT_EQ(padme_length(1025), 1088);
  EXPECT_EQ(padme_length(1'000'000), 1'015'808);
}

TEST(Padme, NeverShortensIsIdempotentAndCostsAtMostTwelvePercent) {
  std::size_t before = 0;
  for (std::size_t length = 0; length < 200'000; ++length) {
    const std::size_t padded = padme_length(length);
    ASSERT_GE(padded, length);
    ASSERT_GE(padded, before);
    ASSERT_EQ(padme_length(padded), padded);
    ASSERT_TRUE(length <= kPadmeFloor || padded * 100 <= length * 112);
    before = padded;
  }
}

}  // namespace
}  // namespace holdfast::crypto
