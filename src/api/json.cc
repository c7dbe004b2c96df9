#include "api/json.h"

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>

#include "api/text_codec.h"
#include "base/text.h"

namespace holdfast::api {
namespace {

namespace json = boost::json;
using base::Error, base::fail, base::Result;

// Builds the value, and counts keys: Boost.JSON silently keeps the last of two equal ones, so a
// document with more keys than members had a duplicate.
struct Builder {
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  using Code = boost::system::error_code;
  using Text = json::string_view;

  explicit Builder(json::storage_ptr storage) : stack{std::move(storage)} {}

  auto on_document_begin(Code&) -> bool { return true; }
  auto on_document_end(Code&) -> bool { return true; }
  auto on_object_begin(Code&) -> bool { return true; }
  auto on_object_end(std::size_t members, Code&) -> bool {
    stack.push_object(members);
    return true;
  }
  auto on_array_begin(Code&) -> bool { return true; }
  auto on_array_end(std::size_t items, Code&) -> bool {
    stack.push_array(items);
    return true;
  }
  auto on_key_part(Text part, std::size_t, Code&) -> bool {
    stack.push_chars(part);
    return true;
  }
  auto on_key(Text part, std::size_t, Code&) -> bool {
    ++keys;
    stack.push_key(part);
    return true;
  }
  auto on_string_part(Text part, std::size_t, Code&) -> bool {
    stack.push_chars(part);
    return true;
  }
  auto on_string(Text part, std::size_t, Code&) -> bool {
    stack.push_string(part);
    return true;
  }
  auto on_number_part(Text, Code&) -> bool { return true; }
  auto on_int64(std::int64_t value, Text, Code&) -> bool {
    stack.push_int64(value);
    return true;
  }
  auto on_uint64(std::uint64_t value, Text, Code&) -> bool {
    stack.push_uint64(value);
    return true;
  }
  auto on_double(double value, Text, Code& error) -> bool {
    if (!std::isfinite(value)) {
      infinite = true;
      error = json::make_error_code(json::error::exponent_overflow);
      return false;
    }
    stack.push_double(value);
    return true;
  }
  auto on_bool(bool value, Code&) -> bool {
    stack.push_bool(value);
    return true;
  }
  auto on_null(Code&) -> bool {
    stack.push_null();
    return true;
  }
  auto on_comment_part(Text, Code&) -> bool { return true; }
  auto on_comment(Text, Code&) -> bool { return true; }

  json::value_stack stack;
  std::size_t keys = 0;
  bool infinite = false;
};

auto members_of(const json::value& value) -> std::size_t {
  std::size_t total = 0;
  if (const auto* object = value.if_object()) {
    total = object->size();
    for (const auto& member : *object) total += members_of(member.value());
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) total += members_of(item);
  }
  return total;
}

}  // namespace

auto JsonDocument::parse(base::ByteView text, base::SecretMemory& memory)
    -> Result<std::unique_ptr<JsonDocument>> {
  try {
    std::unique_ptr<JsonDocument> document{new JsonDocument{memory}};
    const json::storage_ptr storage{&document->memory_};
    json::parse_options options;
    options.max_depth = kJsonDepthMax;
    json::basic_parser<Builder> parser{options, storage};
    Builder& builder = parser.handler();
    builder.stack.reset(storage);  // without it the values would lie in the ordinary heap
    const std::string_view view = base::text_of(text);
    boost::system::error_code error;
    const std::size_t used = parser.write_some(false, view.data(), view.size(), error);
    if (builder.infinite) return fail(Error::out_of_range);
    if (error || used != view.size()) return fail(Error::bad_request_json);
    document->root_ = builder.stack.release();
    if (members_of(document->root_) != builder.keys) return fail(Error::duplicate_key);
    return document;
  } catch (const std::bad_alloc&) {
    return fail(Error::secret_memory_exhausted);
  }
}

auto JsonWriter::key(std::string_view name) -> JsonWriter& {
  comma();
  quoted(name);
  put(":");
  comma_needed_ = false;
  return *this;
}

auto JsonWriter::text(std::string_view value) -> JsonWriter& {
  comma();
  quoted(value);
  return *this;
}

auto JsonWriter::text(const base::SecretBytes& value) -> JsonWriter& {
  value.expose_text([&](std::string_view view) { text(view); });
  return *this;
}

auto JsonWriter::base64(base::ByteView value) -> JsonWriter& {
  comma();
  put("\"");
  append_base64(out_.buffer(), value);
  put("\"");
  return *this;
}

auto JsonWriter::boolean(bool value) -> JsonWriter& { return raw(value ? "true" : "false"); }
auto JsonWriter::null() -> JsonWriter& { return raw("null"); }

auto JsonWriter::real(double value) -> JsonWriter& {
  std::array<char, 64> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                 std::chars_format::fixed, 2);
  return raw({digits.data(), end.ptr});
}

auto JsonWriter::unsigned_number(std::uint64_t value) -> JsonWriter& {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return raw({digits.data(), end.ptr});
}

auto JsonWriter::raw(std::string_view json_text) -> JsonWriter& {
  comma();
  put(json_text);
  return *this;
}

auto JsonWriter::open(char bracket) -> JsonWriter& {
  comma();
  put({&bracket, 1});
  comma_needed_ = false;
  return *this;
}

auto JsonWriter::close(char bracket) -> JsonWriter& {
  put({&bracket, 1});
  comma_needed_ = true;
  return *this;
}

void JsonWriter::comma() {
  if (comma_needed_) put(",");
  comma_needed_ = true;
}

void JsonWriter::put(std::string_view bytes) {
  auto& out = out_.buffer();
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void JsonWriter::quoted(std::string_view value) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  put("\"");
  std::size_t plain = 0;  // start of what is copied as it is
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto byte = static_cast<unsigned char>(value[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    put(value.substr(plain, i - plain));
    plain = i + 1;
    if (byte == '"' || byte == '\\') {
      const std::array<char, 2> escaped{'\\', value[i]};
      put({escaped.data(), escaped.size()});
    } else if (byte == '\n') {
      put("\\n");
    } else {
      const std::array<char, 6> escaped{'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
      put({escaped.data(), escaped.size()});
    }
  }
  put(value.substr(plain));
  put("\"");
}

}  // namespace holdfast::api
