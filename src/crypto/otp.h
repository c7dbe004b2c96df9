// otp.h: one-time codes from a shared secret: HOTP (counter) and TOTP (time).
// Limits: secret 1 to 1,024 bytes, 6 to 8 digits, period 1 s to 1 day. Time: an argument, in
// seconds since 1970. Threads: any. Errors: bad_length, out_of_range, secret_memory_exhausted.
// Source: RFC 4226 §5.3, RFC 6238 §4.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace holdfast::crypto {
using base::ByteView, base::Result;

enum class OtpHash : std::uint8_t { sha1, sha256, sha512 };
struct OtpParams {
  OtpHash hash = OtpHash::sha1;
  std::uint32_t digits = 6;
  std::uint32_t period_s = 30;  // TOTP only
  auto operator==(const OtpParams&) const -> bool = default;
};

// The code as decimal text with leading zeros.
[[nodiscard]] auto hotp(ByteView secret, std::uint64_t counter, const OtpParams& params,
                        base::SecretMemory& memory) -> Result<base::SecretBytes>;
[[nodiscard]] auto totp(ByteView secret, std::uint64_t unix_s, const OtpParams& params,
                        base::SecretMemory& memory) -> Result<base::SecretBytes>;
// Seconds for which the code of this moment stays valid, 1 to period.
[[nodiscard]] auto totp_seconds_left(std::uint64_t unix_s, std::uint32_t period_s) -> std::uint32_t;

}  // namespace holdfast::crypto
