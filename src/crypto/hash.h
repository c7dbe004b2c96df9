// hash.h: SHA-256 and HMAC-SHA-256.
// A Sha256 is reusable: finish() gives the digest and starts anew, so whoever hashes often (the
// Merkle trees) keeps one and pays for no allocation.
// Limits: none. Time: none. Threads: functions any; a Sha256 one. Errors: none.
// Source: FIPS 180-4, FIPS 198-1.
#pragma once

#include <initializer_list>
#include <memory>

#include "base/bytes.h"

namespace holdfast::crypto {
using base::ByteView;

using Digest = base::FixedBytes<struct DigestTag, 32>;

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  auto operator=(Sha256&&) noexcept -> Sha256&;
  Sha256(const Sha256&) = delete;
  auto operator=(const Sha256&) -> Sha256& = delete;

  void update(ByteView bytes);
  [[nodiscard]] auto finish() -> Digest;  // and starts anew

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] auto sha256(ByteView bytes) -> Digest;
[[nodiscard]] auto sha256(std::initializer_list<ByteView> parts) -> Digest;  // of the concatenation
[[nodiscard]] auto hmac_sha256(ByteView key, ByteView message) -> Digest;    // any key length
[[nodiscard]] auto hmac_sha256(ByteView key, std::initializer_list<ByteView> parts) -> Digest;

}  // namespace holdfast::crypto
