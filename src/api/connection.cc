#include "api/connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

namespace holdfast::api {
namespace {

using base::Error, base::Failure;
using std::chrono::nanoseconds;

constexpr auto kDiscardTime = std::chrono::seconds{2};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

Connection::Connection(Handle socket, const ServerOptions& options, Dispatcher& dispatcher,
                       base::SecretMemory& memory, nanoseconds now)
    : socket_{std::move(socket)},
      options_{options},
      dispatcher_{dispatcher},
      memory_{memory},
      in_{memory},
      out_{memory} {
  enter(State::waiting, now);
}

void Connection::enter(State state, nanoseconds now) {
  state_ = state;
  switch (state) {
    case State::waiting:
      deadline_ = now + options_.idle_timeout;
      break;
    case State::header:
      deadline_ = now + options_.header_timeout;
      break;
    case State::body:
      deadline_ = now + options_.body_timeout;
      break;
    case State::writing:
      deadline_ = now + options_.write_timeout;
      break;
    case State::discarding:
      deadline_ = now + kDiscardTime;
      break;
    case State::working:
    case State::closed:
      deadline_ = nanoseconds::max();
      break;
  }
}

auto Connection::has_input() const -> bool {
  std::uint8_t byte = 0;
  return ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void Connection::readable(nanoseconds now) {
  if (state_ == State::discarding) {
    discard();
    return;
  }
  auto& in = in_.buffer();
  const std::size_t held = in.size();
  const std::size_t room = state_ == State::body ? kReadBytes : kHeaderBytesMax;
  try {
    in.resize(held + room);
  } catch (const std::bad_alloc&) {
    close();  // no memory to answer with either
    return;
  }
  const ssize_t got = ::recv(socket_.get(), in.data() + held, room, 0);
  in.resize(held + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) {
    if (errno != EAGAIN && errno != EINTR) close();
    return;
  }
  if (got == 0) {
    close();  // a request cut short has no answer
    return;
  }
  advance(now);
}

// Parses what there is until a request is complete or more is needed.
void Connection::advance(nanoseconds now) {
  try {
    while (state_ == State::waiting || state_ == State::header || state_ == State::body) {
      if (in_.empty() || !parse(now)) break;
    }
  } catch (const std::bad_alloc&) {
    answer_early(Error::secret_memory_exhausted, now);
  }
}

auto Connection::parse(nanoseconds now) -> bool {
  if (state_ == State::waiting) {
    reader_ = std::make_unique<MessageReader>(MessageReader::Of::requests, memory_);
    enter(State::header, now);
  }
  auto& in = in_.buffer();
  const auto used = reader_->put(in);
  if (!used) {
    answer_early(used.error(), now);
    return false;
  }
  in.erase(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(*used));
  if (state_ == State::header && reader_->header_done()) header_complete(now);
  if (state_ == State::body && reader_->done()) enter(State::working, now);
  return *used > 0;
}

void Connection::header_complete(nanoseconds now) {
  const Message& header = reader_->message();
  keep_ = keep_ && header.keep_alive;
  auto plan = dispatcher_.plan(header);
  if (!plan) {
    answer_early(plan.error(), now);
    return;
  }
  plan_ = *plan;
  if (const auto limited = reader_->limit_body(plan_->body_max); !limited) {
    answer_early(limited.error(), now);
    return;
  }
  enter(State::body, now);
  if (!reader_->done() && header.expect == "100-continue" && in_.empty()) {
    // Into an empty send buffer; if it fails, the client goes on after a second by itself.
    (void)::send(socket_.get(), kContinue.data(), kContinue.size(), MSG_NOSIGNAL);
  }
}

void Connection::answer_early(const Failure& failure, nanoseconds now) {
  if (state_ == State::writing || state_ == State::discarding || state_ == State::closed) return;
  if (reader_ == nullptr || !reader_->done()) {  // the rest of the request is still to come
    keep_ = false;
    refused_ = true;
  }
  prepare(dispatcher_.refuse(failure));
  enter(State::writing, now);
  writable(now);
}

void Connection::expire(nanoseconds now) {
  if (state_ == State::header || state_ == State::body) {
    answer_early(Error::request_timeout, now);
  } else {
    close();
  }
}

void Connection::work() {
  try {
    Answer answer = dispatcher_.run(*plan_, reader_->message());
    reader_.reset();  // wipes the request
    prepare(std::move(answer));
    (void)send_some();  // most answers leave here, without a detour over the other thread
  } catch (const std::bad_alloc&) {
    broken_ = true;
  }
}

void Connection::resume(nanoseconds now) {
  if (broken_) {
    close();
    return;
  }
  enter(State::writing, now);
  writable(now);
}

void Connection::prepare(Answer answer) {
  head_ = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  head_ += status_text(answer.status);
  head_ += "\r\nContent-Type: ";
  head_ += answer.type;
  head_ += "\r\nCache-Control: no-store\r\nContent-Length: " + std::to_string(answer.body.size());
  if (!answer.etag.empty()) head_ += "\r\nETag: " + answer.etag;
  if (!answer.location.empty()) head_ += "\r\nLocation: " + answer.location;
  if (!keep_) head_ += "\r\nConnection: close";
  head_ += "\r\n" + answer.extra + "\r\n";
  sent_ = 0;
  out_ = std::move(answer.body);
}

auto Connection::send_some() -> bool {
  return out_.expose([&](base::ByteView body) {
    while (sent_ < head_.size() + body.size()) {
      std::array<iovec, 2> parts{};
      std::size_t count = 0;
      if (sent_ < head_.size()) {
        parts[count++] = {.iov_base = head_.data() + sent_, .iov_len = head_.size() - sent_};
      }
      const std::size_t done = sent_ > head_.size() ? sent_ - head_.size() : 0;
      if (done < body.size()) {
        // sendmsg only reads through this pointer; its type knows no const
        parts[count++] = {.iov_base = const_cast<std::uint8_t*>(body.data()) + done,
                          .iov_len = body.size() - done};
      }
      msghdr message{};
      message.msg_iov = parts.data();
      message.msg_iovlen = count;
      const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
      if (sent < 0) return errno == EAGAIN || errno == EINTR;
      sent_ += static_cast<std::size_t>(sent);
    }
    return true;
  });
}

void Connection::writable(nanoseconds now) {
  if (!send_some()) {
    close();
  } else if (sent_ == head_.size() + out_.size()) {
    after_answer(now);
  }
}

void Connection::after_answer(nanoseconds now) {
  out_ = base::SecretBytes{memory_};
  if (keep_) {
    if (in_.empty()) in_ = base::SecretBytes{memory_};  // or it holds the request in its capacity
    enter(State::waiting, now);
    advance(now);
  } else if (refused_) {
    in_ = base::SecretBytes{memory_};
    ::shutdown(socket_.get(), SHUT_WR);
    enter(State::discarding, now);
    discard();
  } else {
    close();
  }
}

void Connection::discard() {
  auto& in = in_.buffer();
  in.resize(kReadBytes);
  for (;;) {
    const ssize_t got = ::recv(socket_.get(), in.data(), in.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) break;
    discarded_ += static_cast<std::size_t>(got);
    if (discarded_ > kDiscardedBytesMax) break;
  }
  close();
}

}  // namespace holdfast::api
