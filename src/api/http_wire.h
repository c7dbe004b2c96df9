// http_wire.h: HTTP/1.1 messages out of bytes, for both ends of the socket.
// Invariant: everything a message says (target, headers we keep, body) lies in the SecretMemory
// given; nothing is read before the limits are checked. The bytes are parsed by Beast, which this
// header does not name. Limits: kHeaderBytesMax, limit_body(). Time: none. Threads: one.
// Errors: bad_request, header_too_large, body_too_large (server), bad_answer (client),
// secret_memory_exhausted. Source: RFC 9112.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace holdfast::api {

inline constexpr std::size_t kHeaderBytesMax = 16 << 10;  // of a request or answer

// What opens an encrypted file of another program; base64.
inline constexpr std::string_view kFilePassphraseHeader = "Holdfast-File-Passphrase";
inline constexpr std::string_view kFileKeyHeader = "Holdfast-File-Key";

enum class Method : std::uint8_t { get, post, put, patch, remove, other };
[[nodiscard]] auto method_name(Method method) -> std::string_view;  // "DELETE" for remove

struct Message {
  explicit Message(base::SecretMemory& memory) : target{memory}, body{memory} {}

  Method method = Method::other;  // request
  base::SecretBytes target;       // request
  unsigned status = 0;            // answer
  std::string host, if_match, idempotency_key, etag, location, expect;
  std::optional<base::SecretBytes> file_passphrase, file_key;  // base64, as they came
  unsigned hosts = 0;                                          // how many Host headers
  bool has_origin = false;                                     // an Origin header, whatever it says
  bool keep_alive = true;
  base::SecretBytes body;
};

class MessageReader {
 public:
  enum class Of : std::uint8_t { requests, answers };

  MessageReader(Of of, base::SecretMemory& memory);
  ~MessageReader();
  MessageReader(const MessageReader&) = delete;
  auto operator=(const MessageReader&) -> MessageReader& = delete;

  // Tells how many bytes were used; the rest must be presented again, with more behind it. Stops
  // after the header, so that the caller can judge it and set the limit of the body.
  [[nodiscard]] auto put(base::ByteView bytes) -> base::Result<std::size_t>;
  [[nodiscard]] auto put_end() -> base::Result<void>;  // the peer has closed
  [[nodiscard]] auto started() const -> bool;
  [[nodiscard]] auto header_done() const -> bool;
  [[nodiscard]] auto done() const -> bool;
  // Only between header and body. body_too_large at once if the header announces more.
  [[nodiscard]] auto limit_body(std::size_t bytes_max) -> base::Result<void>;
  [[nodiscard]] auto message() -> Message&;

 private:
  class Parser;
  template <bool kRequest>
  class ParserOf;
  std::unique_ptr<Parser> parser_;
};

[[nodiscard]] auto status_text(unsigned status) -> std::string_view;

}  // namespace holdfast::api
