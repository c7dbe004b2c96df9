// sign.h: composite signatures: ML-DSA-65 (empty context) and Ed25519, each over
// "holdfast/1/" ‖ purpose ‖ 0x00 ‖ message. Both halves must verify; neither counts alone, except
// that `hello` signs with the Ed25519 half only, because TLS has proved the other.
// Limits, bytes: seed 64 (ML-DSA ‖ Ed25519), public 1984, signature 3373 (same order); a Verifier
// takes about 50 KiB, a VerifierCache at most `count_max` of them. Time: none; randomness is an
// argument. Threads: each Signer, Verifier and VerifierCache belongs to one (the library's lattice
// keys are not safe across threads, not even copies). Errors: bad_key, bad_signature,
// crypto_failed. Source: FIPS 204, RFC 8032, docs/design/security.md §3, docs/design/platform.md
// §4.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/ed25519.h"

namespace holdfast::crypto {

inline constexpr std::size_t kMlDsaPublicBytes = 1952;
inline constexpr std::size_t kMlDsaSignatureBytes = 3309;

using SigningSeed = base::Secret<struct SigningSeedTag, 64>;  // ML-DSA seed ‖ Ed25519 seed
using PublicKey = base::FixedBytes<struct PublicKeyTag, kMlDsaPublicBytes + 32>;
using Signature = base::FixedBytes<struct SignatureTag, kMlDsaSignatureBytes + 64>;
using SigningRandomness = std::span<const std::uint8_t, 32>;

enum class Purpose : std::uint8_t {
  block,
  checkpoint,
  amnesia,
  hello,
  transaction,
  wrap_key,
  member,
  invite,
  join,
  keysync,
  key_metadata,
  export_data,
  backup,
};
inline constexpr std::size_t kPurposes = 13;
[[nodiscard]] auto purpose_text(Purpose purpose) -> std::string_view;  // "wrap-key", "export"
[[nodiscard]] auto signed_bytes(Purpose purpose, ByteView message) -> base::Bytes;

[[nodiscard]] auto ml_dsa_half(const PublicKey& key)
    -> std::span<const std::uint8_t, kMlDsaPublicBytes>;  // what the TLS certificate holds
[[nodiscard]] auto ed25519_half(const PublicKey& key) -> Ed25519PublicKey;

class Signer {
 public:
  static auto create(const SigningSeed& seed) -> Result<Signer>;
  ~Signer();
  Signer(Signer&&) noexcept;
  auto operator=(Signer&&) noexcept -> Signer&;
  Signer(const Signer&) = delete;
  auto operator=(const Signer&) -> Signer& = delete;

  [[nodiscard]] auto public_key() const -> const PublicKey&;
  [[nodiscard]] auto sign(Purpose purpose, ByteView message, SigningRandomness randomness)
      -> Result<Signature>;
  [[nodiscard]] auto sign_hello(ByteView message) -> Result<Ed25519Signature>;

 private:
  struct State;
  explicit Signer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Verifier {
 public:
  static auto create(const PublicKey& key) -> Result<Verifier>;  // bad_key
  ~Verifier();
  Verifier(Verifier&&) noexcept;
  auto operator=(Verifier&&) noexcept -> Verifier&;
  Verifier(const Verifier&) = delete;
  auto operator=(const Verifier&) -> Verifier& = delete;

  [[nodiscard]] auto verify(Purpose purpose, ByteView message, const Signature& signature)
      -> Result<void>;
  [[nodiscard]] auto verify_hello(ByteView message, const Ed25519Signature& signature)
      -> Result<void>;

 private:
  struct State;
  explicit Verifier(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The verifiers used last, by public key. Malformed keys are not kept.
class VerifierCache {
 public:
  explicit VerifierCache(std::size_t count_max);
  [[nodiscard]] auto verify(const PublicKey& key, Purpose purpose, ByteView message,
                            const Signature& signature) -> Result<void>;
  [[nodiscard]] auto size() const -> std::size_t { return by_key_.size(); }
  [[nodiscard]] auto limit() const -> std::size_t { return count_max_; }

 private:
  struct Entry {
    PublicKey key;
    Verifier verifier;
  };
  auto find_or_add(const PublicKey& key) -> Result<Verifier*>;

  std::size_t count_max_;
  std::list<Entry> recent_;  // the last used first
  std::map<PublicKey, std::list<Entry>::iterator> by_key_;
};

}  // namespace holdfast::crypto
