// signatures.h: signatures that are only hashes, so that long simulations are affordable and equal
// runs give equal bytes. Whoever knows the public key can forge one: the simulator's Byzantine
// nodes do not, since they are ours. No product links this.
// Threads: any. Source: docs/design/reliability.md §2.
#pragma once

#include <memory>

#include "consensus/dag.h"
#include "crypto/hash.h"
#include "crypto/verified.h"

namespace holdfast::crypto {

struct SimulatedSignatures {
  [[nodiscard]] static auto sign(const PublicKey& key, Purpose purpose, ByteView message)
      -> Signature {
    const Digest digest = sha256({key.view(), base::view_of(purpose_text(purpose)), message});
    Signature signature;
    std::ranges::copy(digest.bytes, signature.bytes.begin());
    return signature;
  }
  template <class T>
  [[nodiscard]] static auto verify(const PublicKey& key, Purpose purpose, ByteView message,
                                   const Signature& signature, T value) -> Result<Verified<T>> {
    if (sign(key, purpose, message) != signature) return base::fail(base::Error::bad_signature);
    return Verified<T>{std::move(value)};
  }
  // For tests of what comes after verification.
  template <class T>
  [[nodiscard]] static auto trust(T value) -> Verified<T> {
    return Verified<T>{std::move(value)};
  }
};

}  // namespace holdfast::crypto
