// server.h: the REST API on a Unix socket: one thread moves bytes, a few run the handlers.
// Invariants: one daemon per socket (a lock file beside it); only processes of this user are
// served; the socket has mode 0600 in a folder of mode 0700; no target, header or body is ever
// logged, and all of them lie in wiped memory.
// Limits: ServerOptions, kHeaderBytesMax, kBodyBytesMax (an import: formats::kImportBytesMax).
// Work that takes long (key derivation, import, export, verify) runs on at most slow_workers, so
// that reads never wait for it. Time: the Clock port. Threads: run() one, stop() any.
// Errors: daemon_running, socket_path_too_long, socket_folder_unsafe, socket_io.
// Source: docs/design/interfaces.md §3, docs/api.md; RFC 9110, RFC 9112.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>

#include "api/vaults.h"
#include "base/result.h"
#include "node/distributed_vault.h"

namespace holdfast::api {

inline constexpr std::size_t kBodyBytesMax = 16 << 20;  // of ordinary requests
inline constexpr std::size_t kConnectionsMax = 256;
inline constexpr std::size_t kWorkers = 4;
inline constexpr std::size_t kSlowWorkers = 2;

struct ServerOptions {
  std::filesystem::path socket;
  std::size_t connections_max = kConnectionsMax;
  std::size_t workers = kWorkers;
  std::size_t slow_workers = kSlowWorkers;
  std::chrono::milliseconds idle_timeout{60'000};   // between requests
  std::chrono::milliseconds header_timeout{5'000};  // first byte to last of a header
  std::chrono::milliseconds body_timeout{60'000};   // a whole body
  std::chrono::milliseconds write_timeout{60'000};  // a whole answer
  std::chrono::milliseconds drain_timeout{10'000};  // from stop() to the end of run()
  // SIGTERM and SIGINT stop the server. They are blocked in the calling thread and in those it
  // starts from then on: call listen() before any other thread exists.
  bool stop_on_signals = false;
  // Reads the settings again: at POST /v1/reload and, with stop_on_signals, at SIGHUP. Any thread.
  std::function<base::Detailed<void>()> reload{};
};

class Server {
 public:
  // Binds and listens; a client that connects from now on is served once run() is called.
  [[nodiscard]] static auto listen(const ServerOptions& options, Vaults& vaults,
                                   const node::Ports& ports)
      -> base::Detailed<std::unique_ptr<Server>>;
  ~Server();  // removes the socket
  Server(const Server&) = delete;
  auto operator=(const Server&) -> Server& = delete;

  // Serves until stop(), then finishes the requests in progress and locks all vaults.
  void run();
  void stop() noexcept;  // any thread, also a signal handler

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::api
