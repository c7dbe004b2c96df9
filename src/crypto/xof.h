// xof.h: SHAKE256, an extendable output function: public pseudo-random bytes from a public seed.
// Limits: none. Time: none. Threads: any. Errors: none. Source: FIPS 202.
#pragma once

#include <span>

#include "base/bytes.h"

namespace holdfast::crypto {

// A longer output begins with a shorter one.
void shake256(base::ByteView input, std::span<std::uint8_t> out);

}  // namespace holdfast::crypto
