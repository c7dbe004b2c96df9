// connection.h: one connection as a state machine: reads a request, waits for its answer, writes
// it. Invariant: it belongs to the server's thread, except while `working`, when it belongs to one
// worker. Nothing here blocks. A request that is refused early is answered, then the rest of it is
// read and thrown away for a while, since closing at once could lose the answer.
// Limits: kReadBytes held before a header is complete, kDiscardedBytesMax. Time: an argument; one
// deadline a stage. Threads: one at a time. Errors: those of Dispatcher::plan, as answers.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "api/dispatch.h"
#include "api/http_wire.h"
#include "api/listener.h"
#include "api/server.h"

namespace holdfast::api {

inline constexpr std::size_t kReadBytes = 64 << 10;
inline constexpr std::size_t kDiscardedBytesMax = std::size_t{64} << 20;

class Connection {
 public:
  enum class State : std::uint8_t { waiting, header, body, working, writing, discarding, closed };

  Connection(Handle socket, const ServerOptions& options, Dispatcher& dispatcher,
             base::SecretMemory& memory, std::chrono::nanoseconds now);

  [[nodiscard]] auto state() const -> State { return state_; }
  [[nodiscard]] auto socket() const -> int { return socket_.get(); }
  [[nodiscard]] auto deadline() const -> std::chrono::nanoseconds { return deadline_; }
  [[nodiscard]] auto plan() const -> const Dispatcher::Plan& { return *plan_; }
  [[nodiscard]] auto wants_write() const -> bool { return state_ == State::writing; }

  [[nodiscard]] auto has_input() const -> bool;  // bytes that were not received yet
  void readable(std::chrono::nanoseconds now);
  void writable(std::chrono::nanoseconds now);
  void expire(std::chrono::nanoseconds now);  // the deadline has passed
  void answer_early(const base::Failure& failure, std::chrono::nanoseconds now);
  void close_after_answer() { keep_ = false; }
  void close() { state_ = State::closed; }

  // While working: on the worker. Afterwards the server calls resume().
  void work();
  void resume(std::chrono::nanoseconds now);

 private:
  void advance(std::chrono::nanoseconds now);
  auto parse(std::chrono::nanoseconds now) -> bool;
  void header_complete(std::chrono::nanoseconds now);
  void enter(State state, std::chrono::nanoseconds now);
  void prepare(Answer answer);
  auto send_some() -> bool;  // false: it is broken
  void discard();
  void after_answer(std::chrono::nanoseconds now);

  Handle socket_;
  const ServerOptions& options_;
  Dispatcher& dispatcher_;
  base::SecretMemory& memory_;
  State state_ = State::waiting;
  std::chrono::nanoseconds deadline_{};
  base::SecretBytes in_;  // received, not parsed yet
  std::unique_ptr<MessageReader> reader_;
  std::optional<Dispatcher::Plan> plan_;
  std::string head_;  // of the answer
  base::SecretBytes out_;
  std::size_t sent_ = 0;
  std::size_t discarded_ = 0;
  bool keep_ = true;      // the connection, after this answer
  bool refused_ = false;  // answered before the request was read to its end
  bool broken_ = false;   // no memory for the answer
};

}  // namespace holdfast::api
