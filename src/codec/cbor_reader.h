// cbor_reader.h: strict pull reader of deterministic CBOR. No lax path exists: whatever it accepts
// has exactly one encoding, the accepted one.
// Subset: unsigned integers, byte and text strings, arrays, maps, false, true, null. Refused:
// negative integers, tags, floats, undefined, other simple values, indefinite lengths, non-shortest
// heads, unsorted or repeated keys, keys that are not an integer or a string. Limits: every call
// takes its own, lengths are compared with the bytes left before anybody allocates; kDepthMax open
// containers. Views point into the input. After an error the reader is not used again. Time:
// linear. Threads: one. Errors: truncated, trailing_bytes, wrong_type, not_shortest,
// indefinite_length, not_canonical (reserved head), too_deep, too_long, out_of_range, bad_length,
// bad_utf8, duplicate_key, unsorted_keys. Source: RFC 8949 §3, §4.2.1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "base/result.h"

namespace holdfast::codec {

using base::ByteView, base::Error, base::Result;

inline constexpr std::size_t kDepthMax = 16;

// The three high bits of an item's first byte (RFC 8949 §3.1).
enum class Major : std::uint8_t { uint, negative, bytes, text, array, map, tag, simple };

class Reader {
 public:
  explicit Reader(ByteView input) : input_{input} {}

  // Elements that follow. Each takes a byte at least, so a count beyond the input is refused here.
  [[nodiscard]] auto array(std::size_t max) -> Result<std::size_t> {
    return count(Major::array, 1, max);
  }
  // An array of a known shape: anything but `size` elements is bad_length.
  [[nodiscard]] auto array_of(std::size_t size) -> Result<void> {
    const auto value = head(Major::array);
    if (!value) return base::fail(value.error());
    if (*value != size) return base::fail(Error::bad_length);
    return {};
  }
  // Pairs that follow; their keys are read through MapKeys.
  [[nodiscard]] auto map(std::size_t max) -> Result<std::size_t> {
    return count(Major::map, 2, max);
  }
  [[nodiscard]] auto uint(std::uint64_t max) -> Result<std::uint64_t> {
    const auto value = head(Major::uint);
    if (!value) return value;
    if (*value > max) return base::fail(Error::out_of_range);
    return value;
  }
  [[nodiscard]] auto bytes(std::size_t max) -> Result<ByteView> {
    return string(Major::bytes, max);
  }
  // A byte string of exactly the array's size, copied into it.
  template <std::size_t kBytes>
  [[nodiscard]] auto copy_bytes(std::array<std::uint8_t, kBytes>& to) -> Result<void> {
    const auto size = head(Major::bytes);
    if (!size) [[unlikely]]
      return base::fail(size.error());
    if (*size != kBytes) [[unlikely]]
      return base::fail(Error::bad_length);
    if (kBytes > remaining()) [[unlikely]]
      return base::fail(Error::truncated);
    std::memcpy(to.data(), input_.data() + at_, kBytes);
    at_ += kBytes;
    return {};
  }
  template <class T>  // base::FixedBytes
  [[nodiscard]] auto fixed_bytes() -> Result<T> {
    Result<T> value;
    if (const auto copied = copy_bytes(value->bytes); !copied) [[unlikely]]
      value = base::fail(copied.error());
    return value;
  }
  [[nodiscard]] auto text(std::size_t max) -> Result<std::string_view>;
  [[nodiscard]] auto boolean() -> Result<bool> {
    const auto value = simple();
    if (!value) return base::fail(value.error());
    if (*value != kFalse && *value != kTrue) return base::fail(Error::wrong_type);
    return *value == kTrue;
  }
  [[nodiscard]] auto null() -> Result<void> {
    const auto value = simple();
    if (!value) return base::fail(value.error());
    if (*value != kNull) return base::fail(Error::wrong_type);
    return {};
  }
  [[nodiscard]] auto peek_null() const -> bool {
    return at_ < input_.size() && input_[at_] == kNull;
  }
  // The raw bytes of one item of any type of the subset, checked as strictly as everything else.
  // At most depth_max containers may be open at once; 0 takes scalars alone.
  [[nodiscard]] auto skip_item(std::size_t depth_max) -> Result<ByteView>;
  [[nodiscard]] auto finish() const -> Result<void> {
    if (at_ != input_.size()) return base::fail(Error::trailing_bytes);
    return {};
  }

  [[nodiscard]] auto position() const -> std::size_t { return at_; }
  // The bytes read since an earlier position(): an item as it was stored.
  [[nodiscard]] auto since(std::size_t position) const -> ByteView {
    CHECK(position <= at_);
    return input_.subspan(position, at_ - position);
  }
  [[nodiscard]] auto remaining() const -> std::size_t { return input_.size() - at_; }

 private:
  static constexpr std::uint8_t kFalse = 0xf4, kTrue = 0xf5, kNull = 0xf6;
  static constexpr std::uint8_t kOneByteFollows = 24, kEightBytesFollow = 27, kIndefinite = 31;
  static constexpr unsigned kMajorShift = 5;
  static constexpr std::uint8_t kInfoMask = 0x1f;

  // One byte of head, or two, is what nearly every item has; the rest is long_head's.
  [[nodiscard]] auto head(Major major) -> Result<std::uint64_t> {
    if (at_ == input_.size()) [[unlikely]]
      return base::fail(Error::truncated);
    // another major type gives 32 or more
    const auto info =
        static_cast<std::uint8_t>(input_[at_] ^ static_cast<unsigned>(major) << kMajorShift);
    if (info < kOneByteFollows) {
      ++at_;
      return info;
    }
    if (info == kOneByteFollows && remaining() > 1 && input_[at_ + 1] >= kOneByteFollows) {
      at_ += 2;
      return input_[at_ - 1];
    }
    return long_head(major);
  }

  [[nodiscard]] auto count(Major major, std::size_t bytes_each_min, std::size_t max)
      -> Result<std::size_t> {
    const auto value = head(major);
    if (!value) return base::fail(value.error());
    if (*value > max) return base::fail(Error::too_long);
    if (*value > remaining() / bytes_each_min) return base::fail(Error::truncated);
    return static_cast<std::size_t>(*value);
  }

  [[nodiscard]] auto string(Major major, std::size_t max) -> Result<ByteView> {
    const auto size = head(major);
    if (!size) [[unlikely]]
      return base::fail(size.error());
    if (*size > max) [[unlikely]]
      return base::fail(Error::too_long);
    if (*size > remaining()) [[unlikely]]
      return base::fail(Error::truncated);
    const ByteView view = input_.subspan(at_, static_cast<std::size_t>(*size));
    at_ += view.size();
    return view;
  }

  [[nodiscard]] auto long_head(Major major) -> Result<std::uint64_t>;
  [[nodiscard]] static auto refusal_of(Major major, std::uint8_t info) -> Error;
  [[nodiscard]] auto simple() -> Result<std::uint8_t>;
  [[nodiscard]] auto skip(std::size_t depth_left) -> Result<void>;
  [[nodiscard]] auto skip_map(std::size_t depth_left) -> Result<void>;

  ByteView input_;
  std::size_t at_ = 0;  // <= input_.size()
};

// The keys of one map, in their one allowed order: ascending by their encoded bytes.
class MapKeys {
 public:
  [[nodiscard]] auto uint(Reader& in, std::uint64_t max) -> Result<std::uint64_t>;
  [[nodiscard]] auto text(Reader& in, std::size_t max) -> Result<std::string_view>;
  [[nodiscard]] auto accept(ByteView encoded_key) -> Result<void>;

 private:
  ByteView last_;  // empty: none yet
};

}  // namespace holdfast::codec
