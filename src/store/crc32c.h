// crc32c.h: CRC-32C (Castagnoli), against accidents only, never against an attacker.
// Finds every burst of at most 32 bits. Limits: none. Time: none. Threads: any. Errors: none.
// Source: RFC 3720, 12.1 and B.4.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace holdfast::store {

// [k][byte]: what a byte contributes k bytes later, so that eight bytes are taken at once.
inline constexpr auto kCrc32cTables = [] {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78U : 0U);
    tables[0][i] = value;
  }
  for (std::size_t k = 1; k < tables.size(); ++k)
    for (std::size_t i = 0; i < 256; ++i)
      tables[k][i] = (tables[k - 1][i] >> 8) ^ tables[0][tables[k - 1][i] & 0xFFU];
  return tables;
}();

[[nodiscard]] constexpr auto crc32c(base::ByteView bytes) -> std::uint32_t {
  const auto& tables = kCrc32cTables;
  std::uint32_t value = 0xFFFFFFFFU;
  for (; bytes.size() >= tables.size(); bytes = bytes.subspan(tables.size())) {
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < 4; ++i)
      next ^= tables[7 - i][((value >> 8 * i) ^ bytes[i]) & 0xFFU] ^ tables[3 - i][bytes[4 + i]];
    value = next;
  }
  for (const std::uint8_t byte : bytes) value = (value >> 8) ^ tables[0][(value ^ byte) & 0xFFU];
  return ~value;
}

}  // namespace holdfast::store
