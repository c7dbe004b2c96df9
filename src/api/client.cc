#include "api/client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "api/http_wire.h"

namespace holdfast::api {
namespace {

using base::Detailed, base::Error, base::fail, base::Result, base::SecretBytes;

constexpr std::size_t kReceiveBytes = kHeaderBytesMax;

auto is_field_text(std::string_view text) -> bool {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}
auto is_target(std::string_view target) -> bool {
  return target.starts_with('/') && target.size() <= kHeaderBytesMax / 2 &&
         std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7f; });
}
auto is_token(std::string_view text) -> bool {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

void put(SecretBytes& to, std::string_view text) {
  to.buffer().insert(to.buffer().end(), text.begin(), text.end());
}

// The other end must be a process of this user: a passphrase may follow.
auto check_peer(int socket, const std::filesystem::path& path) -> Detailed<void> {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return fail(Error::socket_io, path.string());
  }
  if (peer.uid != ::getuid()) return fail(Error::peer_not_owner, path.string());
  return {};
}

// The daemon closes connections that were idle for long.
auto has_ended(int socket) -> bool {
  std::uint8_t byte = 0;
  return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

}  // namespace

auto Client::connect(const std::filesystem::path& socket, base::SecretMemory& memory,
                     const ClientOptions& options) -> Detailed<std::unique_ptr<Client>> {
  std::unique_ptr<Client> client{new Client{socket, memory, options}};
  TRY_DO(client->open());
  return client;
}

Client::~Client() { close(); }

void Client::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  usable_ = false;
}

auto Client::open() -> Detailed<void> {
  close();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& path = path_.native();
  if (path.size() >= sizeof address.sun_path) return fail(Error::socket_path_too_long, path);
  std::memcpy(address.sun_path, path.data(), path.size());

  socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return fail(Error::socket_io, path);
  int done = 0;
  do {
    done = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } while (done != 0 && errno == EINTR);
  if (done != 0) return fail(Error::daemon_unreachable, path);
  TRY_DO(check_peer(socket_, path_));
  usable_ = true;
  return {};
}

auto Client::request(std::string_view method, std::string_view target, base::ByteView body,
                     std::span<const Header> headers) -> Detailed<Response> {
  if (!is_token(method) || !is_target(target)) return fail(Error::bad_header, "");
  if (!usable_ || has_ended(socket_)) TRY_DO(open());
  try {
    SecretBytes head{memory_};
    head.buffer().reserve(256 + target.size());
    put(head, method);
    put(head, " ");
    put(head, target);
    put(head, " HTTP/1.1\r\nHost: localhost\r\n");
    bool has_type = false;
    for (const auto& [name, value] : headers) {
      if (!is_token(name) || !is_field_text(value)) return fail(Error::bad_header, "");
      has_type = has_type || name == "Content-Type";
      put(head, name);
      put(head, ": ");
      put(head, value);
      put(head, "\r\n");
    }
    if (!body.empty() && !has_type) put(head, "Content-Type: application/json\r\n");
    if (!body.empty() || method != "GET") {
      put(head, "Content-Length: " + std::to_string(body.size()) + "\r\n");
    }
    put(head, "\r\n");
    usable_ = false;  // until the answer is complete
    Result<void> sent = head.expose([&](base::ByteView bytes) { return send_all(bytes); });
    if (sent) sent = send_all(body);
    auto answer = receive();  // also after a failure: it may be the reason, such as 413
    if (!answer && !sent) return fail(sent.error(), "");
    return answer;
  } catch (const std::bad_alloc&) {
    return fail(Error::secret_memory_exhausted, "");
  }
}

auto Client::wait(short events) -> Result<void> {
  if (options_.timeout.count() <= 0) return {};  // the call itself waits
  pollfd entry{.fd = socket_, .events = events, .revents = 0};
  const int ready = ::poll(&entry, 1, static_cast<int>(options_.timeout.count()));
  if (ready == 0) return fail(Error::request_timeout);
  return {};
}

auto Client::send_all(base::ByteView bytes) -> Result<void> {
  while (!bytes.empty()) {
    TRY_DO(wait(POLLOUT));
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return fail(Error::daemon_gone);
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

auto Client::receive() -> Detailed<Response> {
  auto& buffer = received_.buffer();
  buffer.resize(kReceiveBytes);
  std::size_t held = 0;
  bool ended = false;
  for (;;) {  // an interim answer (100 Continue) comes before the one wanted
    MessageReader reader{MessageReader::Of::answers, memory_};
    bool limited = false;
    while (!reader.done()) {
      TRY(used, reader.put(base::ByteView{buffer}.first(held)));
      std::memmove(buffer.data(), buffer.data() + used, held - used);
      held -= used;
      if (reader.header_done() && !limited) {
        limited = true;
        if (!reader.limit_body(kResponseBytesMax)) return fail(Error::bad_answer, "");
        continue;
      }
      if (reader.done()) break;
      if (ended) {
        if (!reader.put_end())
          return fail(reader.started() ? Error::bad_answer : Error::daemon_gone, "");
        break;
      }
      if (held == buffer.size()) return fail(Error::bad_answer, "");
      TRY_DO(wait(POLLIN));
      const ssize_t got = ::recv(socket_, buffer.data() + held, buffer.size() - held, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail(Error::daemon_gone, "");
      ended = got == 0;
      held += static_cast<std::size_t>(got);
    }
    Message& message = reader.message();
    if (message.status >= 100 && message.status < 200) continue;
    usable_ = message.keep_alive && !ended;
    return Response{.status = message.status,
                    .body = std::move(message.body),
                    .etag = std::move(message.etag),
                    .location = std::move(message.location)};
  }
}

auto encode_query(std::string_view text, base::SecretMemory& memory) -> SecretBytes {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  static constexpr std::string_view kUnreserved = "-._~";
  SecretBytes out{memory};
  out.buffer().reserve(text.size() * 3);
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kUnreserved.contains(c);
    if (plain) {
      out.buffer().push_back(byte);
    } else {
      out.buffer().push_back('%');
      out.buffer().push_back(static_cast<std::uint8_t>(kHex[byte >> 4]));
      out.buffer().push_back(static_cast<std::uint8_t>(kHex[byte & 15]));
    }
  }
  return out;
}

}  // namespace holdfast::api
