#include "cli/daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "api/client.h"
#include "api/server.h"
#include "api/vaults.h"
#include "cli/resolver_programs.h"
#include "cli/settings.h"
#include "cli/text.h"
#include "store/file_io.h"

namespace holdfast::cli {
namespace fs = std::filesystem;
using store::FileDescriptor;

namespace {

constexpr int kReadyDescriptor = 3;
constexpr char kReady = '+';  // otherwise the pipe carries the reason of the failure

auto system_problem(std::string_view what) -> std::unexpected<Problem> {
  return problem(Exit::remote, std::string{what} + ": " + std::strerror(errno));
}

// The C library's header for it lacks extern "C" on Debian 12.
auto pidfd_open(pid_t process) -> int {
  return static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
}

auto private_folders(const fs::path& folder) -> Outcome<void> {
  std::error_code error;
  if (fs::is_directory(folder, error)) return {};
  if (folder.has_parent_path() && folder.parent_path() != folder) {
    TRY_DO(private_folders(folder.parent_path()));
  }
  return locally(store::make_private_folder(folder));
}

// Only between fork and exec: the child becomes the daemon or ends.
[[noreturn]] void become_daemon(const api::Paths& paths, const std::string& profile, int ready,
                                int log) {
  ::setsid();
  const int nothing = ::open("/dev/null", O_RDWR);
  // the pipe may lie where another one has to go
  const int pipe = ::fcntl(ready, F_DUPFD, 10);
  const int errors = ::fcntl(log, F_DUPFD, 10);
  if (nothing < 0 || pipe < 0 || errors < 0) ::_exit(1);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(nothing, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::dup2(pipe, kReadyDescriptor);
  ::close_range(kReadyDescriptor + 1, ~0U, 0);
  ::setenv("HOLDFAST_SOCKET", paths.socket.c_str(), 1);
  ::setenv("HOLDFAST_CONFIG", paths.config_file.c_str(), 1);
  ::unsetenv("BOTAN_MLOCK_POOL_SIZE");  // see startup.cc
  if (::chdir("/") != 0) ::_exit(1);
  const std::string flag = "--ready-fd=" + std::to_string(kReadyDescriptor);
  const std::string profile_flag = "--profile=" + profile;
  std::array<const char*, 7> argv{"holdfast", "daemon", "start", "--foreground", flag.c_str()};
  if (!profile.empty()) argv[5] = profile_flag.c_str();
  ::execv("/proc/self/exe", const_cast<char* const*>(argv.data()));  // NOLINT: C interface
  ::_exit(1);
}

// Everything the daemon says until it closes the pipe; nothing once the time is over.
auto hear(int pipe) -> std::optional<std::string> {
  std::string said;
  const auto until = std::chrono::steady_clock::now() + kStartTimeout;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd wait{.fd = pipe, .events = POLLIN, .revents = 0};
    const int ready = left.count() <= 0 ? 0 : ::poll(&wait, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return std::nullopt;
    std::array<char, 1024> buffer{};
    const ssize_t got = ::read(pipe, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return said;
    said.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

auto tell(int pipe, std::string_view text) -> void {
  if (pipe < 0) return;
  while (!text.empty()) {
    const ssize_t written = ::write(pipe, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  ::close(pipe);
}

auto backup_plan(const Settings& settings) -> Outcome<api::BackupPlan> {
  const std::string& every = settings.text("backup.schedule");
  api::BackupPlan plan{.every = {},
                       .folder = settings.text("backup.folder"),
                       .keep = std::max<std::size_t>(settings.number("backup.keep"), 1)};
  if (every.empty()) return plan;
  const auto time = parse_duration(every);
  if (!time || time->count() <= 0) {
    return usage("backup.schedule is not a duration: " + every, "write it like 24h; empty: never");
  }
  if (!plan.folder.is_absolute()) {
    return usage("backup.folder is not an absolute path",
                 "holdfast config set backup.folder FOLDER, or leave backup.schedule empty");
  }
  plan.every = *time;
  return plan;
}

// What the settings say, also to the resolvers.
auto vaults_options(const api::Paths& paths, ResolverPrograms& resolvers)
    -> Outcome<api::VaultsOptions> {
  TRY(settings, Settings::load(paths.config_file, api::process_environment()));
  resolvers.configure(settings);
  TRY(backup, backup_plan(settings));
  return api::VaultsOptions{
      .folder = paths.data_folder,
      .default_vault = settings.text("default_vault"),
      .idle = settings.duration("lock.idle"),
      .absolute = settings.duration("lock.absolute"),
      .backup = std::move(backup),
      .find_resolver = [&resolvers](std::string_view name) { return resolvers.find(name); }};
}

// At SIGHUP nobody waits for the answer, so a mistake goes to the log, too.
auto reload(const api::Paths& paths, ResolverPrograms& resolvers, api::Vaults& vaults)
    -> base::Detailed<void> {
  const auto options = vaults_options(paths, resolvers);
  if (!options) {
    const std::string text = "holdfast: settings not read again: " + options.error().text + "\n";
    (void)!::write(STDERR_FILENO, text.data(), text.size());
    return base::fail(base::Error::bad_settings, options.error().text);
  }
  vaults.configure(*options);
  return {};
}

auto serve(const api::Paths& paths, const node::Ports& ports, int ready) -> Outcome<void> {
  ResolverPrograms resolvers{ports.clock};
  TRY(options, vaults_options(paths, resolvers));
  TRY_DO(private_folders(paths.socket.parent_path()));
  api::Vaults vaults{options, ports};
  const api::ServerOptions server_options{
      .socket = paths.socket, .stop_on_signals = true, .reload = [&] {
        return reload(paths, resolvers, vaults);
      }};
  TRY(server, locally(api::Server::listen(server_options, vaults, ports)));
  tell(ready, std::string_view{&kReady, 1});
  server->run();
  return {};
}

}  // namespace

auto log_file(const api::Paths& paths) -> fs::path { return paths.state_folder / "daemon.log"; }

auto start_daemon(const api::Paths& paths, const std::string& profile) -> Outcome<void> {
  TRY_DO(private_folders(paths.state_folder));
  const FileDescriptor lock{::open((paths.state_folder / "start.lock").c_str(),
                                   O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  // two commands at once: the second one waits, and finds the first one's daemon
  if (!lock.is_open() || ::flock(lock.number(), LOCK_EX) != 0) {
    return system_problem("the lock " + (paths.state_folder / "start.lock").string() + " failed");
  }
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return system_problem("no pipe");
  const FileDescriptor from{pipe[0]};
  FileDescriptor to{pipe[1]};
  const FileDescriptor log{::open(log_file(paths).c_str(),
                                  O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!log.is_open()) return system_problem("the log " + log_file(paths).string() + " failed");
  const pid_t child = ::fork();
  if (child < 0) return system_problem("no new process");
  if (child == 0) become_daemon(paths, profile, to.number(), log.number());
  to = FileDescriptor{};
  const auto said = hear(from.number());
  if (said && said->starts_with(kReady)) return {};
  if (!said) {
    return problem(Exit::remote, "the daemon did not start within 30 s",
                   "look at " + log_file(paths).string());
  }
  ::waitpid(child, nullptr, 0);
  const std::string running{base::error_text(base::Error::daemon_running)};
  if (said->find(running) != std::string::npos) return {};  // started by somebody else meanwhile
  const std::string why = said->empty() ? "it ended without a word" : *said;
  return problem(Exit::remote, "the daemon cannot start: " + why,
                 "the log is " + log_file(paths).string());
}

auto run_daemon(const api::Paths& paths, const node::Ports& ports, int ready) -> Outcome<void> {
  if (ready >= 0) ::fcntl(ready, F_SETFD, FD_CLOEXEC);
  auto served = serve(paths, ports, ready);
  if (!served) tell(ready, served.error().text);
  return served;
}

auto stop_process(pid_t process, int signal) -> Outcome<void> {
  const FileDescriptor handle{pidfd_open(process)};
  if (!handle.is_open()) {
    if (errno == ESRCH) return {};
    return system_problem("the daemon's process cannot be watched");
  }
  if (::syscall(SYS_pidfd_send_signal, handle.number(), signal, nullptr, 0) != 0 &&
      errno != ESRCH) {
    return system_problem("the daemon cannot be stopped");
  }
  pollfd wait{.fd = handle.number(), .events = POLLIN, .revents = 0};
  const int timeout =
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(kStopTimeout).count());
  int ended = 0;
  do {
    ended = ::poll(&wait, 1, timeout);
  } while (ended < 0 && errno == EINTR);
  ::waitpid(process, nullptr, WNOHANG);  // if it was started from here
  if (ended != 1) {
    return problem(
        Exit::remote,
        "the daemon (process " + std::to_string(process) + ") did not end within 30 s",
        "it may be writing; try again, or end it with: kill -9 " + std::to_string(process));
  }
  return {};
}

}  // namespace holdfast::cli
