// signatures.h: the signatures of a simulation: the real suite, or ones that are only hashes, so
// that long simulations are affordable. Equal runs give equal bytes with either. Whoever knows the
// public key can forge a hashed one: the simulator's Byzantine nodes do not, since they are ours.
// No product links this. Threads: one. Source: docs/design/reliability.md §2.
#pragma once

#include <map>
#include <memory>

#include "base/secret.h"
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
  // What a suite has checked, and what comes after verification in tests.
  template <class T>
  [[nodiscard]] static auto trust(T value) -> Verified<T> {
    return Verified<T>{std::move(value)};
  }
};

}  // namespace holdfast::crypto

namespace holdfast::sim {

class Signatures {
 public:
  Signatures() = default;
  Signatures(const Signatures&) = delete;
  auto operator=(const Signatures&) -> Signatures& = delete;
  virtual ~Signatures() = default;

  // The public half of the key of this number, made now.
  [[nodiscard]] virtual auto make_key(std::uint64_t number) -> crypto::PublicKey = 0;
  [[nodiscard]] virtual auto sign(const crypto::PublicKey& key, crypto::Purpose purpose,
                                  base::ByteView message) -> crypto::Signature = 0;
  [[nodiscard]] virtual auto is_good(const crypto::PublicKey& key, crypto::Purpose purpose,
                                     base::ByteView message, const crypto::Signature& signature)
      -> bool = 0;

  template <class T>
  [[nodiscard]] auto verify(const crypto::PublicKey& key, crypto::Purpose purpose,
                            base::ByteView message, const crypto::Signature& signature, T value)
      -> base::Result<crypto::Verified<T>> {
    if (!is_good(key, purpose, message, signature)) return base::fail(base::Error::bad_signature);
    return crypto::SimulatedSignatures::trust(std::move(value));
  }
};

[[nodiscard]] auto hashed_signatures() -> std::unique_ptr<Signatures>;
[[nodiscard]] auto real_signatures() -> std::unique_ptr<Signatures>;

}  // namespace holdfast::sim
