// signing.h: the message every signature covers and the digest every id is.
// message = CBOR[suite, vault or null, recipient or null, body]; digest = SHA-256(CBOR[domain,
// body]). The purpose is prefixed by crypto::sign. Threads: pure. Errors: none. Source:
// docs/design/security.md §3.
#pragma once

#include <optional>
#include <string_view>

#include "model/ids.h"

namespace holdfast::model {

[[nodiscard]] auto signed_message(const std::optional<VaultId>& vault,
                                  const std::optional<DeviceId>& recipient, base::ByteView body)
    -> base::Bytes;
// domain without its prefix: "version" stands for "holdfast/1/version".
[[nodiscard]] auto domain_digest(std::string_view domain, base::ByteView body) -> Digest;

}  // namespace holdfast::model
