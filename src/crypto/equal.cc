#include "crypto/equal.h"

#include <botan/mem_ops.h>

namespace holdfast::crypto {

auto equal(base::ByteView a, base::ByteView b) -> bool {
  if (a.size() != b.size()) return false;
  return Botan::constant_time_compare(a, b);
}

auto equal(const base::SecretBytes& a, const base::SecretBytes& b) -> bool {
  return a.expose([&](base::ByteView left) {
    return b.expose([&](base::ByteView right) { return equal(left, right); });
  });
}

}  // namespace holdfast::crypto
