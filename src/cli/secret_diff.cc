#include "cli/secret_diff.h"

#include <algorithm>

#include "cli/text.h"

namespace holdfast::cli {
namespace {

auto buffer_of(std::string_view text, base::SecretMemory& memory) -> base::SecretBytes::Buffer {
  return {text.begin(), text.end(), &memory};
}

auto list_text(std::span<const JsonValue> items, base::SecretMemory& memory)
    -> base::SecretBytes::Buffer {
  base::SecretBytes::Buffer text{&memory};
  for (const JsonValue& item : items) {
    if (!text.empty()) text.insert(text.end(), {',', ' '});
    text.insert(text.end(), item.text().begin(), item.text().end());
  }
  return text;
}

auto find(const std::vector<FieldValue>& values, const std::string& name) -> const FieldValue* {
  const auto found = std::ranges::find(values, name, &FieldValue::name);
  return found == values.end() ? nullptr : &*found;
}

}  // namespace

auto field_values(const JsonValue& secret, base::SecretMemory& memory) -> std::vector<FieldValue> {
  std::vector<FieldValue> values;
  const auto add = [&](std::string name, base::SecretBytes::Buffer value, bool is_protected) {
    if (value.empty()) return;
    for (int n = 2; find(values, name) != nullptr; ++n) name += " (" + std::to_string(n) + ")";
    values.push_back({std::move(name), std::move(value), is_protected});
  };
  for (const char* name : {"label", "kind", "username", "password"}) {
    add(name, buffer_of(text_at(secret, name), memory), std::string_view{name} == "password");
  }
  add("urls", list_text(items_at(secret, "urls"), memory), false);
  add("tags", list_text(items_at(secret, "tags"), memory), false);
  if (const JsonValue* totp = secret.find("totp"); totp != nullptr && totp->is(JsonType::object)) {
    auto text = buffer_of(text_at(*totp, "secret"), memory);
    const std::string rest = " " + std::string{text_at(*totp, "algorithm")} + " " +
                             std::to_string(number_at(*totp, "digits")) + "/" +
                             std::to_string(number_at(*totp, "period"));
    text.insert(text.end(), rest.begin(), rest.end());
    add("totp", std::move(text), true);
  }
  for (const JsonValue& field : items_at(secret, "fields")) {
    const std::string_view section = text_at(field, "section");
    std::string name = "fields/";
    if (!section.empty()) name += std::string{section} + "/";
    name += text_at(field, "name");
    const bool binary = field.find("value_base64") != nullptr;
    add(std::move(name), buffer_of(text_at(field, binary ? "value_base64" : "value"), memory),
        true_at(field, "protected"));
  }
  for (const JsonValue& file : items_at(secret, "attachments")) {
    const std::string size = bytes_text(number_at(file, "size"));
    auto text = buffer_of(text_at(file, "content"), memory);  // where it was asked for
    if (text.empty()) text = buffer_of(size, memory);
    add("attachments/" + std::string{text_at(file, "name")}, std::move(text), true);
  }
  add("notes", buffer_of(text_at(secret, "notes"), memory), false);
  return values;
}

auto changes_between(const std::vector<FieldValue>& before, const std::vector<FieldValue>& after)
    -> std::vector<FieldChange> {
  std::vector<FieldChange> changes;
  for (const FieldValue& old : before) {
    const FieldValue* now = find(after, old.name);
    if (now == nullptr || now->value != old.value) changes.push_back({&old, now});
  }
  for (const FieldValue& now : after) {
    if (find(before, now.name) == nullptr) changes.push_back({nullptr, &now});
  }
  return changes;
}

}  // namespace holdfast::cli
