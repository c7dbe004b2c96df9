// nth_call.cc: a library to be preloaded into the program, which counts the calls that change files
// below one folder, or the allocations, and at call N kills the process or lets the call fail.
// Switched on by NTH_CALL_FOLDER, the folder, and NTH_CALL_CONTROL, a file of sizeof(Control) bytes
// that the test maps as well: it sets mode, target, kinds and error, and reads count and fired.
// Limits: calls inside the C library (stdio's own writes) are not seen; the store writes only its
// text log in that way. Time: none. Threads: any. Errors: none; without both variables it only
// passes calls on. Used by: tests/cli/nth_call.py.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

enum Kind : std::int64_t {
  kWrite = 1,
  kSync = 2,
  kRename = 4,
  kUnlink = 8,
  kTruncate = 16,
  kCreate = 32,  // a file, by open
  kFolder = 64,
  kOpen = 128,      // any other open
  kAllocate = 256,  // memory, without a folder
};

enum Mode : std::int64_t { kOff, kKillBefore, kKillAfter, kKillHalfway, kFail };

struct Control {
  std::atomic<std::int64_t> mode, target, count, fired, kinds, error;
  std::array<char, 464> what;  // the call that fired, and its file
};
static_assert(sizeof(Control) == 512);

Control* control = nullptr;
std::array<char, 4096> folder{};
std::size_t folder_bytes = 0;

[[gnu::constructor]] void start() {
  const char* file = std::getenv("NTH_CALL_CONTROL");
  const char* below = std::getenv("NTH_CALL_FOLDER");
  if (file == nullptr || below == nullptr) return;
  folder_bytes = std::min(std::strlen(below), folder.size() - 1);
  std::memcpy(folder.data(), below, folder_bytes);
  const int descriptor = ::open(file, O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return;
  void* mapped =
      ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  ::close(descriptor);
  if (mapped != MAP_FAILED) control = static_cast<Control*>(mapped);
}

template <class Function>
auto next(const char* name) -> Function* {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

using Path = std::array<char, 4096>;

auto path_of(int descriptor) -> Path {
  Path link{}, path{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", descriptor);
  if (::readlink(link.data(), path.data(), path.size() - 1) < 0) path[0] = 0;
  return path;
}

auto path_at(int at, const char* name) -> Path {
  Path path{};
  if (name[0] == '/' || at == AT_FDCWD) {
    std::snprintf(path.data(), path.size(), "%s", name);
  } else {
    path = path_of(at);
    const std::size_t used = std::strlen(path.data());
    std::snprintf(path.data() + used, path.size() - used, "/%s", name);
  }
  return path;
}

auto is_below(const Path& path) -> bool {
  return std::string_view{path.data()}.starts_with(std::string_view{folder.data(), folder_bytes});
}

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

// Does `call`, unless it is the one. `half` is what of it may happen when the power goes.
template <class Call, class Half>
auto counted(Kind kind, const char* name, const Path& path, Call&& call, Half&& half)
    -> decltype(call()) {
  const std::int64_t mode = control->mode;
  if (mode == kOff || (control->kinds & kind) == 0 || !is_below(path)) return call();
  if (++control->count != control->target) return call();
  std::snprintf(control->what.data(), control->what.size(), "%s %.400s", name,
                path.data() + folder_bytes);
  control->fired = 1;
  switch (mode) {
    case kKillBefore:
      die();
    case kKillAfter:
      static_cast<void>(call());
      die();
    case kKillHalfway:
      static_cast<void>(half());
      die();
    default:
      errno = static_cast<int>(control->error);
      return -1;
  }
}

template <class Call>
auto counted(Kind kind, const char* name, const Path& path, Call&& call) -> decltype(call()) {
  return counted(kind, name, path, call, call);
}

auto open_kind(int flags) -> Kind { return (flags & O_CREAT) != 0 ? kCreate : kOpen; }

auto open_at(const char* name, int at, const char* file, int flags, mode_t mode) -> int {
  const auto real = next<int(int, const char*, int, ...)>("openat");
  const auto call = [&] { return real(at, file, flags, mode); };
  if (control == nullptr) return call();
  return counted(open_kind(flags), name, path_at(at, file), call);
}

auto write_at(const char* name, int file, const void* bytes, std::size_t count, off64_t offset)
    -> ssize_t {
  const auto real = next<ssize_t(int, const void*, std::size_t, off64_t)>("pwrite64");
  const auto call = [&] { return real(file, bytes, count, offset); };
  if (control == nullptr) return call();
  return counted(kWrite, name, path_of(file), call,
                 [&] { return real(file, bytes, count / 2, offset); });
}

auto sync(const char* name, int file) -> int {
  const auto real = next<int(int)>(name);
  const auto call = [&] { return real(file); };
  return control == nullptr ? call() : counted(kSync, name, path_of(file), call);
}

auto truncate_to(const char* name, int file, off64_t size) -> int {
  const auto real = next<int(int, off64_t)>("ftruncate64");
  const auto call = [&] { return real(file, size); };
  return control == nullptr ? call() : counted(kTruncate, name, path_of(file), call);
}

auto rename_at(const char* name, int from_at, const char* from, int to_at, const char* to,
               unsigned flags) -> int {
  const auto real = next<int(int, const char*, int, const char*, unsigned)>("renameat2");
  const auto call = [&] { return real(from_at, from, to_at, to, flags); };
  return control == nullptr ? call() : counted(kRename, name, path_at(to_at, to), call);
}

auto link_at(int from_at, const char* from, int to_at, const char* to, int flags) -> int {
  const auto real = next<int(int, const char*, int, const char*, int)>("linkat");
  const auto call = [&] { return real(from_at, from, to_at, to, flags); };
  return control == nullptr ? call() : counted(kRename, "linkat", path_at(to_at, to), call);
}

auto unlink_at(const char* name, int at, const char* file, int flags) -> int {
  const auto real = next<int(int, const char*, int)>("unlinkat");
  const auto call = [&] { return real(at, file, flags); };
  return control == nullptr ? call() : counted(kUnlink, name, path_at(at, file), call);
}

// Whether this allocation is the one that finds no memory.
auto finds_no_memory() -> bool {
  if (control == nullptr || control->mode != kFail || (control->kinds & kAllocate) == 0) {
    return false;
  }
  if (++control->count != control->target) return false;
  constexpr std::string_view kWhat{"an allocation"};
  std::ranges::copy(kWhat, control->what.begin());
  control->fired = 1;
  errno = ENOMEM;
  return true;
}

// The mode of an open that may create is its last argument.
auto mode_of(int flags, va_list arguments) -> mode_t {
  const bool given = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return given ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

extern "C" {

// The C library's own: looking them up would allocate.
auto __libc_malloc(std::size_t) -> void*;
auto __libc_calloc(std::size_t, std::size_t) -> void*;
auto __libc_realloc(void*, std::size_t) -> void*;
auto __libc_memalign(std::size_t, std::size_t) -> void*;

auto malloc(std::size_t bytes) noexcept -> void* {
  return finds_no_memory() ? nullptr : __libc_malloc(bytes);
}
auto calloc(std::size_t count, std::size_t bytes) noexcept -> void* {
  return finds_no_memory() ? nullptr : __libc_calloc(count, bytes);
}
auto realloc(void* old, std::size_t bytes) noexcept -> void* {
  return finds_no_memory() ? nullptr : __libc_realloc(old, bytes);
}
auto aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept -> void* {
  return finds_no_memory() ? nullptr : __libc_memalign(alignment, bytes);
}
auto posix_memalign(void** out, std::size_t alignment, std::size_t bytes) noexcept -> int {
  if (finds_no_memory()) return ENOMEM;
  *out = __libc_memalign(alignment, bytes);
  return *out == nullptr ? ENOMEM : 0;
}

auto open(const char* file, int flags, ...) -> int {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_at("open", AT_FDCWD, file, flags, mode);
}
auto open64(const char* file, int flags, ...) -> int {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_at("open", AT_FDCWD, file, flags | O_LARGEFILE, mode);
}
auto openat(int at, const char* file, int flags, ...) -> int {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_at("openat", at, file, flags, mode);
}
auto openat64(int at, const char* file, int flags, ...) -> int {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_at("openat", at, file, flags | O_LARGEFILE, mode);
}

auto write(int file, const void* bytes, std::size_t count) -> ssize_t {
  static const auto real = next<ssize_t(int, const void*, std::size_t)>("write");
  const auto call = [&] { return real(file, bytes, count); };
  if (control == nullptr || control->mode == kOff) return call();
  return counted(kWrite, "write", path_of(file), call,
                 [&] { return real(file, bytes, count / 2); });
}
auto writev(int file, const iovec* parts, int count) -> ssize_t {
  const auto real = next<ssize_t(int, const iovec*, int)>("writev");
  const auto call = [&] { return real(file, parts, count); };
  if (control == nullptr) return call();
  return counted(kWrite, "writev", path_of(file), call,
                 [&] { return real(file, parts, std::max(count / 2, 1)); });
}
auto pwrite(int file, const void* bytes, std::size_t count, off_t offset) -> ssize_t {
  return write_at("pwrite", file, bytes, count, offset);
}
auto pwrite64(int file, const void* bytes, std::size_t count, off64_t offset) -> ssize_t {
  return write_at("pwrite", file, bytes, count, offset);
}
auto pwritev(int file, const iovec* parts, int count, off_t offset) -> ssize_t {
  const auto real = next<ssize_t(int, const iovec*, int, off_t)>("pwritev");
  const auto call = [&] { return real(file, parts, count, offset); };
  return control == nullptr ? call() : counted(kWrite, "pwritev", path_of(file), call);
}
auto fsync(int file) -> int { return sync("fsync", file); }
auto fdatasync(int file) -> int { return sync("fdatasync", file); }
auto ftruncate(int file, off_t size) noexcept -> int {
  return truncate_to("ftruncate", file, size);
}
auto ftruncate64(int file, off64_t size) noexcept -> int {
  return truncate_to("ftruncate", file, size);
}
auto rename(const char* from, const char* to) noexcept -> int {
  return rename_at("rename", AT_FDCWD, from, AT_FDCWD, to, 0);
}
auto renameat(int from_at, const char* from, int to_at, const char* to) noexcept -> int {
  return rename_at("renameat", from_at, from, to_at, to, 0);
}
auto renameat2(int from_at, const char* from, int to_at, const char* to, unsigned flags) noexcept
    -> int {
  return rename_at("renameat2", from_at, from, to_at, to, flags);
}
auto link(const char* from, const char* to) noexcept -> int {
  return link_at(AT_FDCWD, from, AT_FDCWD, to, 0);
}
auto linkat(int from_at, const char* from, int to_at, const char* to, int flags) noexcept -> int {
  return link_at(from_at, from, to_at, to, flags);
}
auto unlink(const char* file) noexcept -> int { return unlink_at("unlink", AT_FDCWD, file, 0); }
auto unlinkat(int at, const char* file, int flags) noexcept -> int {
  return unlink_at("unlinkat", at, file, flags);
}
auto mkdir(const char* path, mode_t mode) noexcept -> int {
  const auto real = next<int(const char*, mode_t)>("mkdir");
  const auto call = [&] { return real(path, mode); };
  return control == nullptr ? call() : counted(kFolder, "mkdir", path_at(AT_FDCWD, path), call);
}

}  // extern "C"
