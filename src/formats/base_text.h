// base_text.h: base32 and base64 of secret bytes, in and out of wiped memory.
// Nothing outside the alphabet is accepted. base64 is strict about padding and unused bits; base32
// tells whether bits were left over, since authenticators accept such secrets. Limits: the
// caller's. Time: none. Threads: any. Errors: bad_base64, bad_otp (base32, which is used for TOTP
// only); std::bad_alloc is thrown. Source: RFC 4648 §4, §6.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace holdfast::formats {

[[nodiscard]] auto base64_decode(std::string_view text, base::SecretMemory& memory)
    -> base::Result<base::SecretBytes>;
void base64_append(base::SecretBytes::Buffer& to, base::ByteView bytes);

struct Base32 {
  base::SecretBytes bytes;
  bool exact;  // false: the text ends in bits that belong to no byte
};
// Spaces and hyphens are allowed, and lower case: people copy secrets in groups.
[[nodiscard]] auto base32_decode(std::string_view text, base::SecretMemory& memory)
    -> base::Result<Base32>;
void base32_append(base::SecretBytes::Buffer& to, base::ByteView bytes);  // without padding

}  // namespace holdfast::formats
