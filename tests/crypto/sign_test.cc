#include "crypto/sign.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <type_traits>

#include "crypto/hash.h"
#include "crypto/ml_dsa.h"
#include "crypto/vectors.h"
#include "crypto/verified.h"

namespace holdfast::crypto {
namespace {
using base::Bytes, base::Error, base::view_of;
using namespace vectors;

const Bytes kRandom(32, 0x77);

auto signer_of(std::uint8_t fill) -> Signer {
  const Bytes bytes(64, fill);
  return Signer::create(SigningSeed::copy_of(test_memory(), fixed<64>(bytes)).value()).value();
}

auto sign(Signer& signer, Purpose purpose, base::ByteView message) -> Signature {
  return signer.sign(purpose, message, fixed<32>(kRandom)).value();
}

TEST(Sign, VerifiesWhatItSigned) {
  auto signer = signer_of(1);
  auto verifier = Verifier::create(signer.public_key()).value();
  for (const std::size_t size : {0UZ, 1UZ, 1000UZ, 100'000UZ}) {
    const Bytes message(size, 0x3c);
    EXPECT_TRUE(verifier.verify(Purpose::block, message, sign(signer, Purpose::block, message)));
  }
}

TEST(Sign, BothHalvesSignThePrefixedMessage) {
  auto signer = signer_of(1);
  const auto signature = sign(signer, Purpose::wrap_key, view_of("body"));
  const auto expected = base::to_bytes(view_of(std::string_view{"holdfast/1/wrap-key\0body", 24}));
  EXPECT_EQ(signed_bytes(Purpose::wrap_key, view_of("body")), expected);
  auto lattice = MlDsaVerifier::create(ml_dsa_half(signer.public_key())).value();
  EXPECT_TRUE(lattice.verify({expected}, signature.view().first<kMlDsaSignatureBytes>()));
  EXPECT_TRUE(ed25519_verify(ed25519_half(signer.public_key()), expected,
                             Ed25519Signature::from(signature.view().last<64>()).value()));
}

TEST(Sign, DependsOnSeedAndRandomnessAlone) {
  auto one = signer_of(1);
  auto again = signer_of(1);
  EXPECT_EQ(one.public_key(), again.public_key());
  const auto signature = sign(one, Purpose::block, view_of("m"));
  EXPECT_EQ(signature, sign(again, Purpose::block, view_of("m")));
  const Bytes other_random(32, 0x78);
  const auto other = one.sign(Purpose::block, view_of("m"), fixed<32>(other_random)).value();
  EXPECT_NE(signature, other);
  auto verifier = Verifier::create(one.public_key()).value();
  EXPECT_TRUE(verifier.verify(Purpose::block, view_of("m"), other));
}

TEST(Sign, RefusesAnotherMessageKeyOrHalf) {
  auto signer = signer_of(1);
  auto stranger = signer_of(2);
  auto verifier = Verifier::create(signer.public_key()).value();
  const auto good = sign(signer, Purpose::block, view_of("m"));
  const auto foreign = sign(stranger, Purpose::block, view_of("m"));
  const auto refused = [&](const Signature& signature, std::string_view message = "m") {
    const auto result = verifier.verify(Purpose::block, view_of(message), signature);
    return !result && result.error() == Error::bad_signature;
  };
  EXPECT_TRUE(refused(good, "n"));
  EXPECT_TRUE(refused(foreign));
  auto lattice_only = good;  // one half true, the other a stranger's
  std::ranges::copy(std::span{foreign.bytes}.last<64>(), lattice_only.bytes.end() - 64);
  EXPECT_TRUE(refused(lattice_only));
  auto curve_only = foreign;
  std::ranges::copy(std::span{good.bytes}.last<64>(), curve_only.bytes.end() - 64);
  EXPECT_TRUE(refused(curve_only));
  EXPECT_TRUE(refused(Signature{}));
  EXPECT_TRUE(verifier.verify(Purpose::block, view_of("m"), good));  // and goes on working
}

TEST(Sign, RefusesEveryFlippedByteOfTheSignature) {
  auto signer = signer_of(1);
  auto verifier = Verifier::create(signer.public_key()).value();
  const auto good = sign(signer, Purpose::block, view_of("m"));
  for (std::size_t at = 0; at < Signature::kSize; at += at < kMlDsaSignatureBytes ? 13 : 1) {
    auto changed = good;
    changed.bytes[at] ^= 0x04;
    EXPECT_EQ(verifier.verify(Purpose::block, view_of("m"), changed).error(), Error::bad_signature)
        << at;
  }
}

TEST(Sign, NoPurposeStandsForAnother) {
  auto signer = signer_of(1);
  auto verifier = Verifier::create(signer.public_key()).value();
  std::set<std::string_view> texts;
  for (std::size_t i = 0; i < kPurposes; ++i) {
    const auto purpose = static_cast<Purpose>(i);
    texts.insert(purpose_text(purpose));
    const auto signature = sign(signer, purpose, view_of("m"));
    for (std::size_t j = 0; j < kPurposes; ++j)
      EXPECT_EQ(verifier.verify(static_cast<Purpose>(j), view_of("m"), signature).has_value(),
                i == j);
  }
  EXPECT_EQ(texts, (std::set<std::string_view>{
                       "block", "checkpoint", "amnesia", "hello", "transaction", "wrap-key",
                       "member", "invite", "join", "keysync", "key-metadata", "export", "backup"}));
}

TEST(Sign, HelloTakesTheCurveHalfAlone) {
  auto signer = signer_of(1);
  auto verifier = Verifier::create(signer.public_key()).value();
  const auto hello = signer.sign_hello(view_of("exporter")).value();
  EXPECT_TRUE(verifier.verify_hello(view_of("exporter"), hello));
  EXPECT_EQ(verifier.verify_hello(view_of("other"), hello).error(), Error::bad_signature);
  // The curve half of another purpose is no hello.
  const auto block = sign(signer, Purpose::block, view_of("exporter"));
  const auto half = Ed25519Signature::from(block.view().last<64>()).value();
  EXPECT_EQ(verifier.verify_hello(view_of("exporter"), half).error(), Error::bad_signature);
}

TEST(Sign, RefusesASmallOrderKeyAndASmallOrderR) {
  auto signer = signer_of(1);
  auto key = signer.public_key();
  std::ranges::fill(std::span{key.bytes}.last<32>(), std::uint8_t{0});
  EXPECT_EQ(Verifier::create(key).error(), Error::bad_key);
  auto verifier = Verifier::create(signer.public_key()).value();
  auto signature = sign(signer, Purpose::block, view_of("m"));
  std::ranges::fill(std::span{signature.bytes}.last<64>().first<32>(), std::uint8_t{0});
  EXPECT_EQ(verifier.verify(Purpose::block, view_of("m"), signature).error(), Error::bad_signature);
}

TEST(VerifierCache, KeepsTheLastUsedUpToItsLimit) {
  VerifierCache cache{2};
  std::vector<Signer> signers;
  for (std::uint8_t i = 1; i <= 3; ++i) signers.push_back(signer_of(i));
  const auto check = [&](Signer& signer) {
    const auto signature = sign(signer, Purpose::block, view_of("m"));
    EXPECT_TRUE(cache.verify(signer.public_key(), Purpose::block, view_of("m"), signature));
  };
  for (int round = 0; round < 3; ++round)
    for (auto& signer : signers) check(signer);
  EXPECT_EQ(cache.size(), 2);
  check(signers[0]);
  check(signers[0]);
  EXPECT_EQ(cache.size(), 2);
}

TEST(VerifierCache, RefusesForeignSignaturesAndDoesNotKeepMalformedKeys) {
  VerifierCache cache{2};
  auto signer = signer_of(1);
  auto stranger = signer_of(2);
  const auto foreign = sign(stranger, Purpose::block, view_of("m"));
  EXPECT_EQ(cache.verify(signer.public_key(), Purpose::block, view_of("m"), foreign).error(),
            Error::bad_signature);
  EXPECT_EQ(cache.verify(PublicKey{}, Purpose::block, view_of("m"), foreign).error(),
            Error::bad_key);
  EXPECT_EQ(cache.size(), 1);
}

struct Block {
  int height;
};
static_assert(!std::is_default_constructible_v<Verified<Block>>);
static_assert(!std::is_constructible_v<Verified<Block>, Block>);
static_assert(!std::is_convertible_v<Block, Verified<Block>>);
static_assert(!std::is_aggregate_v<Verified<Block>>);
static_assert(std::is_copy_constructible_v<Verified<Block>>);
static_assert(std::is_nothrow_move_constructible_v<Verified<Block>>);
static_assert(std::is_same_v<decltype(*std::declval<Verified<Block>&>()), const Block&>);
static_assert(std::is_same_v<decltype(std::declval<Verified<Block>&>().value()), const Block&>);

TEST(Verified, IsMadeByAGoodSignatureOnly) {
  VerifierCache cache{2};
  auto signer = signer_of(1);
  auto signature = sign(signer, Purpose::block, view_of("7"));
  const auto good = verify(cache, signer.public_key(), Purpose::block, view_of("7"), signature,
                           Block{.height = 7});
  ASSERT_TRUE(good);
  EXPECT_EQ((*good)->height, 7);
  const auto bad = verify(cache, signer.public_key(), Purpose::block, view_of("8"), signature,
                          Block{.height = 8});
  EXPECT_EQ(bad.error(), Error::bad_signature);
}

// Guards the rule that one library object belongs to one thread: shared ones gave wrong results.
TEST(Threads, WithObjectsOfTheirOwnFindNoWrongResult) {
  constexpr int kThreads = 4;
  constexpr std::uint32_t kRounds = 150;
  std::array<int, kThreads> wrong{};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([t, &wrong] {
        auto signer = signer_of(1);  // all threads have the same key, each decoded it
        VerifierCache cache{2};
        int& count = wrong[static_cast<std::size_t>(t)];
        for (std::uint32_t i = 0; i < kRounds; ++i) {
          const auto message = sha256({view_of("m"), base::ByteView{kRandom}.first(i % 32)});
          auto signature = sign(signer, Purpose::transaction, message.view());
          const auto verify = [&] {
            return cache
                .verify(signer.public_key(), Purpose::transaction, message.view(), signature)
                .has_value();
          };
          if (!verify()) ++count;
          signature.bytes[(i * 97) % Signature::kSize] ^= 0x20;
          if (verify()) ++count;
        }
      });
    }
  }
  EXPECT_EQ(wrong, (std::array<int, kThreads>{}));
}

}  // namespace
}  // namespace holdfast::crypto
