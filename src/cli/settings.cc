#include "cli/settings.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"
#include "base/text.h"
#include "cli/settings_file.h"
#include "cli/text.h"

namespace holdfast::cli {
namespace {

using enum SettingType;

constexpr auto kKeys = std::to_array<SettingKey>({
    {"default_vault", text, "", "the vault meant where none is named"},
    {"device.name", text, "", "this machine's name in new vaults; empty: its host name"},
    {"lock.idle", duration, "15m", "lock a vault that was not used for so long; 0: never"},
    {"lock.absolute", duration, "12h", "lock a vault so long after it was unlocked"},
    {"daemon.autostart", boolean, "true", "commands start the daemon when they need it"},
    {"conflicts.resolvers", table, "", "programs for the strategy custom, each NAME=COMMAND"},
    {"clipboard.clear_after", duration, "30s", "wipe a copied value after this; 0: never"},
    {"clipboard.backend", choice, "auto", "the program that holds the clipboard",
     "auto,wl-copy,xclip,osc52,none"},
    {"output.format", choice, "table", "of every answer", "table,json,yaml,raw"},
    {"output.color", choice, "auto", "colour in tables", "auto,always,never"},
    {"output.progress", choice, "auto", "progress bars, on a terminal", "auto,never"},
    {"generate.length", number, "20", "characters of a password"},
    {"generate.classes", list, "lower,upper,digit,symbol", "characters of a password",
     "lower,upper,digit,symbol"},
    {"generate.no_ambiguous", boolean, "false", "passwords without 0O1lI|"},
    {"generate.words", number, "6", "words of a passphrase"},
    {"generate.separator", text, "-", "between the words of a passphrase"},
    {"generate.wordlist", text, "eff-large", "eff-large, or a file with one word a line"},
    {"kdf.target", duration, "1s", "how long one guess at the passphrase of a new vault takes"},
    {"kdf.memory_min", bytes, "64MiB", "memory of one guess, at least"},
    {"cache.nodes_max", number, "10000", "secrets kept at hand once read; at most 50000"},
    {"cache.queries_max", number, "1000", "answers of list and search kept; at most 10000"},
    {"backup.schedule", text, "", "back up every opened vault so often, such as 24h; empty: never"},
    {"backup.folder", text, "", "where those backups go; an absolute path"},
    {"backup.keep", number, "7", "so many of them are kept, of each vault"},
    {"memory.locked_max", bytes, "4MiB", "memory for keys"},
    {"memory.require_lock", boolean, "false", "refuse to run where it cannot be locked"},
});

auto number_of(std::string_view text) -> std::optional<std::uint64_t> {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

auto is_one_of(std::string_view word, std::string_view words) -> bool {
  return std::ranges::contains(split_list(words), word);
}

auto obeys(const SettingKey& key, std::string_view given) -> bool {
  switch (key.type) {
    case text:
      return true;
    case boolean:
      return given == "true" || given == "false";
    case number:
      return number_of(given).has_value();
    case duration:
      return parse_duration(given).has_value();
    case bytes:
      return parse_bytes(given).has_value();
    case choice:
      return is_one_of(given, key.words);
    case list:
      return std::ranges::all_of(split_list(given),
                                 [&](const auto& word) { return is_one_of(word, key.words); });
    case table:
      return parse_table(given).has_value();
  }
  return false;
}

auto index_of(std::string_view name) -> std::size_t {
  const auto* found = std::ranges::find(kKeys, name, &SettingKey::name);
  CHECK(found != kKeys.end());
  return static_cast<std::size_t>(found - kKeys.begin());
}

// Variables that are no settings.
constexpr auto kOtherVariables = std::to_array<std::string_view>(
    {"HOLDFAST_VAULT", "HOLDFAST_PROFILE", "HOLDFAST_CONFIG", "HOLDFAST_SOCKET",
     "HOLDFAST_TOKEN_FILE", "HOLDFAST_PINENTRY"});

}  // namespace

auto check_variables() -> Outcome<void> {
  std::vector<std::string> known{kOtherVariables.begin(), kOtherVariables.end()};
  for (const SettingKey& key : kKeys) known.push_back(variable_of(key));
  const std::vector<std::string_view> names{known.begin(), known.end()};
  for (char** one = ::environ; *one != nullptr; ++one) {
    const std::string_view entry{*one};
    const std::string_view name = entry.substr(0, entry.find('='));
    if (!name.starts_with("HOLDFAST_") || std::ranges::contains(names, name)) continue;
    if (const std::string_view near = nearest(name, names); !near.empty()) {
      return usage("the variable " + std::string{name} + " is not known",
                   "did you mean: " + std::string{near});
    }
  }
  return {};
}

auto setting_keys() -> std::span<const SettingKey> { return kKeys; }

auto find_setting(std::string_view name) -> Outcome<const SettingKey*> {
  const auto* found = std::ranges::find(kKeys, name, &SettingKey::name);
  if (found != kKeys.end()) return found;
  std::array<std::string_view, kKeys.size()> names{};
  std::ranges::transform(kKeys, names.begin(), &SettingKey::name);
  const std::string_view near = nearest(name, names);
  return usage("there is no setting '" + std::string{name} + "'",
               near.empty() ? "holdfast config list shows all of them"
                            : "did you mean: " + std::string{near});
}

auto type_name(SettingType type) -> std::string_view {
  constexpr std::array<std::string_view, 8> kNames = {"a text",
                                                      "true or false",
                                                      "a whole number",
                                                      "a time like 15m",
                                                      "a size like 64MiB",
                                                      "one of the words",
                                                      "a list of words",
                                                      "a table of NAME = \"TEXT\""};
  return kNames[std::to_underlying(type)];
}

auto variable_of(const SettingKey& key) -> std::string {
  std::string name = "HOLDFAST_";
  for (const char c : key.name) {
    name += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

auto check_setting(const SettingKey& key, std::string_view given, const std::string& where)
    -> Outcome<void> {
  const std::string name{key.name};
  if (given.size() > kSettingBytesMax || !base::is_utf8(base::view_of(given))) {
    return usage(where + ": " + name + " is too long, or no text",
                 "see: holdfast config get " + name);
  }
  if (obeys(key, given)) return {};
  std::string wanted{type_name(key.type)};
  if (!key.words.empty()) wanted += ": " + std::string{key.words};
  return usage(where + ": " + name + " is " + wanted + ", not '" + std::string{given} + "'",
               "the default is " + std::string{key.otherwise});
}

auto origin_name(Origin origin) -> std::string_view {
  constexpr std::array<std::string_view, 3> kNames = {"default", "file", "environment"};
  return kNames[std::to_underlying(origin)];
}

Settings::Settings() {
  values_.reserve(kKeys.size());
  for (const SettingKey& key : kKeys) values_.push_back({.text = std::string{key.otherwise}});
}

auto Settings::load(const std::filesystem::path& file, const api::Environment& environment)
    -> Outcome<Settings> {
  Settings settings;
  TRY(read, read_settings_file(file));
  for (FileSetting& one : read) {
    settings.values_[index_of(one.key->name)] = {std::move(one.text), Origin::file};
  }
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    const std::string variable = variable_of(kKeys[i]);
    const auto given = environment(variable.c_str());
    if (!given || given->empty()) continue;
    TRY_DO(check_setting(kKeys[i], *given, variable));
    settings.values_[i] = {*given, Origin::environment};
  }
  return settings;
}

auto Settings::value(std::string_view name, SettingType type) const -> const std::string& {
  const std::size_t index = index_of(name);
  CHECK(kKeys[index].type == type);
  return values_[index].text;
}

auto Settings::text(std::string_view name) const -> const std::string& {
  return values_[index_of(name)].text;
}
auto Settings::boolean(std::string_view name) const -> bool {
  return value(name, SettingType::boolean) == "true";
}
auto Settings::number(std::string_view name) const -> std::uint64_t {
  return number_of(value(name, SettingType::number)).value_or(0);
}
auto Settings::bytes(std::string_view name) const -> std::uint64_t {
  return parse_bytes(value(name, SettingType::bytes)).value_or(0);
}
auto Settings::duration(std::string_view name) const -> std::chrono::milliseconds {
  return parse_duration(value(name, SettingType::duration)).value_or(std::chrono::milliseconds{0});
}
auto Settings::list(std::string_view name) const -> std::vector<std::string> {
  return split_list(value(name, SettingType::list));
}
auto Settings::origin(std::string_view name) const -> Origin {
  return values_[index_of(name)].origin;
}

}  // namespace holdfast::cli
