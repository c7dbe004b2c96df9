#include "store/store_fixtures.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "base/check.h"

namespace holdfast::store::testing {
namespace {

constexpr int kReportDescriptor = 100;

struct Countdown {
  std::atomic<int> left = 0;
  std::atomic<int> error_number = EIO;
  auto strikes() -> bool { return left.load() > 0 && left.fetch_sub(1) == 1; }
};
Countdown sync_fault;
Countdown rename_fault;
Countdown kill_fault;
std::atomic<int> sync_calls = 0;

void maybe_die() {
  if (kill_fault.strikes()) ::kill(::getpid(), SIGKILL);
}

template <class... Arguments>
auto counted(long number, Arguments... arguments) -> long {
  maybe_die();
  return ::syscall(number, arguments...);
}

auto counted_sync(long number, int file) -> int {
  ++sync_calls;
  if (sync_fault.strikes()) {
    errno = sync_fault.error_number;
    return -1;
  }
  return static_cast<int>(counted(number, file));
}

auto rename_fails() -> bool {
  if (!rename_fault.strikes()) return false;
  errno = rename_fault.error_number;
  return true;
}

}  // namespace

Scratch::Scratch() {
  std::string name = (std::filesystem::temp_directory_path() / "holdfast-store-XXXXXX").string();
  CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

auto files_ending(const Path& folder, std::string_view ending) -> std::vector<Path> {
  std::vector<Path> files;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    if (entry.path().filename().string().ends_with(ending)) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

void flip_bit_of_file(const Path& file, std::uint64_t byte, unsigned bit) {
  std::fstream stream{file, std::ios::in | std::ios::out | std::ios::binary};
  stream.seekg(static_cast<std::streamoff>(byte));
  const int old = stream.get();
  CHECK(old >= 0);
  stream.seekp(static_cast<std::streamoff>(byte));
  stream.put(static_cast<char>(old ^ (1 << bit)));
  stream.close();
  CHECK(stream.good());
}

auto copy_folder(const Path& from, const Path& to) -> Path {
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  return to;
}

Child::Child(const std::string& role, const std::map<std::string, std::string>& environment) {
  int ends[2];
  CHECK(::pipe2(ends, O_CLOEXEC) == 0);
  std::vector<std::string> words{"/proc/self/exe", "--gtest_also_run_disabled_tests",
                                 "--gtest_filter=ChildRole.DISABLED_" + role};
  std::vector<std::string> settings;
  for (char** entry = environ; *entry != nullptr; ++entry) settings.emplace_back(*entry);
  for (const auto& [name, value] : environment) settings.push_back(name + "=" + value);
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
  };
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], kReportDescriptor);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  const int failed = ::posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr,
                                   pointers(words).data(), pointers(settings).data());
  posix_spawn_file_actions_destroy(&actions);
  CHECK(failed == 0);
  ::close(ends[1]);
  pipe_ = ends[0];
}

Child::~Child() {
  kill();
  wait();
  ::close(pipe_);
}

auto Child::next_number() -> std::optional<std::uint64_t> {
  std::uint64_t number = 0;
  if (::read(pipe_, &number, sizeof number) != ssize_t{sizeof number}) return std::nullopt;
  return number;
}

void Child::kill() {
  if (!result_) ::kill(pid_, SIGKILL);
}

auto Child::wait() -> int {
  if (!result_) {
    int status = 0;
    CHECK(::waitpid(pid_, &status, 0) == pid_);
    result_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  return *result_;
}

void report(std::uint64_t number) {
  CHECK(::syscall(SYS_write, kReportDescriptor, &number, sizeof number) == sizeof number);
}

auto variable(const char* name) -> std::string {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void SyscallFaults::fail_sync(int nth, int error_number) {
  sync_fault.error_number = error_number;
  sync_fault.left = nth;
}
void SyscallFaults::fail_rename(int nth, int error_number) {
  rename_fault.error_number = error_number;
  rename_fault.left = nth;
}
auto SyscallFaults::syncs() -> int { return sync_calls; }
void SyscallFaults::kill_at(int nth) { kill_fault.left = nth; }

}  // namespace holdfast::store::testing

// These definitions come before those of the C library, for the shared RocksDB as well.
namespace faults = holdfast::store::testing;
extern "C" {
auto fsync(int file) -> int { return faults::counted_sync(SYS_fsync, file); }
auto fdatasync(int file) -> int { return faults::counted_sync(SYS_fdatasync, file); }
auto write(int file, const void* data, size_t bytes) -> ssize_t {
  return faults::counted(SYS_write, file, data, bytes);
}
auto pwrite(int file, const void* data, size_t bytes, off_t offset) -> ssize_t {
  return faults::counted(SYS_pwrite64, file, data, bytes, offset);
}
auto pwrite64(int file, const void* data, size_t bytes, off_t offset) -> ssize_t {
  return faults::counted(SYS_pwrite64, file, data, bytes, offset);
}
auto rename(const char* from, const char* to) noexcept -> int {
  if (faults::rename_fails()) return -1;
  return static_cast<int>(faults::counted(SYS_rename, from, to));
}
auto renameat2(int from_folder, const char* from, int to_folder, const char* to,
               unsigned flags) noexcept -> int {
  if (faults::rename_fails()) return -1;
  return static_cast<int>(faults::counted(SYS_renameat2, from_folder, from, to_folder, to, flags));
}
auto unlink(const char* path) noexcept -> int {
  return static_cast<int>(faults::counted(SYS_unlink, path));
}
auto ftruncate(int file, off_t bytes) noexcept -> int {
  return static_cast<int>(faults::counted(SYS_ftruncate, file, bytes));
}
auto ftruncate64(int file, off_t bytes) noexcept -> int {
  return static_cast<int>(faults::counted(SYS_ftruncate, file, bytes));
}
auto mkdir(const char* path, mode_t mode) noexcept -> int {
  return static_cast<int>(faults::counted(SYS_mkdir, path, mode));
}
}

#ifdef __SANITIZE_THREAD__
// The packaged RocksDB is not instrumented, so its own synchronisation is invisible.
extern "C" auto __tsan_default_suppressions() -> const char*;
extern "C" auto __tsan_default_suppressions() -> const char* { return "race:librocksdb.so\n"; }
#endif
