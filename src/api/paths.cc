#include "api/paths.h"

#include <unistd.h>

#include <cstdlib>

#include "api/vaults.h"

namespace holdfast::api {
namespace {

namespace fs = std::filesystem;
using base::Detailed, base::Error, base::fail;

auto value_of(const Environment& environment, const char* name) -> std::string {
  return environment(name).value_or("");
}

}  // namespace

auto process_environment() -> Environment {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

auto paths_of(std::string_view profile, const Environment& environment) -> Detailed<Paths> {
  std::string name{profile};
  if (name.empty()) name = value_of(environment, "HOLDFAST_PROFILE");
  if (!name.empty() && !is_vault_name(name)) return fail(Error::bad_profile_name, "");
  const fs::path below = name.empty() ? fs::path{"holdfast"} : fs::path{"holdfast"} / name;

  const fs::path home = value_of(environment, "HOME");
  const auto base_folder = [&](const char* variable, const char* in_home) -> Detailed<fs::path> {
    const fs::path set = value_of(environment, variable);
    if (set.is_absolute()) return set / below;
    if (!home.is_absolute()) return fail(Error::no_home, "");
    return home / in_home / below;
  };
  TRY(config, base_folder("XDG_CONFIG_HOME", ".config"));
  TRY(data, base_folder("XDG_DATA_HOME", ".local/share"));
  TRY(state, base_folder("XDG_STATE_HOME", ".local/state"));
  TRY(cache, base_folder("XDG_CACHE_HOME", ".cache"));

  const fs::path runtime_set = value_of(environment, "XDG_RUNTIME_DIR");
  const fs::path own = "/tmp/holdfast-" + std::to_string(::getuid());  // listen() checks its owner
  const fs::path runtime = runtime_set.is_absolute() ? runtime_set / below
                           : name.empty()            ? own
                                                     : own / name;
  const fs::path config_set = value_of(environment, "HOLDFAST_CONFIG");
  const fs::path socket_set = value_of(environment, "HOLDFAST_SOCKET");
  return Paths{.config_file = config_set.empty() ? config / "config.toml" : config_set,
               .data_folder = data,
               .state_folder = state,
               .cache_folder = cache,
               .runtime_folder = runtime,
               .socket = socket_set.empty() ? runtime / "api.sock" : socket_set};
}

}  // namespace holdfast::api
