// sha1.h: SHA-1, which is broken: only for looking things up in lists that were made with it.
// Limits: none. Time: none. Threads: any. Errors: none. Source: FIPS 180-4.
#pragma once

#include "base/bytes.h"

namespace holdfast::crypto {

using Sha1Digest = base::FixedBytes<struct Sha1Tag, 20>;

[[nodiscard]] auto sha1_for_lookup(base::ByteView bytes) -> Sha1Digest;

}  // namespace holdfast::crypto
