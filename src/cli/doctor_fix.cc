// The repairs of doctor --fix: only what cannot lose anything.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "cli/doctor.h"
#include "cli/editor.h"
#include "store/file_io.h"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;

// What is ours and open to others becomes ours alone. What belongs to somebody else stays.
auto close_to_others(const fs::path& path) -> bool {
  const store::FileDescriptor file{
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  struct stat about{};
  if (!file.is_open() || ::fstat(file.number(), &about) != 0) return false;
  const bool kind = S_ISREG(about.st_mode) || S_ISDIR(about.st_mode);
  if (!kind || about.st_uid != ::getuid() || (about.st_mode & 077U) == 0) return false;
  return ::fchmod(file.number(), about.st_mode & 07700U) == 0;
}

void fix_permissions(const api::Paths& paths, std::vector<std::string>& done) {
  std::size_t seen = 0;
  for (const fs::path& top :
       {paths.data_folder, paths.state_folder, paths.socket.parent_path(), paths.config_file}) {
    if (close_to_others(top)) done.push_back("took the rights of others from " + top.string());
    std::error_code error;
    if (!fs::is_directory(top, error)) continue;
    for (fs::recursive_directory_iterator entry{top, error}, end;
         !error && entry != end && seen < kCheckedPathsMax; entry.increment(error), ++seen) {
      if (close_to_others(entry->path())) {
        done.push_back("took the rights of others from " + entry->path().string());
      }
    }
  }
}

// A daemon that is starting holds the lock until it answers.
void fix_socket(const api::Paths& paths, std::vector<std::string>& done) {
  struct stat about{};
  if (::lstat(paths.socket.c_str(), &about) != 0 || !S_ISSOCK(about.st_mode)) return;
  const store::FileDescriptor lock{::open((paths.state_folder / "start.lock").c_str(),
                                          O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!lock.is_open() || ::flock(lock.number(), LOCK_EX | LOCK_NB) != 0) return;
  if (::unlink(paths.socket.c_str()) == 0) {
    done.push_back("removed the socket " + paths.socket.string() + ", on which nobody answered");
  }
}

}  // namespace

auto is_leftover(const fs::path& folder) -> bool {
  const std::string name = folder.filename().string();
  return name.starts_with('.') && (name.contains(".removed-") || name.contains(".new-"));
}

auto repair(Session& session) -> Outcome<std::vector<std::string>> {
  const api::Paths& paths = session.paths();
  std::vector<std::string> done;
  fix_permissions(paths, done);
  for (const fs::path& folder : wipe_abandoned(api::process_environment())) {
    done.push_back("wiped what an editor that was killed left in " + folder.string());
  }
  TRY(running, session.connect_if_running());
  if (running) {  // it may be making or removing a vault at this moment
    session.screen().note(
        "A daemon is running: leftovers and sockets are left alone. To mend them, too: holdfast "
        "daemon stop, then again.");
    return done;
  }
  fix_socket(paths, done);
  std::error_code error;
  for (fs::directory_iterator entry{paths.data_folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    if (!is_leftover(entry->path())) continue;
    std::error_code failed;
    fs::remove_all(entry->path(), failed);
    if (!failed) done.push_back("removed half a vault, " + entry->path().string());
  }
  return done;
}

}  // namespace holdfast::cli
