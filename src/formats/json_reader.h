// json_reader.h: strict JSON into a tree in wiped memory. Stricter than the library underneath: a
// key twice, a number that no double can hold and bytes after the document are errors. Numbers stay
// text, so that none loses digits; the order of members is kept. Strings without escapes are views
// of the file, which must outlive the document. Limits: depth kJsonDepthMax; bytes kImportBytesMax
// (the caller's check). Time: none. Threads: one. Errors, at "line 7": bad_json, too_deep,
// duplicate_key, out_of_range; throws std::bad_alloc. Source: RFC 8259; docs/design/platform.md §2.
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace holdfast::formats {

enum class JsonType : std::uint8_t { null, boolean, number, string, array, object };
struct JsonMember;

class JsonValue {
 public:
  JsonValue() = default;
  explicit JsonValue(bool value) : type_{JsonType::boolean}, size_{value ? 1u : 0u} {}
  JsonValue(JsonType type, std::string_view text)  // number, string
      : type_{type}, size_{text.size()}, data_{text.data()} {}
  explicit JsonValue(std::span<const JsonValue> items)
      : type_{JsonType::array}, size_{items.size()}, data_{items.data()} {}
  JsonValue(const JsonMember* members, std::size_t count)
      : type_{JsonType::object}, size_{count}, data_{members} {}

  [[nodiscard]] auto type() const -> JsonType { return type_; }
  [[nodiscard]] auto is(JsonType type) const -> bool { return type_ == type; }
  [[nodiscard]] auto is_true() const -> bool { return type_ == JsonType::boolean && size_ == 1; }
  [[nodiscard]] auto text() const -> std::string_view;  // of a string or number; else empty
  [[nodiscard]] auto items() const -> std::span<const JsonValue>;     // of an array; else empty
  [[nodiscard]] auto members() const -> std::span<const JsonMember>;  // of an object; else empty
  [[nodiscard]] auto find(std::string_view key) const -> const JsonValue*;  // null: no such member
  [[nodiscard]] auto unsigned_number() const -> std::optional<std::uint64_t>;

 private:
  JsonType type_ = JsonType::null;
  std::size_t size_ = 0;
  const void* data_ = nullptr;  // in the document's arena, or the file
};

struct JsonMember {
  std::string_view key;
  JsonValue value;
};

class JsonDocument {
 public:
  static auto parse(base::ByteView file, base::SecretMemory& memory)
      -> base::Detailed<JsonDocument>;
  [[nodiscard]] auto root() const -> const JsonValue& { return root_; }

 private:
  using Arena = std::pmr::monotonic_buffer_resource;
  std::unique_ptr<Arena> arena_;
  JsonValue root_;
};

// 1 for the first byte; for the place of an error.
[[nodiscard]] auto line_of(base::ByteView file, std::size_t offset) -> std::size_t;

}  // namespace holdfast::formats
