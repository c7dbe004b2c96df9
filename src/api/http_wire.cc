#include "api/http_wire.h"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/status.hpp>

namespace holdfast::api {
namespace {

namespace http = boost::beast::http;
using base::Error, base::fail, base::Result;
using ErrorCode = boost::beast::error_code;
using BeastText = boost::beast::string_view;

auto method_of(http::verb verb) -> Method {
  switch (verb) {
    case http::verb::get:
      return Method::get;
    case http::verb::post:
      return Method::post;
    case http::verb::put:
      return Method::put;
    case http::verb::patch:
      return Method::patch;
    case http::verb::delete_:
      return Method::remove;
    default:
      return Method::other;
  }
}

void assign(base::SecretBytes& to, BeastText from) { to.buffer().assign(from.begin(), from.end()); }

// The headers that matter here; all others are dropped unread.
void keep_field(Message& message, http::field name, BeastText value) {
  const auto keep = [&](std::string& in) { in.assign(value.data(), value.size()); };
  switch (name) {
    case http::field::host:
      ++message.hosts;
      keep(message.host);
      break;
    case http::field::origin:
      message.has_origin = true;
      break;
    case http::field::if_match:
      keep(message.if_match);
      break;
    case http::field::etag:
      keep(message.etag);
      break;
    case http::field::location:
      keep(message.location);
      break;
    case http::field::expect:
      keep(message.expect);
      break;
    default:
      break;
  }
}

}  // namespace

auto method_name(Method method) -> std::string_view {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::remove:
      return "DELETE";
    case Method::other:
      break;
  }
  return "";
}

// What both kinds of parser look like from outside.
class MessageReader::Parser {
 public:
  explicit Parser(base::SecretMemory& secret) : memory{secret}, message{secret} {}
  virtual ~Parser() = default;
  virtual auto put(base::ByteView bytes) -> Result<std::size_t> = 0;
  virtual auto put_end() -> Result<void> = 0;
  virtual auto started() const -> bool = 0;
  virtual auto header_done() const -> bool = 0;
  virtual auto done() const -> bool = 0;
  virtual auto limit_body(std::size_t bytes_max) -> Result<void> = 0;

  base::SecretMemory& memory;
  Message message;
};

template <bool kRequest>
class MessageReader::ParserOf final : public Parser, private http::basic_parser<kRequest> {
  using Base = http::basic_parser<kRequest>;

 public:
  explicit ParserOf(base::SecretMemory& secret) : Parser{secret} {
    Base::header_limit(static_cast<std::uint32_t>(kHeaderBytesMax));
    Base::body_limit(boost::none);  // limit_body() decides, once the target is known
    Base::eager(false);
  }

  auto put(base::ByteView bytes) -> Result<std::size_t> override {
    std::size_t used = 0;
    const bool before_header = !Base::is_header_done();
    try {
      while (!Base::is_done() && used < bytes.size() &&
             (!before_header || !Base::is_header_done())) {
        ErrorCode error;
        const std::size_t step =
            Base::put(boost::asio::const_buffer{bytes.data() + used, bytes.size() - used}, error);
        used += step;
        if (error == http::error::need_more) break;
        if (error) return fail(translate(error));
        if (step == 0 && !Base::is_done() && before_header == !Base::is_header_done()) break;
      }
    } catch (const std::bad_alloc&) {
      return fail(Error::secret_memory_exhausted);
    }
    if (before_header && Base::is_header_done()) message.keep_alive = Base::keep_alive();
    return used;
  }

  auto put_end() -> Result<void> override {
    ErrorCode error;
    if (!Base::got_some()) return fail(malformed());
    if (!Base::is_done()) Base::put_eof(error);
    if (error) return fail(malformed());
    return {};
  }
  auto started() const -> bool override { return Base::got_some(); }
  auto header_done() const -> bool override { return Base::is_header_done(); }
  auto done() const -> bool override { return Base::is_done(); }

  auto limit_body(std::size_t bytes_max) -> Result<void> override {
    const auto length = Base::content_length();
    if (length && *length > bytes_max) return fail(Error::body_too_large);
    Base::body_limit(bytes_max);
    try {
      if (length) message.body.buffer().reserve(static_cast<std::size_t>(*length));
    } catch (const std::bad_alloc&) {
      return fail(Error::secret_memory_exhausted);
    }
    return {};
  }

 private:
  static auto malformed() -> Error { return kRequest ? Error::bad_request : Error::bad_answer; }
  static auto translate(const ErrorCode& error) -> Error {
    if (error == http::error::header_limit) return Error::header_too_large;
    if (error == http::error::body_limit) return Error::body_too_large;
    return malformed();
  }

  void on_request_impl(http::verb verb, BeastText, BeastText target, int, ErrorCode&) override {
    message.method = method_of(verb);
    assign(message.target, target);
  }
  void on_response_impl(int status, BeastText, int, ErrorCode&) override {
    message.status = static_cast<unsigned>(status);
  }
  void on_field_impl(http::field name, BeastText name_text, BeastText value, ErrorCode&) override {
    if (name != http::field::unknown) return keep_field(message, name, value);
    if (boost::beast::iequals(name_text, "Idempotency-Key")) {
      message.idempotency_key.assign(value.data(), value.size());
    } else if (boost::beast::iequals(name_text, kFilePassphraseHeader)) {
      assign(message.file_passphrase.emplace(memory), value);
    } else if (boost::beast::iequals(name_text, kFileKeyHeader)) {
      assign(message.file_key.emplace(memory), value);
    }
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  auto on_body_impl(BeastText part, ErrorCode&) -> std::size_t override {
    auto& body = message.body.buffer();
    body.insert(body.end(), part.begin(), part.end());
    return part.size();
  }
  void on_chunk_header_impl(std::uint64_t, BeastText, ErrorCode&) override {}
  auto on_chunk_body_impl(std::uint64_t, BeastText part, ErrorCode& error) -> std::size_t override {
    return on_body_impl(part, error);
  }
  void on_finish_impl(ErrorCode&) override {}
};

MessageReader::MessageReader(Of of, base::SecretMemory& memory) {
  if (of == Of::requests) {
    parser_ = std::make_unique<ParserOf<true>>(memory);
  } else {
    parser_ = std::make_unique<ParserOf<false>>(memory);
  }
}
MessageReader::~MessageReader() = default;

auto MessageReader::put(base::ByteView bytes) -> Result<std::size_t> { return parser_->put(bytes); }
auto MessageReader::put_end() -> Result<void> { return parser_->put_end(); }
auto MessageReader::started() const -> bool { return parser_->started(); }
auto MessageReader::header_done() const -> bool { return parser_->header_done(); }
auto MessageReader::done() const -> bool { return parser_->done(); }
auto MessageReader::limit_body(std::size_t bytes_max) -> Result<void> {
  return parser_->limit_body(bytes_max);
}
auto MessageReader::message() -> Message& { return parser_->message; }

auto status_text(unsigned status) -> std::string_view {
  if (status == 473) return "Unlocked Without Quorum";
  const auto text = http::obsolete_reason(static_cast<http::status>(status));
  return {text.data(), text.size()};
}

}  // namespace holdfast::api
