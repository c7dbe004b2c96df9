// client.h: one connection to the daemon, for commands: connect, ask, read the answer.
// Invariant: every byte sent or received lies in the SecretMemory given; the peer is a process of
// this user. Cheap to start: a plain blocking socket, no event loop, no thread.
// Limits: kResponseBytesMax, kHeaderBytesMax. Time: ClientOptions::timeout for each wait, none
// while the daemon works unless asked for. Threads: one. Errors: daemon_unreachable (nobody
// listens: start one), peer_not_owner, daemon_gone (the connection broke after a request was sent),
// bad_answer, bad_header, too_long. A status of 400 and above is a Response, not an error.
// Source: docs/api.md; RFC 9112.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "api/http_wire.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace holdfast::api {

inline constexpr std::size_t kResponseBytesMax = std::size_t{512} << 20;

struct ClientOptions {
  std::chrono::milliseconds timeout{0};  // of one wait for bytes; 0: as long as it takes
};

using Header = std::pair<std::string_view, std::string_view>;

struct Response {
  unsigned status = 0;
  base::SecretBytes body;
  std::string etag;      // with its quotation marks, ready for If-Match; empty: none
  std::string location;  // empty: none
  [[nodiscard]] auto ok() const -> bool { return status >= 200 && status < 300; }
};

class Client {
 public:
  [[nodiscard]] static auto connect(const std::filesystem::path& socket, base::SecretMemory& memory,
                                    const ClientOptions& options = {})
      -> base::Detailed<std::unique_ptr<Client>>;
  ~Client();
  Client(const Client&) = delete;
  auto operator=(const Client&) -> Client& = delete;

  // `target` is the path with its query, percent-encoded (encode_query). A body is sent as
  // application/json unless `headers` has a Content-Type. The connection stays open between calls;
  // after an error or an answer that ended it, the next call connects anew. Nothing is sent twice.
  [[nodiscard]] auto request(std::string_view method, std::string_view target,
                             base::ByteView body = {}, std::span<const Header> headers = {})
      -> base::Detailed<Response>;

 private:
  Client(const std::filesystem::path& path, base::SecretMemory& memory,
         const ClientOptions& options)
      : path_{path}, memory_{memory}, options_{options}, received_{memory} {}
  [[nodiscard]] auto open() -> base::Detailed<void>;
  void close();
  [[nodiscard]] auto send_all(base::ByteView bytes) -> base::Result<void>;
  [[nodiscard]] auto receive() -> base::Detailed<Response>;
  [[nodiscard]] auto wait(short events) -> base::Result<void>;

  std::filesystem::path path_;
  base::SecretMemory& memory_;
  ClientOptions options_;
  base::SecretBytes received_;  // room to read into, kept between calls
  int socket_ = -1;
  bool usable_ = false;  // between a complete answer and the next request
};

// Percent-encodes everything but unreserved characters (RFC 3986 §2.3), for a path segment or a
// query value. In secret memory, because labels and search texts are plaintext.
[[nodiscard]] auto encode_query(std::string_view text, base::SecretMemory& memory)
    -> base::SecretBytes;

}  // namespace holdfast::api
