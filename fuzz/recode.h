// recode.h: the one property of every decoder: what it accepts encodes again to the same bytes.
// Threads: pure. A finding aborts.
#pragma once

#include <algorithm>
#include <cstdlib>

#include "base/bytes.h"

namespace holdfast::fuzz {

template <class Decoded, class Encode>
void check_recode(base::ByteView input, const Decoded& decoded, Encode&& encode) {
  if (!decoded) return;
  if (!std::ranges::equal(encode(*decoded), input)) std::abort();
}

}  // namespace holdfast::fuzz
