// paths.h: where Holdfast keeps things on this machine, from the environment and a profile name.
// The daemon and the commands must agree on them, so both ask here. Makes no folder.
// Limits: a profile name obeys the rule of vault names. Time: none. Threads: any; main hands in the
// environment. Errors: bad_profile_name, no_home. Source: docs/design/interfaces.md §2; XDG Base
// Directory Specification 0.8 (a relative path in a variable is ignored).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace holdfast::api {

// getenv as a function: nothing for a variable that is not set. An empty one counts as not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;
[[nodiscard]] auto process_environment() -> Environment;

struct Paths {
  std::filesystem::path
      config_file;  // HOLDFAST_CONFIG or $XDG_CONFIG_HOME/holdfast/[P/]config.toml
  std::filesystem::path data_folder;   // $XDG_DATA_HOME/holdfast/[P/]: one folder for each vault
  std::filesystem::path state_folder;  // $XDG_STATE_HOME/holdfast/[P/]: the log
  std::filesystem::path cache_folder;  // $XDG_CACHE_HOME/holdfast/[P/]
  std::filesystem::path
      runtime_folder;            // $XDG_RUNTIME_DIR/holdfast/[P/], else /tmp/holdfast-UID/[P/]
  std::filesystem::path socket;  // HOLDFAST_SOCKET or runtime_folder/api.sock
};

// `profile` empty: HOLDFAST_PROFILE, else none.
[[nodiscard]] auto paths_of(std::string_view profile, const Environment& environment)
    -> base::Detailed<Paths>;

}  // namespace holdfast::api
