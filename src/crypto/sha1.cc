#include "crypto/sha1.h"

#include <botan/hash.h>

#include <span>

namespace holdfast::crypto {

auto sha1_for_lookup(base::ByteView bytes) -> Sha1Digest {
  const auto hash = Botan::HashFunction::create_or_throw("SHA-1");
  hash->update(bytes);
  Sha1Digest digest;
  hash->final(std::span<std::uint8_t>{digest.bytes});
  return digest;
}

}  // namespace holdfast::crypto
