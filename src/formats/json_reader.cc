#include "formats/json_reader.h"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cstring>
#include <string>
#include <vector>

#include "base/check.h"
#include "formats/import.h"

namespace holdfast::formats {
namespace {

namespace json = boost::json;
using base::Error, base::fail;

constexpr std::size_t kFewMembers = 12;  // up to here comparing all pairs beats sorting

// Receives the library's events and builds the tree.
class TreeBuilder {
 public:
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  using Code = boost::system::error_code;

  TreeBuilder(base::ByteView file, std::pmr::memory_resource& arena, base::SecretMemory& scratch)
      : file_{file}, arena_{arena}, values_{&scratch}, pending_{&scratch}, keys_{&scratch} {}

  auto on_document_begin(Code&) -> bool { return true; }
  auto on_document_end(Code&) -> bool { return true; }
  auto on_array_begin(Code&) -> bool { return true; }
  auto on_object_begin(Code&) -> bool { return true; }
  auto on_comment_part(json::string_view, Code&) -> bool { return true; }
  auto on_comment(json::string_view, Code&) -> bool { return true; }

  auto on_array_end(std::size_t count, Code&) -> bool {
    CHECK(count <= values_.size());
    const auto first = values_.end() - static_cast<std::ptrdiff_t>(count);
    JsonValue* items = allocate<JsonValue>(count);
    std::copy(first, values_.end(), items);
    values_.erase(first, values_.end());
    values_.emplace_back(std::span<const JsonValue>{items, count});
    return true;
  }
  auto on_object_end(std::size_t count, Code& code) -> bool {
    CHECK(2 * count <= values_.size());
    const auto first = values_.end() - static_cast<std::ptrdiff_t>(2 * count);
    JsonMember* members = allocate<JsonMember>(count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto key = first + static_cast<std::ptrdiff_t>(2 * i);
      members[i] = {key->text(), *(key + 1)};
    }
    if (!distinct({members, count})) return refuse(Error::duplicate_key, code);
    values_.erase(first, values_.end());
    values_.emplace_back(members, count);
    return true;
  }
  auto on_key_part(json::string_view text, std::size_t, Code&) -> bool { return gather(text); }
  auto on_key(json::string_view text, std::size_t, Code&) -> bool {
    return push_text(JsonType::string, text);
  }
  auto on_string_part(json::string_view text, std::size_t, Code&) -> bool { return gather(text); }
  auto on_string(json::string_view text, std::size_t, Code&) -> bool {
    return push_text(JsonType::string, text);
  }
  auto on_number_part(json::string_view text, Code&) -> bool { return gather(text); }
  auto on_int64(std::int64_t, json::string_view text, Code& code) -> bool {
    return push_number(text, code);
  }
  auto on_uint64(std::uint64_t, json::string_view text, Code& code) -> bool {
    return push_number(text, code);
  }
  auto on_double(double, json::string_view text, Code& code) -> bool {
    return push_number(text, code);
  }
  auto on_bool(bool value, Code&) -> bool {
    values_.emplace_back(value);
    return true;
  }
  auto on_null(Code&) -> bool {
    values_.emplace_back();
    return true;
  }

  [[nodiscard]] auto error() const -> std::optional<Error> { return error_; }
  [[nodiscard]] auto root() const -> JsonValue {
    CHECK(values_.size() == 1);
    return values_.front();
  }

 private:
  template <class T>
  auto allocate(std::size_t count) -> T* {
    if (count == 0) return nullptr;
    T* items = static_cast<T*>(arena_.allocate(count * sizeof(T), alignof(T)));
    std::uninitialized_default_construct_n(items, count);
    return items;
  }
  auto refuse(Error error, Code& code) -> bool {
    error_ = error;
    code = json::make_error_code(json::error::syntax);
    return false;
  }
  auto gather(json::string_view text) -> bool {
    pending_.insert(pending_.end(), text.begin(), text.end());
    return true;
  }
  auto push_text(JsonType type, json::string_view text) -> bool {
    values_.emplace_back(type, kept(text));
    return true;
  }
  auto push_number(json::string_view text, Code& code) -> bool {
    const std::string_view digits = kept(text);
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{}) return refuse(Error::out_of_range, code);
    values_.emplace_back(JsonType::number, digits);
    return true;
  }
  // The whole text, gathered parts first: a view of the file where possible, else of the arena.
  auto kept(json::string_view last) -> std::string_view {
    const auto* begin = reinterpret_cast<const char*>(file_.data());
    const bool in_file =
        std::less_equal<>{}(begin, last.data()) && std::less<>{}(last.data(), begin + file_.size());
    if (pending_.empty() && (in_file || last.empty())) return {last.data(), last.size()};
    const std::size_t size = pending_.size() + last.size();
    char* copy = static_cast<char*>(arena_.allocate(size, 1));
    std::copy(pending_.begin(), pending_.end(), copy);
    std::copy(last.begin(), last.end(), copy + pending_.size());
    pending_.clear();
    return {copy, size};
  }
  auto distinct(std::span<const JsonMember> members) -> bool {
    if (members.size() <= kFewMembers) {
      for (std::size_t i = 1; i < members.size(); ++i)
        for (std::size_t k = 0; k < i; ++k)
          if (members[i].key == members[k].key) return false;
      return true;
    }
    keys_.clear();
    for (const JsonMember& member : members) keys_.push_back(member.key);
    std::ranges::sort(keys_);
    return std::ranges::adjacent_find(keys_) == keys_.end();
  }

  base::ByteView file_;
  std::pmr::memory_resource& arena_;
  std::pmr::vector<JsonValue> values_;  // finished values whose container is still open
  std::pmr::vector<char> pending_;      // the parts of a text before its last
  std::pmr::vector<std::string_view> keys_;
  std::optional<Error> error_;
};

// The library decodes escapes in a buffer on the stack; this overwrites where it was.
[[gnu::noinline]] void wipe_used_stack() {
  std::array<char, 16 << 10> where;
  ::explicit_bzero(where.data(), where.size());
}

}  // namespace

auto JsonValue::text() const -> std::string_view {
  if (type_ != JsonType::string && type_ != JsonType::number) return {};
  return {static_cast<const char*>(data_), size_};
}
auto JsonValue::items() const -> std::span<const JsonValue> {
  if (type_ != JsonType::array) return {};
  return {static_cast<const JsonValue*>(data_), size_};
}
auto JsonValue::members() const -> std::span<const JsonMember> {
  if (type_ != JsonType::object) return {};
  return {static_cast<const JsonMember*>(data_), size_};
}
auto JsonValue::find(std::string_view key) const -> const JsonValue* {
  for (const JsonMember& member : members())
    if (member.key == key) return &member.value;
  return nullptr;
}
auto JsonValue::unsigned_number() const -> std::optional<std::uint64_t> {
  if (type_ != JsonType::number) return std::nullopt;
  const std::string_view digits = text();
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

auto JsonDocument::parse(base::ByteView file, base::SecretMemory& memory)
    -> base::Detailed<JsonDocument> {
  JsonDocument document;
  document.arena_ = std::make_unique<Arena>(std::max<std::size_t>(file.size(), 1 << 10), &memory);
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  options.numbers = json::number_precision::none;  // kept as text
  json::basic_parser<TreeBuilder> parser{options, file, *document.arena_, memory};
  boost::system::error_code code;
  const std::size_t read =
      parser.write_some(false, reinterpret_cast<const char*>(file.data()), file.size(), code);
  wipe_used_stack();
  const auto failed = [&](Error error) {
    return fail(error, "line " + std::to_string(line_of(file, read)));
  };
  if (parser.handler().error()) return failed(*parser.handler().error());
  if (code == json::error::too_deep) return failed(Error::too_deep);
  if (code || read < file.size()) return failed(Error::bad_json);
  document.root_ = parser.handler().root();
  return document;
}

auto line_of(base::ByteView file, std::size_t offset) -> std::size_t {
  const auto before = file.first(std::min(offset, file.size()));
  return 1 + static_cast<std::size_t>(std::ranges::count(before, std::uint8_t{'\n'}));
}

}  // namespace holdfast::formats
