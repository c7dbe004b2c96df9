// equal.h: the only comparison of secrets, tags and commitments: its time depends on the lengths
// alone. Byte strings of different lengths differ; a length is not secret.
// Limits: none. Time: none. Threads: any. Errors: none. Source: docs/design/security.md §5.
#pragma once

#include "base/bytes.h"
#include "base/secret.h"

namespace holdfast::crypto {

[[nodiscard]] auto equal(base::ByteView a, base::ByteView b) -> bool;
[[nodiscard]] auto equal(const base::SecretBytes& a, const base::SecretBytes& b) -> bool;

template <class Tag, std::size_t kBytes>
[[nodiscard]] auto equal(const base::FixedBytes<Tag, kBytes>& a,
                         const base::FixedBytes<Tag, kBytes>& b) -> bool {
  return equal(base::ByteView{a.bytes}, base::ByteView{b.bytes});
}
template <class Tag, std::size_t kBytes>
[[nodiscard]] auto equal(const base::Secret<Tag, kBytes>& a, const base::Secret<Tag, kBytes>& b)
    -> bool {
  return a.expose([&](auto left) {
    return b.expose([&](auto right) { return equal(base::ByteView{left}, base::ByteView{right}); });
  });
}

}  // namespace holdfast::crypto
