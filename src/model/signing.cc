#include "model/signing.h"

#include "model/encoding.h"

namespace holdfast::model {

auto domain_text(std::string_view domain) -> std::string {
  return std::string{"holdfast/1/"}.append(domain);
}

void write_domain(Writer& out, std::size_t elements_all, std::string_view domain) {
  out.array(elements_all);
  out.text(domain_text(domain));
}

auto digest_prefix(std::string_view domain, std::size_t body_bytes) -> Bytes {
  Bytes prefix;
  Writer out{prefix};
  write_domain(out, 2, domain);
  out.bytes_head(body_bytes);
  return prefix;
}

auto message_prefix(const std::optional<VaultId>& vault, const std::optional<DeviceId>& recipient,
                    std::size_t body_bytes) -> Bytes {
  Bytes prefix;
  Writer out{prefix};
  out.array(4);
  out.uint(kSuite);
  write(out, vault);
  write(out, recipient);
  out.bytes_head(body_bytes);
  return prefix;
}

auto signed_message(const std::optional<VaultId>& vault, const std::optional<DeviceId>& recipient,
                    ByteView body) -> Bytes {
  Bytes message = message_prefix(vault, recipient, body.size());
  message.reserve(message.size() + body.size());
  base::append(message, body);
  return message;
}

auto domain_digest(std::string_view domain, ByteView body) -> Digest {
  return crypto::sha256({digest_prefix(domain, body.size()), body});
}

}  // namespace holdfast::model
