// settings.h: the keys of config.toml: one table says name, type, default and meaning of each.
// A value comes from the environment (HOLDFAST_SECTION_KEY), else from the file, else it is the
// default; a flag, where a command has one, beats all three. Invariant: every value of a Settings
// obeys the type of its key, so the getters cannot fail.
// Limits: kSettingsFileBytesMax, kSettingBytesMax. Time: none. Threads: one. Errors: Problem with
// Exit::local that names the key, the place and, for an unknown key, the nearest known one.
// Source: docs/design/interfaces.md §2.
#pragma once

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/paths.h"
#include "cli/problem.h"

namespace holdfast::cli {

inline constexpr std::size_t kSettingsFileBytesMax = 256 << 10;
inline constexpr std::size_t kSettingBytesMax = 4096;

enum class SettingType : std::uint8_t {
  text,
  boolean,
  number,
  duration,
  bytes,
  choice,
  list,
  table
};

struct SettingKey {
  std::string_view name;  // "lock.idle"
  SettingType type;
  std::string_view otherwise;  // the default, as it would be written on a command line
  std::string_view about;
  std::string_view words{};  // what a choice or a list may hold, comma between
};
[[nodiscard]] auto setting_keys() -> std::span<const SettingKey>;
// The key of this name, or an error that names the nearest one.
[[nodiscard]] auto find_setting(std::string_view name) -> Outcome<const SettingKey*>;
[[nodiscard]] auto type_name(SettingType type) -> std::string_view;
[[nodiscard]] auto variable_of(const SettingKey& key) -> std::string;  // "HOLDFAST_LOCK_IDLE"
// `where` begins the message: "config.toml, line 3" or a variable.
[[nodiscard]] auto check_setting(const SettingKey& key, std::string_view text,
                                 const std::string& where) -> Outcome<void>;
// Fails at a variable of this process that is nearly, but not quite, one of ours.
[[nodiscard]] auto check_variables() -> Outcome<void>;

enum class Origin : std::uint8_t { otherwise, file, environment };
[[nodiscard]] auto origin_name(Origin origin) -> std::string_view;

class Settings {
 public:
  Settings();  // all defaults
  [[nodiscard]] static auto load(const std::filesystem::path& file,
                                 const api::Environment& environment) -> Outcome<Settings>;

  // CHECKs that there is such a key and that it has that type.
  [[nodiscard]] auto text(std::string_view name) const -> const std::string&;  // any type
  [[nodiscard]] auto boolean(std::string_view name) const -> bool;
  [[nodiscard]] auto number(std::string_view name) const -> std::uint64_t;
  [[nodiscard]] auto bytes(std::string_view name) const -> std::uint64_t;
  [[nodiscard]] auto duration(std::string_view name) const -> std::chrono::milliseconds;
  [[nodiscard]] auto list(std::string_view name) const -> std::vector<std::string>;
  [[nodiscard]] auto origin(std::string_view name) const -> Origin;

 private:
  struct Value {
    std::string text;
    Origin origin = Origin::otherwise;
  };
  [[nodiscard]] auto value(std::string_view name, SettingType type) const -> const std::string&;
  std::vector<Value> values_;  // in the order of setting_keys()
};

}  // namespace holdfast::cli
