#include "api/listener.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace holdfast::api {
namespace {

namespace fs = std::filesystem;
using base::Detailed, base::Error, base::fail;

constexpr int kBacklog = 128;

auto address_of(const fs::path& path) -> Detailed<sockaddr_un> {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) {
    return fail(Error::socket_path_too_long, path.string());
  }
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  return address;
}

// The folder must be ours and closed to others, or somebody could put a socket there before us.
auto prepare_folder(const fs::path& folder) -> Detailed<void> {
  std::error_code error;
  if (!fs::exists(folder, error)) {
    if (folder.has_parent_path()) fs::create_directories(folder.parent_path(), error);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
      return fail(Error::socket_io, folder.string());
    }
  }
  struct stat info{};
  if (::lstat(folder.c_str(), &info) != 0) return fail(Error::socket_io, folder.string());
  const bool safe = S_ISDIR(info.st_mode) && info.st_uid == ::getuid() &&
                    (info.st_mode & (S_IRWXG | S_IRWXO)) == 0;
  if (!safe) return fail(Error::socket_folder_unsafe, folder.string());
  return {};
}

auto somebody_answers(const sockaddr_un& address) -> bool {
  const Handle probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!probe.valid()) return false;
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  // EAGAIN: somebody listens, with a full queue.
  return ::connect(probe.get(), generic, sizeof address) == 0 || errno == EAGAIN;
}

}  // namespace

Handle::~Handle() {
  if (number_ >= 0) ::close(number_);
}

Listener::Listener(fs::path path, Handle lock, Handle socket)
    : path_{std::move(path)}, lock_{std::move(lock)}, socket_{std::move(socket)} {}

Listener::~Listener() { close(); }

auto Listener::open(const fs::path& path) -> Detailed<std::unique_ptr<Listener>> {
  TRY(address, address_of(path));
  TRY_DO(prepare_folder(path.has_parent_path() ? path.parent_path() : fs::path{"."}));
  const fs::path lock_path = path.string() + ".lock";  // stays: removing it would race
  Handle lock{::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!lock.valid()) return fail(Error::socket_io, lock_path.string());
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(Error::daemon_running, path.string());
  }
  if (somebody_answers(address)) return fail(Error::daemon_running, path.string());
  struct stat info{};
  if (::lstat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) return fail(Error::socket_io, path.string());
    ::unlink(path.c_str());
  }
  Handle socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket.valid()) return fail(Error::socket_io, path.string());
  const bool bound =
      ::fchmod(socket.get(), 0600) == 0 &&  // the file gets the mode of the socket
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::chmod(path.c_str(), 0600) == 0 && ::listen(socket.get(), kBacklog) == 0;
  if (!bound) return fail(Error::socket_io, path.string());
  return std::unique_ptr<Listener>{new Listener{path, std::move(lock), std::move(socket)}};
}

auto Listener::accept() -> Handle {
  for (;;) {
    Handle peer{::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!peer.valid()) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return peer;
    }
    ucred who{};
    socklen_t size = sizeof who;
    const bool known = ::getsockopt(peer.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) == 0;
    if (known && who.uid == ::getuid()) return peer;
  }
}

void Listener::close() {
  if (!socket_.valid()) return;
  ::unlink(path_.c_str());
  socket_ = Handle{};
}

}  // namespace holdfast::api
