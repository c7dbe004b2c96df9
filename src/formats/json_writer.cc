#include "formats/json_writer.h"

#include <string>

#include "base/text.h"
#include "formats/base_text.h"
#include "formats/secret_text.h"

namespace holdfast::formats {
namespace {

auto must_escape(char c) -> bool {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

void append_escaped(base::SecretBytes::Buffer& out, char c) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  switch (c) {
    case '"':
      return append_text(out, "\\\"");
    case '\\':
      return append_text(out, "\\\\");
    case '\n':
      return append_text(out, "\\n");
    case '\r':
      return append_text(out, "\\r");
    case '\t':
      return append_text(out, "\\t");
    default:
      break;
  }
  append_text(out, "\\u00");
  append_text(out, kDigits.substr(static_cast<unsigned char>(c) >> 4, 1));
  append_text(out, kDigits.substr(static_cast<unsigned char>(c) & 15, 1));
}

}  // namespace

void JsonWriter::separate() {
  if (comma_) out_.push_back(',');
  comma_ = true;
}

void JsonWriter::open(char bracket) {
  separate();
  out_.push_back(static_cast<std::uint8_t>(bracket));
  comma_ = false;
}

void JsonWriter::close(char bracket) {
  out_.push_back(static_cast<std::uint8_t>(bracket));
  comma_ = true;
}

void JsonWriter::key(std::string_view name) {
  string(name);
  out_.push_back(':');
  comma_ = false;
}

void JsonWriter::quoted(std::string_view text) {
  if (!base::is_utf8(base::view_of(text))) ok_ = false;
  out_.push_back('"');
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && !must_escape(text[plain])) ++plain;
    append_text(out_, text.substr(0, plain));
    if (plain < text.size()) append_escaped(out_, text[plain++]);
    text.remove_prefix(plain);
  }
  out_.push_back('"');
}

void JsonWriter::string(std::string_view text) {
  separate();
  quoted(text);
}

void JsonWriter::string(const base::SecretBytes& text) { string(peek(text)); }

void JsonWriter::number(std::uint64_t value) { raw(std::to_string(value)); }

void JsonWriter::raw(std::string_view text) {
  separate();
  append_text(out_, text);
}

void JsonWriter::base64(base::ByteView bytes) {
  separate();
  out_.push_back('"');
  base64_append(out_, bytes);
  out_.push_back('"');
}

void JsonWriter::newline() {
  if (comma_) out_.push_back(',');
  comma_ = false;
  out_.push_back('\n');
}

void JsonWriter::value(const JsonValue& value) {  // as deep as the reader allows
  switch (value.type()) {
    case JsonType::null:
      return null();
    case JsonType::boolean:
      return boolean(value.is_true());
    case JsonType::number:
      return raw(value.text());
    case JsonType::string:
      return string(value.text());
    case JsonType::array:
      begin_array();
      for (const JsonValue& item : value.items()) this->value(item);
      return end_array();
    case JsonType::object:
      begin_object();
      for (const JsonMember& member : value.members()) {
        key(member.key);
        this->value(member.value);
      }
      return end_object();
  }
}

}  // namespace holdfast::formats
