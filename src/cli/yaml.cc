#include "cli/yaml.h"

#include <algorithm>
#include <array>

#include "formats/json_writer.h"

namespace holdfast::cli {
namespace {

using formats::JsonMember, formats::JsonValue;

class Yaml {
 public:
  explicit Yaml(base::SecretBytes& out) : out_{out.buffer()} {}

  // After "key:" or "-"; what has parts begins on the next line, what has none on this one.
  void value(const JsonValue& value, std::size_t depth) {
    if (!value.members().empty()) {
      put("\n");
      members(value, depth, true);
    } else if (!value.items().empty()) {
      put("\n");
      items(value, depth);
    } else {
      put(" ");
      scalar(value);
      put("\n");
    }
  }
  void members(const JsonValue& object, std::size_t depth, bool indent_first) {
    for (const JsonMember& member : object.members()) {
      if (indent_first) indent(depth);
      indent_first = true;
      string(member.key);
      put(":");
      value(member.value, depth + 1);
    }
  }
  void items(const JsonValue& array, std::size_t depth) {
    for (const JsonValue& item : array.items()) {
      indent(depth);
      put("-");
      if (item.members().empty()) {
        value(item, depth + 1);
        continue;
      }
      put(" ");
      members(item, depth + 1, false);  // the first one beside the dash
    }
  }
  void scalar(const JsonValue& value) {
    formats::JsonWriter json{out_};  // of a scalar, JSON is YAML
    json.value(value);
  }

 private:
  void put(std::string_view text) { out_.insert(out_.end(), text.begin(), text.end()); }
  void indent(std::size_t depth) { out_.insert(out_.end(), 2 * depth, ' '); }
  void string(std::string_view text) {
    const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) {
      return (c >= 'a' && c <= 'z') || c == '_';
    });
    constexpr auto kWords = std::to_array<std::string_view>(
        {"y", "n", "yes", "no", "on", "off", "true", "false", "null"});
    if (plain && !std::ranges::contains(kWords, text)) return put(text);
    formats::JsonWriter json{out_};
    json.string(text);
  }
  base::SecretBytes::Buffer& out_;
};

}  // namespace

auto yaml_of(const JsonValue& value, base::SecretMemory& memory) -> base::SecretBytes {
  base::SecretBytes text{memory};
  Yaml yaml{text};
  if (!value.members().empty()) {
    yaml.members(value, 0, true);
  } else if (!value.items().empty()) {
    yaml.items(value, 0);
  } else {
    yaml.scalar(value);
    text.buffer().push_back('\n');
  }
  return text;
}

}  // namespace holdfast::cli
