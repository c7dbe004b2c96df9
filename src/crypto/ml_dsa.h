// ml_dsa.h: internal to crypto (it names the library): ML-DSA-65 with the empty context, the
// lattice half of sign.h. Private keys are their 32-byte seeds; signing randomness is an argument,
// or absent for the deterministic variant (test vectors). Limits, bytes: public 1952, signature
// 3309. Time: none. Threads: an object one. Errors: bad_key, bad_signature, crypto_failed. Source:
// FIPS 204, Algorithms 2, 3 and 6.
#pragma once

#include <botan/ml_dsa.h>
#include <botan/pubkey.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/fixed_rng.h"

namespace holdfast::crypto {
using base::ByteView, base::Result;

using MlDsaPublicKey = base::FixedBytes<struct MlDsaPublicKeyTag, 1952>;
using MlDsaSignature = base::FixedBytes<struct MlDsaSignatureTag, 3309>;
using Parts = std::initializer_list<ByteView>;  // a message in pieces

class MlDsaSigner {
 public:
  enum class Mode : std::uint8_t { hedged, deterministic };
  static auto create(std::span<const std::uint8_t, 32> seed, Mode mode = Mode::hedged)
      -> Result<MlDsaSigner>;

  [[nodiscard]] auto public_key() const -> Result<MlDsaPublicKey>;
  // Randomness: 32 bytes when hedged, none when deterministic.
  [[nodiscard]] auto sign(Parts message, ByteView randomness) -> Result<MlDsaSignature>;

 private:
  struct State {
    State(std::span<const std::uint8_t, 32> seed, Mode mode)
        : key{seed, Botan::ML_DSA_Mode::ML_DSA_6x5},
          signer{key, rng, mode == Mode::hedged ? "Randomized" : "Deterministic"} {}
    FixedRng rng;
    Botan::ML_DSA_PrivateKey key;
    Botan::PK_Signer signer;
  };
  explicit MlDsaSigner(std::unique_ptr<State> state) : state_{std::move(state)} {}
  std::unique_ptr<State> state_;
};

class MlDsaVerifier {
 public:
  static auto create(std::span<const std::uint8_t, 1952> key) -> Result<MlDsaVerifier>;

  [[nodiscard]] auto verify(Parts message, ByteView signature) -> Result<void>;

 private:
  struct State {
    explicit State(std::span<const std::uint8_t, 1952> raw)
        : key{raw, Botan::ML_DSA_Mode::ML_DSA_6x5} {
      verifier.emplace(key, "");
    }
    Botan::ML_DSA_PublicKey key;
    std::optional<Botan::PK_Verifier> verifier;  // none after an exception: its state is unknown
  };
  explicit MlDsaVerifier(std::unique_ptr<State> state) : state_{std::move(state)} {}
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::crypto
