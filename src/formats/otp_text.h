// otp_text.h: TOTP parameters as people and files write them: a bare base32 secret (spaces, hyphens
// and lower case allowed) or an otpauth://totp/ URI with secret, algorithm, digits, period.
// Limits: model/secret.h (digits 6 to 8, period 1 to 3,600 s). Time: none. Threads: any.
// Errors: bad_otp (also for hotp and steam). Source: RFC 4648 §6; the Key Uri Format of
// Google Authenticator; RFC 6238.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "model/secret.h"

namespace holdfast::formats {

struct OtpText {
  model::Totp totp;
  bool plain = true;  // false: the text also says something else, such as an issuer
};

[[nodiscard]] auto parse_otp(std::string_view text, base::SecretMemory& memory)
    -> base::Result<OtpText>;
// The bare secret if all parameters are the usual ones, else an otpauth URI.
[[nodiscard]] auto otp_text(const model::Totp& totp, base::SecretMemory& memory)
    -> base::SecretBytes;

}  // namespace holdfast::formats
