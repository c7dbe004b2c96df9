#include "cli/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace holdfast::cli {
namespace {

using store::FileDescriptor;

struct Pipe {
  FileDescriptor from, to;
};
auto make_pipe() -> Outcome<Pipe> {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return problem(Exit::local, std::string{"no pipe: "} + std::strerror(errno));
  }
  return Pipe{FileDescriptor{ends[0]}, FileDescriptor{ends[1]}};
}

// What posix_spawn is told; freed at the end.
class SpawnPlan {
 public:
  SpawnPlan(int input, int output, const ChildOptions& options) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    const bool piped = options.output != Output::nothing;
    if (piped) {
      ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    } else {
      ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    }
    if (options.output == Output::piped_with_errors) {
      ::posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
    } else {
      ::posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    }
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    ::posix_spawnattr_init(&attributes_);
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes_, &pipe);
    const int session = options.own_session ? POSIX_SPAWN_SETSID : 0;
    ::posix_spawnattr_setflags(&attributes_, static_cast<short>(POSIX_SPAWN_SETSIGDEF | session));
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  auto operator=(const SpawnPlan&) -> SpawnPlan& = delete;

  [[nodiscard]] auto start(const std::vector<std::string>& command,
                           const std::vector<std::string>& environment, pid_t& process) const
      -> int {
    return ::posix_spawnp(&process, command[0].c_str(), &actions_, &attributes_,
                          pointers(command).data(), pointers(environment).data());
  }

 private:
  static auto pointers(const std::vector<std::string>& texts) -> std::vector<char*> {
    std::vector<char*> all;
    for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));  // NOLINT
    all.push_back(nullptr);
    return all;
  }
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

auto environment_with(const ChildOptions& options) -> std::vector<std::string> {
  std::vector<std::string> all;
  for (char** one = ::environ; *one != nullptr; ++one) {
    const std::string_view entry{*one};
    const std::string_view name = entry.substr(0, entry.find('='));
    const bool replaced = std::ranges::any_of(
        options.variables, [&](const auto& variable) { return variable.first == name; });
    if (!replaced) all.emplace_back(entry);
  }
  for (const auto& [name, value] : options.variables) all.push_back(name + "=" + value);
  return all;
}

}  // namespace

auto find_program(const std::string& name, const api::Environment& environment)
    -> std::optional<std::string> {
  if (name.contains('/')) {
    if (::access(name.c_str(), X_OK) == 0) return name;
    return std::nullopt;
  }
  std::string folders = environment("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
  for (std::size_t begin = 0; begin <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', begin), folders.size());
    std::string path = folders.substr(begin, end - begin) + "/" + name;
    if (path.front() == '/' && ::access(path.c_str(), X_OK) == 0) return path;
    begin = end + 1;
  }
  return std::nullopt;
}

Child::Child(Child&& other) noexcept
    : process_{std::exchange(other.process_, 0)},
      own_session_{other.own_session_},
      input_{std::move(other.input_)},
      output_{std::move(other.output_)} {}

Child::~Child() {
  if (process_ <= 0) return;
  ::kill(own_session_ ? -process_ : process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

auto Child::start(const std::vector<std::string>& command, const ChildOptions& options)
    -> Outcome<Child> {
  TRY(in, make_pipe());
  TRY(out, make_pipe());
  const SpawnPlan plan{in.from.number(), out.to.number(), options};
  Child child;
  child.own_session_ = options.own_session;
  const int failed = plan.start(command, environment_with(options), child.process_);
  if (failed != 0) {
    child.process_ = 0;
    return problem(Exit::local, command[0] + " cannot be run: " + std::strerror(failed),
                   "check that it is installed");
  }
  child.input_ = std::move(in.to);
  if (options.output != Output::nothing) child.output_ = std::move(out.from);
  return child;
}

auto Child::write(base::ByteView bytes) const -> bool {
  while (!bytes.empty()) {
    const ssize_t written = ::write(input_.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

auto Child::wait(std::chrono::milliseconds longest) -> std::optional<int> {
  const FileDescriptor handle{static_cast<int>(::syscall(SYS_pidfd_open, process_, 0))};
  pollfd ended{.fd = handle.number(), .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&ended, 1, static_cast<int>(longest.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready != 1) return std::nullopt;  // the destructor kills it
  int status = 0;
  const pid_t waited = ::waitpid(std::exchange(process_, 0), &status, 0);
  if (waited < 0 || !WIFEXITED(status)) return std::nullopt;
  return WEXITSTATUS(status);
}

auto Child::talk(base::ByteView input, std::chrono::steady_clock::time_point until,
                 std::size_t bytes_max, base::SecretBytes& output) -> Talk {
  using std::chrono::steady_clock, std::chrono::milliseconds;
  ::fcntl(input_.number(), F_SETFL, O_NONBLOCK);
  if (input.empty()) close_input();
  bool reading = output_.is_open();
  while (reading || input_.is_open()) {
    std::array<pollfd, 2> ends = {
        pollfd{.fd = input_.is_open() ? input_.number() : -1, .events = POLLOUT, .revents = 0},
        pollfd{.fd = reading ? output_.number() : -1, .events = POLLIN, .revents = 0}};
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now()).count();
    if (left <= 0) return Talk::late;
    if (::poll(ends.data(), ends.size(), static_cast<int>(left)) <= 0) continue;
    if (ends[0].revents != 0) {
      const ssize_t written = ::write(input_.number(), input.data(), input.size());
      if (written > 0) input = input.subspan(static_cast<std::size_t>(written));
      const bool refused = written < 0 && errno != EAGAIN && errno != EINTR;
      if (refused || input.empty()) close_input();  // its exit code tells what it thinks of it
    }
    if (ends[1].revents == 0) continue;
    std::array<std::uint8_t, 4096> some{};
    const ssize_t got = ::read(output_.number(), some.data(), some.size());
    if (got > 0) {
      output.buffer().insert(output.buffer().end(), some.begin(), some.begin() + got);
      ::explicit_bzero(some.data(), some.size());
      if (output.size() > bytes_max) return Talk::too_much;
    }
    reading = got > 0 || (got < 0 && errno == EINTR);
  }
  return Talk::ended;
}

auto run_child(const std::vector<std::string>& command, base::ByteView input,
               const ChildOptions& options, std::size_t bytes_max, base::SecretMemory& memory)
    -> Outcome<Finished> {
  using std::chrono::steady_clock, std::chrono::milliseconds;
  const auto until = steady_clock::now() + options.longest;
  TRY(child, Child::start(command, options));
  Finished finished{.output = base::SecretBytes{memory}};
  const Child::Talk talk = child.talk(input, until, bytes_max, finished.output);
  if (talk == Child::Talk::too_much) {
    return problem(Exit::local,
                   command[0] + " wrote more than " + std::to_string(bytes_max) + " bytes",
                   "try it by hand");
  }
  const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
  const auto code =
      talk == Child::Talk::late ? std::nullopt : child.wait(std::max(left, milliseconds{0}));
  if (!code) {
    Problem late{Exit::local, command[0] + " did not end as it should", "try it by hand"};
    if (steady_clock::now() >= until) late.code = base::error_name(base::Error::request_timeout);
    return std::unexpected{std::move(late)};
  }
  finished.code = *code;
  return finished;
}

}  // namespace holdfast::cli
