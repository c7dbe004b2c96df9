// bytes.h: byte strings, fixed-size byte strings with a name, hexadecimal.
// Limits: none of their own; callers pass them. Threads: values. Errors: bad_hex, bad_length.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holdfast::base {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

[[nodiscard]] inline auto view_of(std::string_view text) -> ByteView {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline auto text_of(ByteView bytes) -> std::string_view {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline auto to_bytes(ByteView bytes) -> Bytes { return {bytes.begin(), bytes.end()}; }
inline void append(Bytes& to, ByteView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

[[nodiscard]] auto to_hex(ByteView bytes) -> std::string;
[[nodiscard]] auto from_hex(std::string_view hex) -> Result<Bytes>;  // either case

// A public byte string of a fixed size whose tag keeps it apart from all others of that size.
// Ordered bytewise, so that it can key ordered maps.
template <class Tag, std::size_t kBytes>
struct FixedBytes {
  static constexpr std::size_t kSize = kBytes;
  std::array<std::uint8_t, kBytes> bytes{};

  static auto from(ByteView view) -> Result<FixedBytes> {
    if (view.size() != kBytes) return fail(Error::bad_length);
    FixedBytes value;
    std::copy(view.begin(), view.end(), value.bytes.begin());
    return value;
  }
  static auto from_hex(std::string_view hex) -> Result<FixedBytes> {
    if (hex.size() != 2 * kBytes) return fail(Error::bad_hex);
    return base::from_hex(hex).and_then([](const Bytes& raw) { return from(raw); });
  }
  [[nodiscard]] auto view() const -> std::span<const std::uint8_t, kBytes> { return bytes; }
  [[nodiscard]] auto hex() const -> std::string { return to_hex(bytes); }
  auto operator<=>(const FixedBytes&) const = default;
};

}  // namespace holdfast::base
