// verified.h: a value whose signature has been verified; verify() below is the only way to make
// one, except in the simulator, whose signatures are only hashes: it alone defines the friend
// below, and no product links it. The caller passes the value that it decoded from `message`, so
// decoding belongs next to this call. Limits: none. Time: none. Threads: values. Errors: bad_key,
// bad_signature. Source: docs/design/style.md §2 rule 5 (verified by type).
#pragma once

#include <utility>

#include "crypto/sign.h"

namespace holdfast::crypto {

template <class T>
class Verified;
struct SimulatedSignatures;  // sim/signatures.h

template <class T>
[[nodiscard]] auto verify(VerifierCache& cache, const PublicKey& key, Purpose purpose,
                          ByteView message, const Signature& signature, T value)
    -> Result<Verified<T>>;

template <class T>
class Verified {
 public:
  [[nodiscard]] auto operator*() const -> const T& { return value_; }
  [[nodiscard]] auto operator->() const -> const T* { return &value_; }
  [[nodiscard]] auto value() const -> const T& { return value_; }

 private:
  explicit Verified(T value) : value_{std::move(value)} {}
  template <class U>
  friend auto verify(VerifierCache& cache, const PublicKey& key, Purpose purpose, ByteView message,
                     const Signature& signature, U value) -> Result<Verified<U>>;
  friend struct SimulatedSignatures;
  T value_;
};

template <class T>
auto verify(VerifierCache& cache, const PublicKey& key, Purpose purpose, ByteView message,
            const Signature& signature, T value) -> Result<Verified<T>> {
  TRY_DO(cache.verify(key, purpose, message, signature));
  return Verified<T>{std::move(value)};
}

}  // namespace holdfast::crypto
