// Wiped memory for the tests of the API, and small helpers to look at it.
#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"

namespace holdfast::api::test {

inline auto memory() -> base::SecretMemory& {
  static const auto made =
      *base::SecretMemory::create({.bytes_max = std::size_t{1} << 30, .lock = base::Lock::none});
  return *made;
}
inline auto secret(std::string_view text) -> base::SecretBytes {
  return *base::SecretBytes::copy_of(memory(), text);
}
inline auto text(const base::SecretBytes& bytes) -> std::string {
  return bytes.expose_text([](std::string_view view) { return std::string{view}; });
}

}  // namespace holdfast::api::test
