#include "cli/settings_file.h"

#include <toml++/toml.hpp>

#include <algorithm>

#include "base/check.h"
#include "cli/text.h"
#include "store/file_io.h"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;

auto place(const std::string& file, toml::source_position at) -> std::string {
  return file + ", line " + std::to_string(at.line);
}

auto parse(std::string_view text, const std::string& file) -> Outcome<toml::table> {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    return usage(place(file, error.source().begin) + ": " + std::string{error.description()},
                 "mend the file by hand");
  }
}

// "NAME=TEXT" lines.
auto rows_of(const toml::node& node) -> std::optional<std::string> {
  const toml::table* rows = node.as_table();
  if (rows == nullptr) return std::nullopt;
  std::string lines;
  for (const auto& [name, value] : *rows) {
    const auto text = value.value_exact<std::string>();
    if (!text || text->contains('\n')) return std::nullopt;
    lines += (lines.empty() ? "" : "\n") + std::string{name.str()} + "=" + *text;
  }
  return lines;
}

// The value as it would be written on a command line; nothing if it has another type.
auto text_of(const toml::node& node, SettingType type) -> std::optional<std::string> {
  if (type == SettingType::boolean) {
    const auto value = node.value_exact<bool>();
    if (!value) return std::nullopt;
    return *value ? "true" : "false";
  }
  if (type == SettingType::number) {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < 0) return std::nullopt;
    return std::to_string(*value);
  }
  if (type == SettingType::table) return rows_of(node);
  if (type != SettingType::list) return node.value_exact<std::string>();
  const toml::array* items = node.as_array();
  if (items == nullptr) return std::nullopt;
  std::string joined;
  for (const toml::node& item : *items) {
    const auto word = item.value_exact<std::string>();
    if (!word) return std::nullopt;
    joined += (joined.empty() ? "" : ",") + *word;
  }
  return joined;
}

auto read_one(const toml::node& node, const std::string& name, const toml::key& key,
              const std::string& file) -> Outcome<FileSetting> {
  const std::string where = place(file, key.source().begin);
  auto found = find_setting(name);
  if (!found) {
    found.error().text = where + ": " + found.error().text;
    return std::unexpected{found.error()};
  }
  auto text = text_of(node, (*found)->type);
  if (!text) {
    return usage(where + ": " + name + " is " + std::string{type_name((*found)->type)},
                 "the default is " + std::string{(*found)->otherwise});
  }
  TRY_DO(check_setting(**found, *text, where));
  return FileSetting{*found, *std::move(text)};
}

auto settings_of(const toml::table& root, const std::string& file)
    -> Outcome<std::vector<FileSetting>> {
  std::vector<FileSetting> settings;
  for (const auto& [key, node] : root) {
    const std::string name{key.str()};
    const toml::table* section = node.as_table();
    if (section == nullptr) {
      TRY(one, read_one(node, name, key, file));
      settings.push_back(std::move(one));
      continue;
    }
    for (const auto& [inner_key, inner] : *section) {
      TRY(one, read_one(inner, name + "." + std::string{inner_key.str()}, inner_key, file));
      settings.push_back(std::move(one));
    }
  }
  return settings;
}

auto read_text(const fs::path& file) -> Outcome<std::string> {
  auto bytes = store::read_file(file, kSettingsFileBytesMax);
  if (!bytes && bytes.error().code == base::Error::not_found) return std::string{};
  TRY(content, locally(std::move(bytes)));
  return std::string{base::text_of(content)};
}

auto toml_text(std::string_view text) -> std::string {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      constexpr std::string_view kHex = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    } else {
      out += c;
    }
  }
  return out + '"';
}

auto literal(const SettingKey& key, const std::string& text) -> std::string {
  if (key.type == SettingType::boolean || key.type == SettingType::number) return text;
  std::string items;
  if (key.type == SettingType::table) {
    const auto rows = parse_table(text);
    CHECK(rows.has_value());  // whoever comes here has checked it
    for (const auto& [name, value] : *rows) {
      items += (items.empty() ? " " : ", ") + name + " = " + toml_text(value);
    }
    return items.empty() ? "{}" : "{" + items + " }";
  }
  if (key.type != SettingType::list) return toml_text(text);
  for (const std::string& word : split_list(text)) {
    items += (items.empty() ? "" : ", ") + toml_text(word);
  }
  return "[" + items + "]";
}

// Offset of a position; columns count characters.
auto offset_of(std::string_view text, toml::source_position at) -> std::size_t {
  std::size_t offset = 0;
  for (toml::source_index line = 1; line < at.line; ++line) {
    offset = std::min(text.find('\n', offset), text.size() - 1) + 1;
  }
  for (toml::source_index column = 1; column < at.column && offset < text.size(); ++column) {
    ++offset;
    while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xC0U) == 0x80U) {
      ++offset;
    }
  }
  return offset;
}

struct Span {
  std::size_t begin, end;
};
auto span_of(std::string_view text, const toml::source_region& region) -> Span {
  return {offset_of(text, region.begin), offset_of(text, region.end)};
}

auto end_of_line(std::string_view text, std::size_t offset) -> std::size_t {
  return std::min(text.find('\n', offset), text.size() - 1) + 1;
}

// Where the line "[section]" begins; size() if there is none. An empty name: any first header.
auto header_line(std::string_view text, std::string_view section) -> std::size_t {
  for (std::size_t begin = 0; begin < text.size(); begin = end_of_line(text, begin)) {
    std::string_view line = text.substr(begin, end_of_line(text, begin) - begin);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (!line.starts_with('[')) continue;
    line = line.substr(1, std::min(line.find(']'), line.size()) - 1);
    while (line.starts_with(' ')) line.remove_prefix(1);
    while (line.ends_with(' ')) line.remove_suffix(1);
    if (section.empty() || line == section) return begin;
  }
  return text.size();
}

auto inline_table(const toml::table& table, const std::string& section, const SettingKey& key,
                  const std::optional<std::string>& text) -> Outcome<std::string> {
  std::string members;
  const auto add = [&](std::string_view name, const std::string& value) {
    members += (members.empty() ? " " : ", ") + std::string{name} + " = " + value;
  };
  for (const auto& [name, node] : table) {
    TRY(one, read_one(node, section + "." + std::string{name.str()}, name, section));
    if (one.key != &key) add(name.str(), literal(*one.key, one.text));
  }
  if (text) add(key.name.substr(section.size() + 1), literal(key, *text));
  return members.empty() ? "{}" : "{" + members + " }";
}

auto without_line_of(std::string text, const toml::key& key, const toml::node& node)
    -> std::string {
  const std::size_t begin = offset_of(text, {key.source().begin.line, 1});
  const std::size_t end = end_of_line(text, offset_of(text, node.source().end));
  return text.erase(begin, end - begin);
}

auto with_line(std::string text, std::size_t at, const std::string& line) -> std::string {
  if (at > 0 && at == text.size() && !text.ends_with('\n')) {
    text += '\n';
    ++at;
  }
  return text.insert(at, line + "\n");
}

auto changed(std::string text, const toml::table& root, const SettingKey& key,
             const std::optional<std::string>& value) -> Outcome<std::string> {
  const std::size_t dot = key.name.find('.');
  const bool at_root = dot == std::string_view::npos;
  const std::string section{at_root ? std::string_view{} : key.name.substr(0, dot)};
  const std::string name{at_root ? key.name : key.name.substr(dot + 1)};
  const toml::node* in_root = at_root ? nullptr : root.get(section);
  const toml::table* table = at_root ? &root : in_root == nullptr ? nullptr : in_root->as_table();
  if (!at_root && table != nullptr && table->is_inline()) {
    TRY(members, inline_table(*table, section, key, value));
    const Span span = span_of(text, table->source());
    return text.replace(span.begin, span.end - span.begin, members);
  }
  if (table != nullptr) {
    if (const auto found = table->find(name); found != table->end()) {
      if (!value) return without_line_of(std::move(text), found->first, found->second);
      const Span span = span_of(text, found->second.source());
      return text.replace(span.begin, span.end - span.begin, literal(key, *value));
    }
  }
  if (!value) return text;
  const std::string line = name + " = " + literal(key, *value);
  const std::size_t header = at_root ? text.size() : header_line(text, section);
  if (header < text.size()) {
    const std::size_t end = end_of_line(text, header);
    return with_line(std::move(text), end, line);
  }
  if (at_root || table != nullptr) {  // before the first section; maybe as a dotted key
    const std::size_t first = header_line(text, "");
    return with_line(std::move(text), first, at_root ? line : section + "." + line);
  }
  const std::string gap = text.empty() ? "" : "\n";
  const std::size_t end = text.size();
  return with_line(std::move(text), end, gap + "[" + section + "]\n" + line);
}

auto private_folder(const fs::path& folder) -> Outcome<void> {
  std::error_code error;
  if (folder.empty() || fs::is_directory(folder, error)) return {};
  TRY_DO(private_folder(folder.parent_path()));
  return locally(store::make_private_folder(folder));
}

}  // namespace

auto read_settings_file(const fs::path& file) -> Outcome<std::vector<FileSetting>> {
  TRY(text, read_text(file));
  if (text.empty()) return std::vector<FileSetting>{};
  TRY(root, parse(text, file.string()));
  return settings_of(root, file.string());
}

auto change_settings_file(const fs::path& file, const SettingKey& key,
                          const std::optional<std::string>& text) -> Outcome<void> {
  TRY(before, read_text(file));
  TRY(root, parse(before, file.string()));
  TRY_DO(settings_of(root, file.string()));
  TRY(after, changed(before, root, key, text));
  // the file may be written in a way this cannot edit: then it is left alone
  const auto check = parse(after, file.string()).and_then([&](const toml::table& table) {
    return settings_of(table, file.string());
  });
  const auto same = [&](const FileSetting& one) { return one.key == &key; };
  const bool there = check && std::ranges::any_of(*check, [&](const FileSetting& one) {
                       return same(one) && text && one.text == *text;
                     });
  const bool gone = check && std::ranges::none_of(*check, same);
  if (text ? !there : !gone) {
    return usage(file.string() + " cannot be changed here; nothing was written",
                 "write it by hand: " + std::string{key.name} + " = " + text.value_or(""));
  }
  TRY_DO(private_folder(file.parent_path()));
  return locally(store::write_file_atomic(file, base::view_of(after)));
}

}  // namespace holdfast::cli
