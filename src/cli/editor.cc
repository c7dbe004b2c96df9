#include "cli/editor.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "cli/child_process.h"
#include "cli/secret_input.h"
#include "store/file_io.h"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;

auto is_in_memory(const fs::path& folder) -> bool {
  struct statfs about{};
  if (folder.empty() || ::statfs(folder.c_str(), &about) != 0) return false;
  const auto type = static_cast<unsigned long>(about.f_type);
  return type == TMPFS_MAGIC || type == RAMFS_MAGIC;
}

// Zeros over what is there. A file that an editor replaced meanwhile is memory the kernel has back.
void overwrite(const fs::path& path) {
  const store::FileDescriptor file{::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW)};
  struct stat about{};
  if (!file.is_open() || ::fstat(file.number(), &about) != 0 || !S_ISREG(about.st_mode)) return;
  constexpr std::array<char, 4096> kZeros{};
  for (off_t at = 0; at < about.st_size; at += std::ssize(kZeros)) {
    const auto left = static_cast<std::size_t>(about.st_size - at);
    if (::pwrite(file.number(), kZeros.data(), std::min(kZeros.size(), left), at) < 0) return;
  }
}

void wipe(const fs::path& folder) {
  std::error_code ignored;
  for (fs::recursive_directory_iterator entry{folder, ignored}, end; !ignored && entry != end;
       entry.increment(ignored)) {
    overwrite(entry->path());
  }
  fs::remove_all(folder, ignored);
}

auto places(const api::Environment& environment) -> std::vector<std::string> {
  std::vector<std::string> all = {environment("XDG_RUNTIME_DIR").value_or(""), "/dev/shm"};
  std::erase_if(all, [](const std::string& place) { return !is_in_memory(place); });
  return all;
}

// Nothing: somebody else has it.
auto locked(const fs::path& folder) -> std::optional<store::FileDescriptor> {
  store::FileDescriptor file{
      ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file.is_open() || ::flock(file.number(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  return file;
}

// Ctrl-C is the editor's; what would end us waits until the file is gone.
class HeldSignals {
 public:
  HeldSignals() {
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGINT, &ignore, &interrupt_);
    ::sigaction(SIGQUIT, &ignore, &quit_);
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGHUP);
    sigaddset(&held, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &held, &mask_);
  }
  ~HeldSignals() {
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGQUIT, &quit_, nullptr);
    ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
  }
  HeldSignals(const HeldSignals&) = delete;
  auto operator=(const HeldSignals&) -> HeldSignals& = delete;

  [[nodiscard]] auto mask() const -> const sigset_t& { return mask_; }

 private:
  struct sigaction interrupt_{}, quit_{};
  sigset_t mask_{};
};

// vim under any of its names, or neovim.
auto is_vim(const std::string& command) -> bool {
  const std::string word = command.substr(0, command.find(' '));
  const auto program = find_program(word, api::process_environment());
  std::error_code error;
  const fs::path real = program ? fs::canonical(*program, error) : fs::path{};
  return real.filename().string().contains("vim");
}

auto arguments(const std::string& command, const fs::path& file) -> std::vector<std::string> {
  std::vector<std::string> all = {"/bin/sh", "-c", command + " \"$@\"", "holdfast"};
  if (is_vim(command)) {  // -c comes after the user's own settings
    for (const char* flag : {"-n", "-i", "NONE", "-c", "silent! set nobackup nowritebackup", "-c",
                             "silent! set noundofile"}) {
      all.emplace_back(flag);
    }
  }
  all.push_back(file.string());
  return all;
}

auto start(const std::vector<std::string>& words, const sigset_t& mask, pid_t& process) -> int {
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t usual;
  sigemptyset(&usual);
  for (const int signal : {SIGINT, SIGQUIT, SIGPIPE}) sigaddset(&usual, signal);
  ::posix_spawnattr_setsigdefault(&attributes, &usual);
  ::posix_spawnattr_setsigmask(&attributes, &mask);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words)
    pointers.push_back(const_cast<char*>(word.c_str()));  // NOLINT
  pointers.push_back(nullptr);
  const int failed =
      ::posix_spawn(&process, pointers[0], &actions, &attributes, pointers.data(), ::environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  return failed;
}

}  // namespace

auto MemoryFile::create(const api::Environment& environment) -> Outcome<MemoryFile> {
  for (const std::string& place : places(environment)) {
    std::string folder = place + "/" + std::string{kEditFolderPrefix} + "XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) continue;  // mode 0700
    if (auto lock = locked(folder)) return MemoryFile{folder, *std::move(lock)};
  }
  return usage(
      "there is no file system in memory for the editor's file ($XDG_RUNTIME_DIR, /dev/shm)",
      "change values by flags, see: holdfast edit --help; or point XDG_RUNTIME_DIR to a tmpfs");
}

MemoryFile::~MemoryFile() {
  if (!folder_.empty()) wipe(folder_);
}

auto abandoned_folders(const api::Environment& environment) -> std::vector<fs::path> {
  std::vector<fs::path> found;
  for (const std::string& place : places(environment)) {
    std::error_code error;
    for (fs::directory_iterator entry{place, error}, end; !error && entry != end;
         entry.increment(error)) {
      const fs::path& path = entry->path();
      struct stat about{};
      if (!path.filename().string().starts_with(kEditFolderPrefix)) continue;
      if (::lstat(path.c_str(), &about) != 0 || about.st_uid != ::getuid()) continue;
      if (locked(path)) found.push_back(path);
    }
  }
  return found;
}

auto wipe_abandoned(const api::Environment& environment) -> std::vector<fs::path> {
  auto folders = abandoned_folders(environment);
  for (const fs::path& folder : folders) wipe(folder);
  return folders;
}

auto MemoryFile::write(base::ByteView bytes) const -> Outcome<void> {
  const store::FileDescriptor file{
      ::open(path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  while (file.is_open() && !bytes.empty()) {
    const ssize_t written = ::write(file.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  if (file.is_open() && bytes.empty()) return {};
  return problem(Exit::local,
                 "the editor's file cannot be written: " + std::string{strerror(errno)},
                 "check the space and the rights in " + folder_.parent_path().string());
}

auto MemoryFile::read(std::size_t bytes_max, base::SecretMemory& memory) const
    -> Outcome<base::SecretBytes> {
  return read_whole_file(path().string(), bytes_max, memory);
}

auto editor_command(const api::Environment& environment) -> Outcome<std::string> {
  for (const char* variable : {"VISUAL", "EDITOR"}) {
    if (const auto given = environment(variable); given && !given->empty()) return *given;
  }
  if (::isatty(STDIN_FILENO) == 0) {
    return usage("nothing to change is given, and there is no terminal for an editor",
                 "name what to change, see: holdfast edit --help; or set EDITOR");
  }
  for (const char* name : {"editor", "nano", "vi"}) {
    if (find_program(name, environment)) return std::string{name};
  }
  return usage("no editor is known", "set EDITOR, or change values by flags: holdfast edit --help");
}

auto run_editor(const std::string& command, const fs::path& file) -> Outcome<void> {
  const HeldSignals held;
  pid_t process = 0;
  if (const int failed = start(arguments(command, file), held.mask(), process); failed != 0) {
    return problem(Exit::local, "the editor cannot be started: " + std::string{strerror(failed)},
                   "check the variable EDITOR");
  }
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return problem(Exit::local, "the editor '" + command + "' failed; nothing was changed",
                 "check the variable EDITOR, or change values by flags: holdfast edit --help");
}

}  // namespace holdfast::cli
