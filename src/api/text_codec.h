// text_codec.h: base64, base32 and percent-encoding of plaintext, in wiped memory.
// Strict: nothing outside the alphabet, exact padding in base64, no stray bits; base32 allows lower
// case, spaces, hyphens and padding, since people copy it. Limits: the caller's. Time: none.
// Threads: any. Errors: bad_base64, bad_otp (base32), bad_request (percent-encoding);
// std::bad_alloc is thrown. Source: RFC 4648 §4, §6; RFC 3986 §2.1.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace holdfast::api {

void append_base64(base::SecretBytes::Buffer& to, base::ByteView bytes);
[[nodiscard]] auto decode_base64(std::string_view text, base::SecretMemory& memory)
    -> base::Result<base::SecretBytes>;
void append_base32(base::SecretBytes::Buffer& to, base::ByteView bytes);  // without padding
[[nodiscard]] auto decode_base32(std::string_view text, base::SecretMemory& memory)
    -> base::Result<base::SecretBytes>;
// '+' means '+', in paths and queries alike; a NUL is refused.
[[nodiscard]] auto decode_percent(std::string_view text, base::SecretMemory& memory)
    -> base::Result<base::SecretBytes>;

}  // namespace holdfast::api
