// secret_text.h: reading and filling SecretBytes inside this module.
// peek() gives a view for the length of one expression or of the secret's life: it never leaves the
// module. These throw std::bad_alloc, which parse_import and write_export turn into an Error.
// Threads: any.
#pragma once

#include <string_view>

#include "base/secret.h"

namespace holdfast::formats {

[[nodiscard]] inline auto peek(const base::SecretBytes& secret) -> std::string_view {
  std::string_view text;
  secret.expose_text([&](std::string_view inside) { text = inside; });
  return text;
}
[[nodiscard]] inline auto secret_text(std::string_view text, base::SecretMemory& memory)
    -> base::SecretBytes {
  base::SecretBytes secret{memory};
  const base::ByteView bytes = base::view_of(text);
  secret.buffer().assign(bytes.begin(), bytes.end());
  return secret;
}
inline void append_text(base::SecretBytes::Buffer& to, std::string_view text) {
  const base::ByteView bytes = base::view_of(text);
  to.insert(to.end(), bytes.begin(), bytes.end());
}

}  // namespace holdfast::formats
