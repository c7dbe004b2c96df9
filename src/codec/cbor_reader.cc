#include "codec/cbor_reader.h"

#include <algorithm>
#include <bit>
#include <concepts>
#include <limits>

#include "base/text.h"

namespace holdfast::codec {
namespace {

template <std::unsigned_integral Number>
auto load_big_endian(const std::uint8_t* at) -> Number {
  Number number;
  std::memcpy(&number, at, sizeof number);
  return std::endian::native == std::endian::big ? number : std::byteswap(number);
}

}  // namespace

auto Reader::text(std::size_t max) -> Result<std::string_view> {
  TRY(view, string(Major::text, max));
  if (!base::is_utf8(view)) return base::fail(Error::bad_utf8);
  return base::text_of(view);
}

auto Reader::long_head(Major major) -> Result<std::uint64_t> {
  const std::uint8_t first = input_[at_];
  if (first >> kMajorShift != static_cast<std::uint8_t>(major))
    return base::fail(Error::wrong_type);
  const auto info = static_cast<std::uint8_t>(first & kInfoMask);
  if (info > kEightBytesFollow) return base::fail(refusal_of(major, info));
  const std::size_t follow = std::size_t{1} << (info - kOneByteFollows);
  if (remaining() <= follow) return base::fail(Error::truncated);
  const std::uint8_t* at = input_.data() + at_ + 1;
  const std::uint64_t value = follow == 1   ? *at
                              : follow == 2 ? load_big_endian<std::uint16_t>(at)
                              : follow == 4 ? load_big_endian<std::uint32_t>(at)
                                            : load_big_endian<std::uint64_t>(at);
  const std::uint64_t floor =
      info == kOneByteFollows ? kOneByteFollows : std::uint64_t{1} << (4 * follow);
  if (value < floor) return base::fail(Error::not_shortest);
  at_ += 1 + follow;
  return value;
}

auto Reader::refusal_of(Major major, std::uint8_t info) -> Error {
  if (info != kIndefinite) return Error::not_canonical;  // 28 to 30 are reserved
  switch (major) {
    case Major::uint:
    case Major::negative:
    case Major::tag:
      return Error::not_canonical;  // no indefinite form exists
    default:
      return Error::indefinite_length;
  }
}

auto Reader::simple() -> Result<std::uint8_t> {
  if (remaining() == 0) return base::fail(Error::truncated);
  const std::uint8_t first = input_[at_];
  if (first >> kMajorShift == static_cast<std::uint8_t>(Major::simple)) {
    const auto info = static_cast<std::uint8_t>(first & kInfoMask);
    if (info > kEightBytesFollow) return base::fail(refusal_of(Major::simple, info));
  }
  if (first < kFalse || first > kNull) return base::fail(Error::wrong_type);
  ++at_;
  return first;
}

auto Reader::skip_item(std::size_t depth_max) -> Result<ByteView> {
  CHECK(depth_max <= kDepthMax);
  const std::size_t start = at_;
  TRY_DO(skip(depth_max));
  return since(start);
}

auto Reader::skip(std::size_t depth_left) -> Result<void> {
  constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();  // the input bounds it
  if (remaining() == 0) return base::fail(Error::truncated);
  switch (static_cast<Major>(input_[at_] >> kMajorShift)) {
    case Major::uint:
      return head(Major::uint).transform([](std::uint64_t) {});
    case Major::bytes:
      return bytes(kAny).transform([](ByteView) {});
    case Major::text:
      return text(kAny).transform([](std::string_view) {});
    case Major::array: {
      TRY(size, array(kAny));
      if (depth_left == 0) return base::fail(Error::too_deep);
      for (std::size_t i = 0; i < size; ++i) TRY_DO(skip(depth_left - 1));
      return {};
    }
    case Major::map:
      return skip_map(depth_left);
    case Major::simple:
      return simple().transform([](std::uint8_t) {});
    default:
      return base::fail(Error::wrong_type);
  }
}

auto Reader::skip_map(std::size_t depth_left) -> Result<void> {
  TRY(size, map(std::numeric_limits<std::size_t>::max()));
  if (depth_left == 0) return base::fail(Error::too_deep);
  MapKeys keys;
  for (std::size_t i = 0; i < size; ++i) {
    if (remaining() == 0) return base::fail(Error::truncated);
    const auto major = static_cast<Major>(input_[at_] >> kMajorShift);
    if (major != Major::uint && major != Major::bytes && major != Major::text)
      return base::fail(Error::wrong_type);
    const std::size_t start = at_;
    TRY_DO(skip(0));
    TRY_DO(keys.accept(since(start)));
    TRY_DO(skip(depth_left - 1));
  }
  return {};
}

auto MapKeys::uint(Reader& in, std::uint64_t max) -> Result<std::uint64_t> {
  const std::size_t start = in.position();
  TRY(key, in.uint(max));
  TRY_DO(accept(in.since(start)));
  return key;
}

auto MapKeys::text(Reader& in, std::size_t max) -> Result<std::string_view> {
  const std::size_t start = in.position();
  TRY(key, in.text(max));
  TRY_DO(accept(in.since(start)));
  return key;
}

auto MapKeys::accept(ByteView encoded_key) -> Result<void> {
  const auto order = std::lexicographical_compare_three_way(last_.begin(), last_.end(),
                                                            encoded_key.begin(), encoded_key.end());
  if (order == 0) return base::fail(Error::duplicate_key);
  if (order > 0) return base::fail(Error::unsorted_keys);
  last_ = encoded_key;
  return {};
}

}  // namespace holdfast::codec
