#include "crypto/aead.h"

#include <gtest/gtest.h>

#include "crypto/kdf.h"
#include "crypto/vectors.h"

namespace holdfast::crypto {
namespace {
using base::Bytes, base::Error, base::view_of;
using namespace vectors;

struct Box {
  Bytes key = Bytes(32, 0x11);
  Nonce nonce{{0x22}};
  Bytes aad = base::to_bytes(view_of("where it belongs"));
  Bytes plaintext = base::to_bytes(view_of("correct horse battery staple"));

  [[nodiscard]] auto sealed() const { return seal(fixed<32>(key), nonce, aad, plaintext).value(); }
  [[nodiscard]] auto opened(const Sealed& from) const {
    return open(fixed<32>(key), nonce, from.commitment, aad, from.ciphertext, test_memory());
  }
};

TEST(Aead, OpensWhatItSealed) {
  for (const std::size_t size : {0UZ, 1UZ, 15UZ, 16UZ, 255UZ, 4096UZ, 65'537UZ}) {
    Box box;
    box.plaintext.assign(size, 0x5a);
    const auto sealed = box.sealed();
    EXPECT_EQ(sealed.ciphertext.size(), size + kTagBytes);
    const auto opened = box.opened(sealed);
    ASSERT_TRUE(opened);
    EXPECT_EQ(bytes_of(*opened), box.plaintext);
  }
}

TEST(Aead, AKeptObjectGivesTheSameBytesAlsoAfterAFailure) {
  const Box box;
  const auto sealed = box.sealed();
  Aead aead;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(aead.seal(fixed<32>(box.key), box.nonce, box.aad, box.plaintext), sealed);
    EXPECT_EQ(aead.open(fixed<32>(box.key), box.nonce, sealed.commitment, {}, sealed.ciphertext,
                        test_memory())
                  .error(),
              Error::authentication_failed);
    const auto opened = aead.open(fixed<32>(box.key), box.nonce, sealed.commitment, box.aad,
                                  sealed.ciphertext, test_memory());
    ASSERT_TRUE(opened);
    EXPECT_EQ(bytes_of(*opened), box.plaintext);
  }
}

TEST(Aead, RefusesEveryFlippedBit) {
  const Box box;
  const auto sealed = box.sealed();
  const auto refused = [](const Box& with, const Sealed& what) {
    const auto opened = with.opened(what);
    return !opened && opened.error() == Error::authentication_failed;
  };
  for (std::size_t i = 0; i < sealed.ciphertext.size(); ++i) {
    auto changed = sealed;
    changed.ciphertext[i] ^= 0x10;
    EXPECT_TRUE(refused(box, changed));
  }
  for (std::size_t i = 0; i < Commitment::kSize; ++i) {
    auto changed = sealed;
    changed.commitment.bytes[i] ^= 0x01;
    EXPECT_TRUE(refused(box, changed));
  }
  for (std::size_t i = 0; i < Nonce::kSize; ++i) {
    Box other = box;
    other.nonce.bytes[i] ^= 0x80;
    EXPECT_TRUE(refused(other, sealed));
  }
  Box other_key = box;
  other_key.key[31] ^= 1;
  EXPECT_TRUE(refused(other_key, sealed));
  Box other_aad = box;
  other_aad.aad.push_back(0);
  EXPECT_TRUE(refused(other_aad, sealed));
}

TEST(Aead, RefusesCiphertextsThatAreCutOrExtended) {
  const Box box;
  auto sealed = box.sealed();
  const Bytes whole = sealed.ciphertext;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    sealed.ciphertext.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(box.opened(sealed).error(), Error::authentication_failed);
  }
  sealed.ciphertext = whole;
  sealed.ciphertext.push_back(0);
  EXPECT_EQ(box.opened(sealed).error(), Error::authentication_failed);
}

// Without the commitment the cipher accepts it, so only the commitment can have refused it.
TEST(Aead, RefusesAValidCiphertextUnderAForeignCommitment) {
  const Box box;
  Bytes derived(64);
  ASSERT_TRUE(hkdf(box.key, box.nonce.bytes, {}, derived));
  const Bytes inner(derived.begin(), derived.begin() + 32);
  auto sealed = box.sealed();
  EXPECT_TRUE(xchacha20_poly1305_open(fixed<32>(inner), box.nonce, box.aad, sealed.ciphertext,
                                      test_memory()));
  EXPECT_EQ(Bytes(sealed.commitment.bytes.begin(), sealed.commitment.bytes.end()),
            Bytes(derived.begin() + 32, derived.end()));
  sealed.commitment = Commitment{};
  EXPECT_EQ(box.opened(sealed).error(), Error::authentication_failed);
}

TEST(Aead, ReportsExhaustedSecretMemory) {
  Box box;
  box.plaintext.assign(std::size_t{1} << 20, 1);
  const auto small =
      base::SecretMemory::create({.bytes_max = std::size_t{1} << 17, .lock = base::Lock::none});
  ASSERT_TRUE(small);
  const auto sealed = box.sealed();
  EXPECT_EQ(
      open(fixed<32>(box.key), box.nonce, sealed.commitment, box.aad, sealed.ciphertext, **small)
          .error(),
      Error::secret_memory_exhausted);
}

TEST(XChaCha20Poly1305, MatchesWycheproof) {
  VECTOR_JSON(file, "wycheproof/xchacha20_poly1305_test.json");
  Tally tally{"wycheproof/xchacha20_poly1305_test.json"};
  each_test(file, [&](const Object&, const Object& test) {
    const bool valid = text(test, "result") == "valid";
    const auto nonce = Nonce::from(hex(test, "iv"));
    if (!nonce) return tally.expect(!valid, test);  // the type refuses every other length
    const auto key = hex(test, "key");
    auto sealed = hex(test, "ct");
    base::append(sealed, hex(test, "tag"));
    const auto aad = hex(test, "aad");
    const auto message = hex(test, "msg");
    const auto opened = xchacha20_poly1305_open(fixed<32>(key), *nonce, aad, sealed, test_memory());
    const auto again = xchacha20_poly1305_seal(fixed<32>(key), *nonce, aad, message);
    const bool right =
        valid ? opened && bytes_of(*opened) == message && again == sealed : !opened.has_value();
    tally.expect(right, test);
  });
}

// The IETF cipher with 12-byte nonces has no entry: a Nonce has 24 bytes by its type, and that
// matters, because the library would take the shorter one silently.
TEST(XChaCha20Poly1305, TheTypeRefusesTheNoncesOfTheIetfCipher) {
  VECTOR_JSON(file, "wycheproof/chacha20_poly1305_test.json");
  Tally tally{"wycheproof/chacha20_poly1305_test.json"};
  each_test(file, [&](const Object&, const Object& test) {
    const auto nonce = hex(test, "iv");
    if (nonce.size() == Nonce::kSize)  // valid here, but never for the IETF cipher
      return tally.skipped("24-byte nonce means the other cipher");
    EXPECT_FALSE(Nonce::from(nonce));
    tally.skipped("no 12-byte nonces; the type refuses their length");
  });
}

}  // namespace
}  // namespace holdfast::crypto
