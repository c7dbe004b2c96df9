#include "crypto/otp.h"

#include <botan/otp.h>

#include "base/check.h"
#include "crypto/guard.h"

namespace holdfast::crypto {
namespace {
using base::Error, base::fail, base::SecretBytes, base::SecretMemory;

inline constexpr std::size_t kSecretBytesMax = 1024;
inline constexpr std::uint32_t kPeriodMax = 24 * 60 * 60;

auto hash_name(OtpHash hash) -> const char* {
  switch (hash) {
    case OtpHash::sha1:
      return "SHA-1";
    case OtpHash::sha256:
      return "SHA-256";
    case OtpHash::sha512:
      return "SHA-512";
  }
  CHECK(false);
}

}  // namespace

auto hotp(ByteView secret, std::uint64_t counter, const OtpParams& params, SecretMemory& memory)
    -> Result<SecretBytes> {
  if (secret.empty() || secret.size() > kSecretBytesMax) return fail(Error::bad_length);
  if (params.digits < 6 || params.digits > 8) return fail(Error::out_of_range);
  return guarded([&]() -> Result<SecretBytes> {
    Botan::HOTP generator{secret.data(), secret.size(), hash_name(params.hash), params.digits};
    std::uint32_t code = generator.generate_hotp(counter);
    SecretBytes text{memory};
    text.buffer().resize(params.digits);
    for (std::size_t i = params.digits; i-- > 0; code /= 10)
      text.buffer()[i] = static_cast<std::uint8_t>('0' + code % 10);
    return text;
  });
}

auto totp(ByteView secret, std::uint64_t unix_s, const OtpParams& params, SecretMemory& memory)
    -> Result<SecretBytes> {
  if (params.period_s < 1 || params.period_s > kPeriodMax) return fail(Error::out_of_range);
  return hotp(secret, unix_s / params.period_s, params, memory);
}

auto totp_seconds_left(std::uint64_t unix_s, std::uint32_t period_s) -> std::uint32_t {
  CHECK(period_s > 0);
  return period_s - static_cast<std::uint32_t>(unix_s % period_s);
}

}  // namespace holdfast::crypto
