// crc32c.h: CRC-32C (Castagnoli), against accidents only, never against an attacker.
// Finds every burst of at most 32 bits. Limits: none. Time: none. Threads: any. Errors: none.
// Source: RFC 3720, 12.1 and B.4.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace holdfast::store {

inline constexpr auto kCrc32cTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78U : 0U);
    table[i] = value;
  }
  return table;
}();

[[nodiscard]] constexpr auto crc32c(base::ByteView bytes) -> std::uint32_t {
  std::uint32_t value = 0xFFFFFFFFU;
  for (const std::uint8_t byte : bytes) {
    value = (value >> 8) ^ kCrc32cTable[(value ^ byte) & 0xFFU];
  }
  return ~value;
}

}  // namespace holdfast::store
