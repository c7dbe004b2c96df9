#include "crypto/ml_dsa.h"

#include <botan/hash.h>
#include <gtest/gtest.h>

#include "crypto/vectors.h"

namespace holdfast::crypto {
namespace {
using base::Bytes, base::Error;
using namespace vectors;
using Mode = MlDsaSigner::Mode;

auto verifies(const Bytes& key, const Bytes& message, const Bytes& signature) -> bool {
  const auto typed = MlDsaPublicKey::from(key);
  if (!typed) return false;
  auto verifier = MlDsaVerifier::create(typed->view());
  return verifier && verifier->verify({message}, signature);
}

TEST(MlDsa, GeneratesTheKeysOfAcvp) {
  VECTOR_JSON(file, "acvp/mldsa65_keygen.json");
  Tally tally{"acvp/mldsa65_keygen.json"};
  each_test(file, [&](const Object&, const Object& test) {
    const auto seed = hex(test, "seed");
    const auto key = MlDsaSigner::create(fixed<32>(seed)).value().public_key();
    tally.expect(key && base::to_bytes(key->view()) == hex(test, "pk"), test);
  });
}

// The library accepts an expanded key where it wants a seed, and signs something else. Our type
// takes 32 bytes, so these keys have no way in.
TEST(MlDsa, HasNoEntryForTheExpandedKeysOfAcvp) {
  VECTOR_JSON(file, "acvp/mldsa65_siggen.json");
  Tally tally{"acvp/mldsa65_siggen.json"};
  each_test(file, [&](const Object& group, const Object& test) {
    EXPECT_EQ(hex(test, "sk").size(), 4032);
    if (text(group, "signatureInterface") != "external")
      return tally.skipped("internal interface or external mu");
    tally.skipped("expanded private keys; ours are seeds");
  });
}

TEST(MlDsa, VerifiesLikeAcvp) {
  VECTOR_JSON(file, "acvp/mldsa65_sigver.json");
  Tally tally{"acvp/mldsa65_sigver.json"};
  each_test(file, [&](const Object& group, const Object& test) {
    if (text(group, "signatureInterface") != "external")
      return tally.skipped("internal interface or external mu");
    if (!text(test, "context").empty()) return tally.skipped("context strings");
    tally.expect(verifies(hex(test, "pk"), hex(test, "message"), hex(test, "signature")) ==
                     flag(test, "testPassed"),
                 test);
  });
}

TEST(MlDsa, VerifiesLikeWycheproof) {
  VECTOR_JSON(file, "wycheproof/mldsa_65_verify_test.json");
  Tally tally{"wycheproof/mldsa_65_verify_test.json"};
  each_test(file, [&](const Object& group, const Object& test) {
    if (!text(test, "ctx").empty()) return tally.skipped("context strings");
    tally.expect(verifies(hex(group, "publicKey"), hex(test, "msg"), hex(test, "sig")) ==
                     (text(test, "result") == "valid"),
                 test);
  });
}

TEST(MlDsa, SignsLikeWycheproof) {
  VECTOR_JSON(file, "wycheproof/mldsa_65_sign_seed_test.json");
  Tally tally{"wycheproof/mldsa_65_sign_seed_test.json"};
  each_test(file, [&](const Object& group, const Object& test) {
    const auto seed = hex(group, "privateSeed");
    if (seed.size() != 32) {  // our type takes no other length
      if (text(test, "result") == "invalid") return tally.expect(true, test);
      return tally.skipped("no seed");
    }
    if (!text(test, "ctx").empty()) return tally.skipped("context strings");
    if (!test.contains("msg")) return tally.skipped("internal interface or external mu");
    const auto random = hex(test, "rnd");
    auto signer =
        MlDsaSigner::create(fixed<32>(seed), random.empty() ? Mode::deterministic : Mode::hedged);
    const auto signature = signer->sign({hex(test, "msg")}, random);
    tally.expect(text(test, "result") == "valid" && signature &&
                     base::to_bytes(signature->view()) == hex(test, "sig"),
                 test);
  });
}

TEST(MlDsa, HasNoEntryForExpandedPrivateKeys) {
  VECTOR_JSON(file, "wycheproof/mldsa_65_sign_noseed_test.json");
  Tally tally{"wycheproof/mldsa_65_sign_noseed_test.json"};
  std::size_t verified = 0;
  each_test(file, [&](const Object& group, const Object& test) {
    // At least the resulting signatures must verify.
    if (text(test, "result") == "valid" && text(test, "ctx").empty() && test.contains("msg")) {
      EXPECT_TRUE(verifies(hex(group, "publicKey"), hex(test, "msg"), hex(test, "sig")));
      ++verified;
      return tally.passed();
    }
    tally.skipped("expanded private keys, contexts or external mu; ours are seeds");
  });
  EXPECT_GT(verified, 50);
}

TEST(MlDsa, TheBenchmarkMessagesHaveNoExpectedResult) {
  VECTOR_JSON(file, "cctv/ML-DSA_benchmark_ML-DSA-65.json");
  Tally tally{"cctv/ML-DSA_benchmark_ML-DSA-65.json"};
  const Bytes seed(32, 1);
  auto signer = MlDsaSigner::create(fixed<32>(seed), Mode::deterministic).value();
  auto verifier = MlDsaVerifier::create(signer.public_key()->view()).value();
  for (const auto& entry : file.as_array()) {
    const auto message = text(Object{{"m", entry}}, "m");
    const auto signature = signer.sign({base::view_of(message)}, {});
    EXPECT_TRUE(verifier.verify({base::view_of(message)}, signature->view()));
    tally.skipped("messages without signatures; signed and verified");
  }
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
constexpr std::size_t kAccumulatedMax = 100;
#else
constexpr std::size_t kAccumulatedMax = 10'000;
#endif

TEST(MlDsa, AccumulatesToThePublishedHash) {
  VECTOR_JSON(file, "cctv/mldsa65_accumulated.json");
  Tally tally{"cctv/mldsa65_accumulated.json"};
  const auto& expected = file.at("ML-DSA-65").as_object();
  // SHAKE128 of the library gives a fixed length at once: enough seeds in one piece.
  Bytes seeds(kAccumulatedMax * 32);
  const auto source =
      Botan::HashFunction::create_or_throw("SHAKE-128(" + std::to_string(seeds.size() * 8) + ")");
  source->final(seeds);
  const auto sink = Botan::HashFunction::create_or_throw("SHAKE-128(256)");
  for (std::size_t i = 0; i < kAccumulatedMax; ++i) {
    if (i == 100) {
      const auto hash = sink->copy_state()->final_stdvec();
      tally.expect(hash == hex(expected, "100"), expected);
    }
    const auto seed = base::ByteView{seeds}.subspan(i * 32).first<32>();
    auto signer = MlDsaSigner::create(seed, Mode::deterministic).value();
    sink->update(signer.public_key()->view());
    sink->update(signer.sign({}, {})->view());
  }
  const auto hash = sink->final_stdvec();
  tally.expect(hash == hex(expected, std::to_string(kAccumulatedMax)), expected);
  if (kAccumulatedMax < 10'000) tally.skipped("10,000 signatures: optimised builds only");
  tally.skipped("60,000,000 signatures: hours");
}

TEST(MlDsa, TakesAMessageInParts) {
  const Bytes seed(32, 1);
  auto signer = MlDsaSigner::create(fixed<32>(seed), Mode::deterministic).value();
  const auto whole = signer.sign({base::view_of("abc")}, {});
  const auto parts = signer.sign({base::view_of("a"), {}, base::view_of("bc")}, {});
  EXPECT_EQ(whole, parts);
}

TEST(MlDsa, HedgedSigningNeedsItsRandomness) {
  const Bytes seed(32, 1);
  auto signer = MlDsaSigner::create(fixed<32>(seed)).value();
  EXPECT_EQ(signer.sign({base::view_of("abc")}, {}).error(), Error::crypto_failed);
}

}  // namespace
}  // namespace holdfast::crypto
