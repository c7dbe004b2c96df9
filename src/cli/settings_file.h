// settings_file.h: config.toml, read strictly and changed in place.
// Invariant: a change touches the one value; comments, order and layout around it stay. The changed
// text is read again before it replaces the file, atomically, so a file that was valid stays valid.
// Limits: kSettingsFileBytesMax. Time: none. Threads: one. Errors: Problem with Exit::local that
// names file and line. Source: TOML 1.0; docs/design/interfaces.md §2.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/settings.h"

namespace holdfast::cli {

struct FileSetting {
  const SettingKey* key;
  std::string text;  // as on a command line: lists with commas
};
// A file that does not exist holds nothing.
[[nodiscard]] auto read_settings_file(const std::filesystem::path& file)
    -> Outcome<std::vector<FileSetting>>;
// Sets the key, or removes it from the file if there is no text. Makes the folder where needed.
[[nodiscard]] auto change_settings_file(const std::filesystem::path& file, const SettingKey& key,
                                        const std::optional<std::string>& text) -> Outcome<void>;

}  // namespace holdfast::cli
