// protected_stream.h: the inner encryption of a KDBX file's protected values, one keystream through
// the whole document in its order. Limits: none. Time: none. Threads: one. Errors: crypto_failed,
// secret_memory_exhausted; throws std::bad_alloc. Source: keepass.info/help/kb/kdbx.html.
#pragma once

#include <optional>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/foreign_ciphers.h"
#include "formats/kdbx_header.h"

namespace holdfast::formats {

class ProtectedStream {
 public:
  // `key` is what the file says, of any length; the cipher's key is made from it.
  [[nodiscard]] static auto create(KdbxStream kind, base::ByteView key, base::SecretMemory& memory)
      -> base::Result<ProtectedStream>;
  void apply(base::SecretBytes& bytes) {  // in place, and moves on
    if (stream_) stream_->apply(bytes.buffer());
  }

 private:
  std::optional<crypto::Keystream> stream_;  // none: values are only encoded
};

}  // namespace holdfast::formats
