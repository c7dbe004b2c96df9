#include "crypto/padme.h"

#include <bit>

#include "base/check.h"

namespace holdfast::crypto {

auto padme_length(std::size_t length) -> std::size_t {
  CHECK(length <= std::size_t{1} << 62);
  if (length <= kPadmeFloor) return kPadmeFloor;
  const auto exponent = static_cast<std::size_t>(std::bit_width(length) - 1);  // floor(log2)
  const auto kept_bits = static_cast<std::size_t>(std::bit_width(exponent));   // floor(log2) + 1
  const std::size_t mask = (std::size_t{1} << (exponent - kept_bits)) - 1;
  return (length + mask) & ~mask;
}

}  // namespace holdfast::crypto
