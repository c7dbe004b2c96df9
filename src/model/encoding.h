// encoding.h: how the model's structures become CBOR and back; internal to the module.
// shape(record) lists a structure's elements once, in the order of docs/formats.cddl; write() and
// read() both follow that list, so the two directions cannot drift apart. Elements are references
// to fields or one of the wrappers below, which carry limits. Limits: those of the wrappers.
// Threads: pure. Errors: the codec's, bad_length (number of elements), unsupported_version,
// unsupported_suite, unsorted_keys and duplicate_key (ascending lists).
#pragma once

#include <concepts>
#include <limits>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "codec/cbor_reader.h"
#include "codec/cbor_writer.h"
#include "model/ids.h"

namespace holdfast::model {

using base::Bytes, base::ByteView, base::Error, base::Result;
using codec::Reader, codec::Writer;

inline constexpr std::uint64_t kAnyNumber = std::numeric_limits<std::uint64_t>::max();

template <class T, class R>
concept Is = std::same_as<std::remove_const_t<T>, R>;
template <class T>
concept Number = std::is_enum_v<T> && std::same_as<std::underlying_type_t<T>, std::uint64_t>;

// ---- elements: wrappers that carry a constant or a limit --------------------------------------
struct FormatVersion {};  // `v`
struct Suite {};
template <class B>
struct AtMost {  // a byte string; B is Bytes or const Bytes
  B& bytes;
  std::size_t max;
};
template <class B>
struct Exactly {
  B& bytes;
  std::size_t size;
};
template <class O>
struct ExactlyOrNull {  // an optional byte string
  O& bytes;
  std::size_t size;
};
template <class E>
struct Below {  // an enumeration with as many values as `end`
  E& value;
  std::uint64_t end;
};
template <class V>
struct List {
  V& items;
  std::size_t min, max;
};
template <class V>
struct Ascending {  // and unique; elements order themselves, or by rank() of them
  V& items;
  std::size_t min, max;
};

// The elements of a positional array: fields by reference, wrappers by value.
template <class... Ts>
auto fields(Ts&&... elements) {
  return std::tuple<Ts...>{std::forward<Ts>(elements)...};
}
template <class T>
concept Shaped = requires(T& record) { shape(record); };

// ---- writing
// --------------------------------------------------------------------------------------
inline void write(Writer& out, std::uint64_t value) { out.uint(value); }
inline void write(Writer& out, bool value) { out.boolean(value); }
inline void write(Writer& out, FormatVersion) { out.uint(kFormatVersion); }
inline void write(Writer& out, Suite) { out.uint(kSuite); }
template <class Tag, std::size_t kBytes>
void write(Writer& out, const base::FixedBytes<Tag, kBytes>& value) {
  out.bytes(value.view());
}
template <Number N>
void write(Writer& out, N value) {
  out.uint(std::to_underlying(value));
}
template <class B>
void write(Writer& out, const AtMost<B>& element) {
  out.bytes(element.bytes);
}
template <class B>
void write(Writer& out, const Exactly<B>& element) {
  out.bytes(element.bytes);
}
template <class O>
void write(Writer& out, const ExactlyOrNull<O>& element) {
  element.bytes ? out.bytes(*element.bytes) : out.null();
}
template <class E>
void write(Writer& out, const Below<E>& element) {
  out.uint(std::to_underlying(element.value));
}
template <class T>
void write(Writer& out, const std::optional<T>& value);
template <class V>
void write(Writer& out, const List<V>& list);
template <class V>
void write(Writer& out, const Ascending<V>& list);
template <class... Ts>
void write(Writer& out, const std::tuple<Ts...>& elements);
template <Shaped R>
void write(Writer& out, const R& record);

template <class T>
void write(Writer& out, const std::optional<T>& value) {
  if (value) {
    write(out, *value);
  } else {
    out.null();
  }
}
template <class V>
void write(Writer& out, const List<V>& list) {
  out.array(list.items.size());
  for (const auto& item : list.items) write(out, item);
}
template <class V>
void write(Writer& out, const Ascending<V>& list) {
  write(out, List<V>{list.items, list.min, list.max});
}
template <class... Ts>
void write(Writer& out, const std::tuple<Ts...>& elements) {
  out.array(sizeof...(Ts));
  std::apply([&](const auto&... element) { (write(out, element), ...); }, elements);
}
template <Shaped R>
void write(Writer& out, const R& record) {
  write(out, shape(record));
}

// ---- reading
// --------------------------------------------------------------------------------------
inline auto read(Reader& in, std::uint64_t& value) -> Result<void> {
  return in.uint(kAnyNumber).transform([&](std::uint64_t number) { value = number; });
}
inline auto read(Reader& in, bool& value) -> Result<void> {
  return in.boolean().transform([&](bool truth) { value = truth; });
}
inline auto read(Reader& in, FormatVersion) -> Result<void> {
  TRY(version, in.uint(kAnyNumber));
  if (version != kFormatVersion) return base::fail(Error::unsupported_version);
  return {};
}
inline auto read(Reader& in, Suite) -> Result<void> {
  TRY(suite, in.uint(kAnyNumber));
  if (suite != kSuite) return base::fail(Error::unsupported_suite);
  return {};
}
template <class Tag, std::size_t kBytes>
auto read(Reader& in, base::FixedBytes<Tag, kBytes>& value) -> Result<void> {
  return in.copy_bytes(value.bytes);
}
template <Number N>
auto read(Reader& in, N& value) -> Result<void> {
  return in.uint(kAnyNumber).transform([&](std::uint64_t number) { value = N{number}; });
}
template <class B>
auto read(Reader& in, const AtMost<B>& element) -> Result<void> {
  return in.bytes(element.max).transform([&](ByteView view) {
    element.bytes.assign(view.begin(), view.end());
  });
}
template <class B>
auto read(Reader& in, const Exactly<B>& element) -> Result<void> {
  TRY(view, in.bytes(kAnyNumber));
  if (view.size() != element.size) return base::fail(Error::bad_length);
  element.bytes.assign(view.begin(), view.end());
  return {};
}
template <class O>
auto read(Reader& in, const ExactlyOrNull<O>& element) -> Result<void> {
  if (in.peek_null()) return in.null();
  return read(in, Exactly<Bytes>{element.bytes.emplace(), element.size});
}
template <class E>
auto read(Reader& in, const Below<E>& element) -> Result<void> {
  return in.uint(element.end - 1).transform([&](std::uint64_t number) {
    element.value = static_cast<E>(number);
  });
}
template <class T>
auto read(Reader& in, std::optional<T>& value) -> Result<void>;
template <class V>
auto read(Reader& in, const List<V>& list) -> Result<void>;
template <class V>
auto read(Reader& in, const Ascending<V>& list) -> Result<void>;
template <class... Ts>
auto read(Reader& in, const std::tuple<Ts...>& elements) -> Result<void>;
template <Shaped R>
auto read(Reader& in, R& record) -> Result<void>;

template <class... Ts>
auto read_each(Reader& in, Ts&... elements) -> Result<void> {
  Result<void> result;
  static_cast<void>(((result = read(in, elements), result.has_value()) && ...));
  return result;
}
template <class T>
auto read(Reader& in, std::optional<T>& value) -> Result<void> {
  if (in.peek_null()) return in.null();
  return read(in, value.emplace());
}
template <class V>
auto read(Reader& in, const List<V>& list) -> Result<void> {
  TRY(size, in.array(list.max));
  if (size < list.min) return base::fail(Error::bad_length);
  list.items.reserve(size);  // <= max, and <= the bytes that are there
  for (std::size_t i = 0; i < size; ++i) TRY_DO(read(in, list.items.emplace_back()));
  return {};
}
template <class T>
auto rank(const T& item) -> const T& {
  return item;  // NOLINT(bugprone-return-const-ref-from-parameter): elements of a list, no
                // temporaries
}
template <class V>
auto read(Reader& in, const Ascending<V>& list) -> Result<void> {
  TRY_DO(read(in, List<V>{list.items, list.min, list.max}));
  for (std::size_t i = 1; i < list.items.size(); ++i) {
    const auto order = rank(list.items[i - 1]) <=> rank(list.items[i]);
    if (order == 0) return base::fail(Error::duplicate_key);
    if (order > 0) return base::fail(Error::unsorted_keys);
  }
  return {};
}
// The first element is read before the count is judged: a later format says unsupported_version.
template <class... Ts>
auto read(Reader& in, const std::tuple<Ts...>& elements) -> Result<void> {
  TRY(size, in.array(kAnyNumber));
  return std::apply(
      [&](auto& first, auto&... rest) -> Result<void> {
        if (size == 0) return base::fail(Error::bad_length);
        TRY_DO(read(in, first));
        if (size != sizeof...(Ts)) return base::fail(Error::bad_length);
        return read_each(in, rest...);
      },
      elements);
}
template <Shaped R>
auto read(Reader& in, R& record) -> Result<void> {
  return read(in, shape(record));
}

// ---- whole messages
// ---------------------------------------------------------------------------------
template <class T>
auto encoded(const T& value) -> Bytes {
  Bytes out;
  Writer writer{out};
  write(writer, value);
  return out;
}
template <class T>
auto decoded(ByteView bytes) -> Result<T> {
  Reader in{bytes};
  T value;
  TRY_DO(read(in, value));
  TRY_DO(in.finish());
  return value;
}

// ---- digests
// ----------------------------------------------------------------------------------------
template <class Id>
auto id_of(const Digest& digest) -> Id {
  return Id{digest.bytes};
}
// CBOR[domain, body] up to the first byte of the body.
[[nodiscard]] auto digest_prefix(std::string_view domain, std::size_t body_bytes) -> Bytes;
[[nodiscard]] auto domain_text(std::string_view domain) -> std::string;  // "holdfast/1/" + domain
// An array that begins with a domain; elements_all counts the domain too.
void write_domain(Writer& out, std::size_t elements_all, std::string_view domain);
// signed_message() up to the first byte of the body.
[[nodiscard]] auto message_prefix(const std::optional<VaultId>& vault,
                                  const std::optional<DeviceId>& recipient, std::size_t body_bytes)
    -> Bytes;

}  // namespace holdfast::model
