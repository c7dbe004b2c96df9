// listener.h: the listening Unix socket: its folder, its lock, its mode, and who may connect.
// Invariant: while a Listener lives, no other one exists for the same path, and the socket file at
// that path is ours. A socket file left behind by a crash is replaced only if nobody answers on it.
// Limits: 107 bytes of path. Time: none. Threads: one. Errors: daemon_running,
// socket_path_too_long, socket_folder_unsafe, socket_io. Source: unix(7), flock(2).
#pragma once

#include <filesystem>
#include <memory>
#include <utility>

#include "base/result.h"

namespace holdfast::api {

// A file descriptor that closes itself.
class Handle {
 public:
  explicit Handle(int number = -1) : number_{number} {}
  Handle(Handle&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  auto operator=(Handle&& other) noexcept -> Handle& {
    std::swap(number_, other.number_);
    return *this;
  }
  Handle(const Handle&) = delete;
  auto operator=(const Handle&) -> Handle& = delete;
  ~Handle();
  [[nodiscard]] auto get() const -> int { return number_; }
  [[nodiscard]] auto valid() const -> bool { return number_ >= 0; }

 private:
  int number_;
};

class Listener {
 public:
  [[nodiscard]] static auto open(const std::filesystem::path& path)
      -> base::Detailed<std::unique_ptr<Listener>>;
  ~Listener();  // removes the socket file
  Listener(const Listener&) = delete;
  auto operator=(const Listener&) -> Listener& = delete;

  [[nodiscard]] auto handle() const -> int { return socket_.get(); }
  // The next connection of this user, not blocking; an invalid handle when there is none. Those of
  // other users are closed at once.
  [[nodiscard]] auto accept() -> Handle;
  void close();  // no further connections; the file goes too

 private:
  Listener(std::filesystem::path path, Handle lock, Handle socket);
  std::filesystem::path path_;
  Handle lock_;
  Handle socket_;
};

}  // namespace holdfast::api
