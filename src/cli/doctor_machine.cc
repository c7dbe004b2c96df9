// The checks of doctor that need no daemon.
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "cli/doctor.h"
#include "cli/editor.h"
#include "cli/text.h"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSpaceFailure = std::uint64_t{64} << 20;
constexpr std::uint64_t kSpaceWarning = std::uint64_t{512} << 20;

auto good(std::string name, std::string text) -> Check {
  return {.name = std::move(name), .health = Health::ok, .text = std::move(text), .remedy = {}};
}

// Owned by somebody else, or open to others; links are judged as links.
auto is_exposed(const fs::path& path) -> bool {
  struct stat about{};
  if (::lstat(path.c_str(), &about) != 0) return false;
  if (about.st_uid != ::getuid()) return true;
  return !S_ISLNK(about.st_mode) && (about.st_mode & 077U) != 0;
}

auto check_permissions(const api::Paths& paths) -> Check {
  std::size_t seen = 0;
  for (const fs::path& top :
       {paths.data_folder, paths.state_folder, paths.socket.parent_path(), paths.config_file}) {
    std::error_code error;
    if (!fs::exists(top, error)) continue;
    if (is_exposed(top)) {
      return {"permissions", Health::failure, "others can reach " + top.string(),
              "holdfast doctor --fix, or make it yours with chown"};
    }
    if (!fs::is_directory(top, error)) continue;
    for (fs::recursive_directory_iterator entry{top, error}, end;
         !error && entry != end && seen < kCheckedPathsMax; entry.increment(error), ++seen) {
      if (!is_exposed(entry->path())) continue;
      return {"permissions", Health::failure, "others can reach " + entry->path().string(),
              "holdfast doctor --fix, or make it yours with chown"};
    }
  }
  return good("permissions", "files and folders are yours alone");
}

// Folders of vaults that were being made or removed when the machine stopped.
auto check_leftovers(const api::Paths& paths) -> Check {
  std::error_code error;
  for (fs::directory_iterator entry{paths.data_folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    if (!is_leftover(entry->path())) continue;
    return {"leftovers", Health::warning, "half a vault lies in " + entry->path().string(),
            "holdfast daemon stop, then holdfast doctor --fix"};
  }
  if (const auto folders = abandoned_folders(api::process_environment()); !folders.empty()) {
    return {"leftovers", Health::warning,
            "an editor that was killed left a secret in memory, in " + folders.front().string(),
            "holdfast doctor --fix"};
  }
  return good("leftovers", "none");
}

auto check_memory(const Session& session) -> Check {
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  const std::uint64_t wanted = session.settings().bytes("memory.locked_max");
  const bool root = ::geteuid() == 0;
  if (!root && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < wanted) {
    return {"memory lock", Health::warning,
            "only " + bytes_text(limit.rlim_cur) + " can be locked, " + bytes_text(wanted) +
                " may be needed; keys might be swapped out",
            "raise memlock in /etc/security/limits.conf, or lower memory.locked_max"};
  }
  return good("memory lock", "keys stay out of swap");
}

auto check_core_dumps() -> Check {
  rlimit limit{};
  const bool none = ::getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0;
  const bool hidden = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
  if (none && hidden) return good("core dumps", "off; nobody may trace this program");
#if defined(__SANITIZE_ADDRESS__)  // main leaves tracing on for its leak check
  return {"core dumps", Health::warning, "a build for testing can be traced",
          "use a release build"};
#endif
  return {"core dumps", Health::failure, "this program could be dumped or traced",
          "run it without a debugger or sanitizer"};
}

auto check_entropy() -> Check {
  std::array<std::uint8_t, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), GRND_NONBLOCK) == std::ssize(bytes)) {
    return good("entropy", "the kernel's random source is ready");
  }
  return {"entropy", Health::failure, "the kernel's random source is not ready",
          "wait until the machine has started; give a virtual machine virtio-rng"};
}

auto check_space(const api::Paths& paths) -> Check {
  fs::path folder = paths.data_folder;
  std::error_code error;
  while (folder.has_relative_path() && !fs::exists(folder, error)) folder = folder.parent_path();
  const fs::space_info space = fs::space(folder, error);
  if (error) {
    return {"disk space", Health::warning, "unknown in " + folder.string(), "check the disk"};
  }
  const std::string text = bytes_text(space.available) + " free in " + folder.string();
  if (space.available >= kSpaceWarning) return good("disk space", text);
  const bool full = space.available < kSpaceFailure;
  return {"disk space", full ? Health::failure : Health::warning, text,
          "free some; a vault on a full disk can only be read"};
}

auto check_configuration(const Session& session) -> Check {
  const auto loaded = Settings::load(session.paths().config_file, api::process_environment());
  if (!loaded) {
    return {"configuration", Health::failure, loaded.error().text, loaded.error().next_step};
  }
  if (const auto variables = check_variables(); !variables) {
    return {"configuration", Health::warning, variables.error().text, variables.error().next_step};
  }
  return good("configuration", session.paths().config_file.string() + " is valid");
}

}  // namespace

auto health_name(Health health) -> std::string_view {
  constexpr std::array<std::string_view, 3> kNames = {"ok", "warning", "failure"};
  return kNames[std::to_underlying(health)];
}

auto machine_checks(const Session& session) -> std::vector<Check> {
  const api::Paths& paths = session.paths();
  return {check_permissions(paths),    check_leftovers(paths), check_memory(session),
          check_core_dumps(),          check_entropy(),        check_space(paths),
          check_configuration(session)};
}

}  // namespace holdfast::cli
