#include "api/server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <map>
#include <vector>

#include "api/connection.h"
#include "api/dispatch.h"
#include "api/listener.h"
#include "api/workers.h"

namespace holdfast::api {
namespace {

using base::Detailed, base::Error, base::fail;
using std::chrono::nanoseconds;
using ConnectionId = std::uint64_t;

auto watch_signals() -> Detailed<Handle> {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  if (::pthread_sigmask(SIG_BLOCK, &signals, nullptr) != 0) return fail(Error::socket_io, "");
  Handle handle{::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!handle.valid()) return fail(Error::socket_io, "");
  return handle;
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Vaults& vaults, const node::Ports& ports,
       std::unique_ptr<Listener> listener, Handle wake, Handle signals)
      : options_{std::move(options)},
        vaults_{vaults},
        ports_{ports},
        dispatcher_{vaults, ports, options_.reload},
        listener_{std::move(listener)},
        wake_{std::move(wake)},
        signals_{std::move(signals)},
        workers_{std::make_unique<Workers>(options_.workers, options_.slow_workers)} {}

  void run();
  void stop() noexcept {
    stop_asked_ = true;
    notify();
  }

 private:
  void notify() const noexcept {
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);  // full means it is awake already
  }
  [[nodiscard]] auto now() const -> nanoseconds { return ports_.clock.monotonic(); }
  void begin_stop();
  void accept_new();
  [[nodiscard]] auto may_accept() const -> bool;
  auto evict_waiting() -> bool;
  void look_after(ConnectionId id, Connection& connection);
  void finish_worked();
  void expire_old();
  void start_due();
  void wait_for_events();
  [[nodiscard]] auto timeout_ms() const -> int;

  const ServerOptions options_;
  Vaults& vaults_;
  const node::Ports ports_;
  Dispatcher dispatcher_;
  std::unique_ptr<Listener> listener_;
  Handle wake_, signals_;
  std::atomic<bool> stop_asked_ = false;
  bool stopping_ = false;
  nanoseconds stop_deadline_ = nanoseconds::max();
  ConnectionId next_id_ = 0;
  std::map<ConnectionId, std::unique_ptr<Connection>> connections_;
  std::atomic<bool> locking_ = false;     // a lock_due() is on its way
  std::atomic<bool> backing_up_ = false;  // likewise, run_due() of the backups
  std::mutex worked_mutex_;
  std::vector<ConnectionId> worked_;  // whose answers are ready
  std::unique_ptr<Workers> workers_;  // last: its jobs use all of the above
};

// What is due at this time, on workers; each is started again only once it has ended.
void Server::Impl::start_due() {
  const auto start = [&](std::optional<nanoseconds> due, std::atomic<bool>& under_way, bool slow,
                         auto job) {
    if (!due || *due > now() || under_way.exchange(true)) return;
    workers_->post(
        [this, job, &under_way] {
          job();
          under_way = false;
          notify();
        },
        slow);
  };
  start(vaults_.next_due(), locking_, false, [this] { (void)vaults_.lock_due(); });
  start(dispatcher_.backups().next_due(), backing_up_, true,
        [this] { dispatcher_.backups().run_due(); });
}

void Server::Impl::run() {
  for (;;) {
    if (stop_asked_ && !stopping_) begin_stop();
    if (stopping_ && now() >= stop_deadline_) break;
    std::erase_if(connections_, [](const auto& entry) {
      return entry.second->state() == Connection::State::closed;
    });
    if (stopping_ && connections_.empty()) break;
    wait_for_events();
    finish_worked();
    expire_old();
    start_due();
  }
  listener_->close();
  workers_.reset();  // finishes what still runs
  connections_.clear();
  vaults_.lock_all();
}

void Server::Impl::begin_stop() {
  stopping_ = true;
  stop_deadline_ = now() + options_.drain_timeout;
  listener_->close();
  for (const auto& [id, connection] : connections_) {
    using enum Connection::State;
    if (connection->state() == working) continue;  // a worker's; finish_worked() sees to it
    connection->close_after_answer();
    if (connection->state() == waiting || connection->state() == discarding) connection->close();
    if (connection->state() == header || connection->state() == body) {
      connection->answer_early(Error::daemon_stopping, now());
    }
  }
}

auto Server::Impl::may_accept() const -> bool {
  if (stopping_) return false;
  return connections_.size() < options_.connections_max ||
         std::ranges::any_of(
             connections_,
             [](const auto& entry) { return entry.second->state() == Connection::State::waiting; });
}

// Idle ones make room for new ones, the one that waits longest first. One whose request has arrived
// but was not read yet is not idle.
auto Server::Impl::evict_waiting() -> bool {
  auto oldest = connections_.end();
  for (auto place = connections_.begin(); place != connections_.end(); ++place) {
    const Connection& connection = *place->second;
    if (connection.state() != Connection::State::waiting || connection.has_input()) continue;
    const bool older =
        oldest == connections_.end() || connection.deadline() < oldest->second->deadline();
    if (older) oldest = place;
  }
  if (oldest == connections_.end()) return false;
  connections_.erase(oldest);
  return true;
}

void Server::Impl::accept_new() {
  if (connections_.size() >= options_.connections_max && !evict_waiting()) return;
  while (connections_.size() < options_.connections_max) {
    Handle socket = listener_->accept();
    if (!socket.valid()) return;
    connections_.emplace(next_id_++,
                         std::make_unique<Connection>(std::move(socket), options_, dispatcher_,
                                                      ports_.plaintext, now()));
  }
}

// A complete request goes to a worker, which then owns the connection.
void Server::Impl::look_after(ConnectionId id, Connection& connection) {
  if (connection.state() != Connection::State::working) return;
  const bool slow = connection.plan().route->slow;
  workers_->post(
      [this, id, &connection] {
        connection.work();
        {
          const std::scoped_lock guard{worked_mutex_};
          worked_.push_back(id);
        }
        notify();
      },
      slow);
}

void Server::Impl::finish_worked() {
  std::vector<ConnectionId> worked;
  {
    const std::scoped_lock guard{worked_mutex_};
    worked.swap(worked_);
  }
  for (const ConnectionId id : worked) {
    Connection& connection = *connections_.at(id);
    if (stopping_) connection.close_after_answer();
    connection.resume(now());
    look_after(id, connection);  // the next request may have arrived behind the last
  }
}

void Server::Impl::expire_old() {
  const nanoseconds time = now();
  for (const auto& [id, connection] : connections_) {
    if (connection->state() != Connection::State::closed && connection->deadline() <= time) {
      connection->expire(time);
    }
  }
}

void Server::Impl::wait_for_events() {
  std::vector<pollfd> entries;
  std::vector<ConnectionId> ids;
  entries.push_back({.fd = wake_.get(), .events = POLLIN, .revents = 0});
  entries.push_back({.fd = signals_.get(), .events = POLLIN, .revents = 0});
  entries.push_back(
      {.fd = may_accept() ? listener_->handle() : -1, .events = POLLIN, .revents = 0});
  const std::size_t fixed = entries.size();
  for (const auto& [id, connection] : connections_) {
    if (connection->state() == Connection::State::working) continue;
    const short events = connection->wants_write() ? POLLOUT : POLLIN;
    entries.push_back({.fd = connection->socket(), .events = events, .revents = 0});
    ids.push_back(id);
  }
  if (::poll(entries.data(), entries.size(), timeout_ms()) <= 0) return;
  if (entries[0].revents != 0) {
    std::uint64_t count = 0;
    (void)!::read(wake_.get(), &count, sizeof count);
  }
  if (entries[1].revents != 0) {
    signalfd_siginfo taken{};  // left there, it would be delivered once somebody unblocks it
    (void)!::read(signals_.get(), &taken, sizeof taken);
    if (taken.ssi_signo != SIGHUP) {
      stop_asked_ = true;
    } else if (options_.reload) {
      workers_->post([reload = options_.reload] { (void)reload(); }, false);
    }
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (entries[fixed + i].revents == 0) continue;
    Connection& connection = *connections_.at(ids[i]);
    if (connection.wants_write()) {
      connection.writable(now());
    } else {
      connection.readable(now());
    }
    look_after(ids[i], connection);
  }
  if (entries[2].revents != 0) accept_new();
}

auto Server::Impl::timeout_ms() const -> int {
  nanoseconds next = stopping_ ? stop_deadline_ : nanoseconds::max();
  for (const auto& [id, connection] : connections_) {
    next = std::min(next, connection->deadline());
  }
  if (const auto due = vaults_.next_due(); due && !locking_) next = std::min(next, *due);
  if (const auto due = dispatcher_.backups().next_due(); due && !backing_up_) {
    next = std::min(next, *due);
  }
  if (next == nanoseconds::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Server::~Server() = default;

auto Server::listen(const ServerOptions& options, Vaults& vaults, const node::Ports& ports)
    -> Detailed<std::unique_ptr<Server>> {
  Handle signals;
  if (options.stop_on_signals) {
    TRY(watched, watch_signals());
    signals = std::move(watched);
  }
  TRY(listener, Listener::open(options.socket));
  Handle wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!wake.valid()) return fail(Error::socket_io, options.socket.string());
  return std::unique_ptr<Server>{new Server{std::make_unique<Impl>(
      options, vaults, ports, std::move(listener), std::move(wake), std::move(signals))}};
}

void Server::run() { impl_->run(); }
void Server::stop() noexcept { impl_->stop(); }

}  // namespace holdfast::api
