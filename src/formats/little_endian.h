// little_endian.h: integers of foreign files, least significant byte first.
// Limits, time: none. Threads: any. Errors: file_corrupt where bytes are missing.
#pragma once

#include <concepts>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace holdfast::formats {

// Of the first bytes, as many as the type has; the caller knows that they are there.
template <std::unsigned_integral Number>
[[nodiscard]] auto little_endian(base::ByteView bytes) -> Number {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
  return static_cast<Number>(value);
}

template <std::unsigned_integral Number, class Buffer>
void append_little_endian(Buffer& to, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    to.push_back(static_cast<std::uint8_t>(std::uint64_t{number} >> (8 * i)));
}

// Takes bytes from the front; never beyond the end.
class ByteCursor {
 public:
  explicit ByteCursor(base::ByteView bytes) : bytes_{bytes} {}
  [[nodiscard]] auto left() const -> std::size_t { return bytes_.size() - at_; }
  [[nodiscard]] auto offset() const -> std::size_t { return at_; }

  [[nodiscard]] auto take(std::uint64_t size) -> base::Result<base::ByteView> {
    if (size > left()) return base::fail(base::Error::file_corrupt);
    at_ += static_cast<std::size_t>(size);
    return bytes_.subspan(at_ - static_cast<std::size_t>(size), static_cast<std::size_t>(size));
  }
  template <std::unsigned_integral Number>
  [[nodiscard]] auto number() -> base::Result<Number> {
    TRY(bytes, take(sizeof(Number)));
    return little_endian<Number>(bytes);
  }

 private:
  base::ByteView bytes_;
  std::size_t at_ = 0;
};

}  // namespace holdfast::formats
