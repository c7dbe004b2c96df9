// text.h: strict UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF).
// Threads: any.
#pragma once

#include "base/bytes.h"

namespace holdfast::base {

[[nodiscard]] auto is_utf8(ByteView bytes) -> bool;

}  // namespace holdfast::base
