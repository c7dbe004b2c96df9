#include "crypto/aead.h"

#include <botan/aead.h>
#include <botan/kdf.h>
#include <string.h>

#include <algorithm>
#include <utility>

#include "crypto/equal.h"
#include "crypto/guard.h"

namespace holdfast::crypto {
namespace {
using base::Bytes, base::Error, base::fail, base::SecretBytes, base::SecretMemory;
using Botan::AEAD_Mode, Botan::Cipher_Dir, Botan::KDF;

// The library takes the variant from the nonce length: 24 bytes mean XChaCha20.
static_assert(Nonce::kSize == 24);

auto make_cipher(Cipher_Dir direction) -> std::unique_ptr<AEAD_Mode> {
  return AEAD_Mode::create_or_throw("ChaCha20Poly1305", direction);
}

void start(AEAD_Mode& cipher, KeyView key, const Nonce& nonce, ByteView aad) {
  cipher.set_key(key);
  cipher.set_associated_data(aad);
  cipher.start(nonce.view());
}

// A kept cipher object forgets each key at once.
struct Forget {
  AEAD_Mode& cipher;
  ~Forget() { cipher.clear(); }
};

// Encrypts in place, so plaintext stays in the output only until the cipher has overwritten it.
struct WipeUnless {
  Bytes& bytes;
  bool done = false;
  ~WipeUnless() {
    if (!done) ::explicit_bzero(bytes.data(), bytes.size());
  }
};

auto encrypt(AEAD_Mode& cipher, Botan::secure_vector<std::uint8_t>& tag, KeyView key,
             const Nonce& nonce, ByteView aad, ByteView plaintext) -> Result<Bytes> {
  if (plaintext.size() > kSealBytesMax) return fail(Error::too_long);
  return guarded([&]() -> Result<Bytes> {
    const Forget forget{cipher};
    start(cipher, key, nonce, aad);
    Bytes out(plaintext.size() + kTagBytes);
    WipeUnless wipe{out};
    std::ranges::copy(plaintext, out.begin());
    cipher.process(std::span{out}.first(plaintext.size()));
    tag.clear();
    cipher.finish(tag);
    CHECK(tag.size() == kTagBytes);
    std::ranges::copy(tag, out.end() - kTagBytes);
    wipe.done = true;
    return out;
  });
}

auto decrypt(AEAD_Mode& cipher, Botan::secure_vector<std::uint8_t>& tag, KeyView key,
             const Nonce& nonce, ByteView aad, ByteView ciphertext, SecretMemory& memory)
    -> Result<SecretBytes> {
  if (ciphertext.size() < kTagBytes) return fail(Error::authentication_failed);
  const std::size_t size = ciphertext.size() - kTagBytes;
  if (size > kSealBytesMax) return fail(Error::too_long);
  return guarded([&]() -> Result<SecretBytes> {
    SecretBytes out{memory};
    out.buffer().assign(ciphertext.begin(), ciphertext.begin() + static_cast<std::ptrdiff_t>(size));
    tag.assign(ciphertext.begin() + static_cast<std::ptrdiff_t>(size), ciphertext.end());
    const Forget forget{cipher};
    start(cipher, key, nonce, aad);
    cipher.process(std::span{out.buffer()});
    try {
      cipher.finish(tag);
    } catch (const Botan::Invalid_Authentication_Tag&) {
      return fail(Error::authentication_failed);
    }
    return out;
  });
}

}  // namespace

struct Aead::State {
  std::unique_ptr<KDF> hkdf = KDF::create_or_throw("HKDF(SHA-256)");
  std::unique_ptr<AEAD_Mode> encryption = make_cipher(Cipher_Dir::Encryption);
  std::unique_ptr<AEAD_Mode> decryption = make_cipher(Cipher_Dir::Decryption);
  Botan::secure_vector<std::uint8_t> tag;

  // 64 bytes: the encryption key, then the commitment.
  void derive(KeyView key, const Nonce& nonce, Wiped<64>& out) const {
    hkdf->derive_key(std::span<std::uint8_t>{out.bytes}, ByteView{key}, ByteView{nonce.bytes},
                     ByteView{});
  }
};

Aead::Aead() : state_{std::make_unique<State>()} {}
Aead::~Aead() = default;
Aead::Aead(Aead&&) noexcept = default;
auto Aead::operator=(Aead&&) noexcept -> Aead& = default;

auto Aead::seal(KeyView key, const Nonce& nonce, ByteView aad, ByteView plaintext)
    -> Result<Sealed> {
  return guarded([&]() -> Result<Sealed> {
    Wiped<64> derived;
    state_->derive(key, nonce, derived);
    TRY(ciphertext,
        encrypt(*state_->encryption, state_->tag, derived.part<0, 32>(), nonce, aad, plaintext));
    TRY(commitment, Commitment::from(derived.part<32, 32>()));
    return Sealed{.ciphertext = std::move(ciphertext), .commitment = commitment};
  });
}

auto Aead::open(KeyView key, const Nonce& nonce, const Commitment& commitment, ByteView aad,
                ByteView ciphertext, SecretMemory& memory) -> Result<SecretBytes> {
  return guarded([&]() -> Result<SecretBytes> {
    Wiped<64> derived;
    state_->derive(key, nonce, derived);
    if (!equal(derived.part<32, 32>(), commitment.view()))
      return fail(Error::authentication_failed);
    return decrypt(*state_->decryption, state_->tag, derived.part<0, 32>(), nonce, aad, ciphertext,
                   memory);
  });
}

auto Aead::opening_key(KeyView key, const Nonce& nonce, const Commitment& commitment,
                       SecretMemory& memory) -> Result<OpeningKey> {
  return guarded([&]() -> Result<OpeningKey> {
    Wiped<64> derived;
    state_->derive(key, nonce, derived);
    if (!equal(derived.part<32, 32>(), commitment.view()))
      return fail(Error::authentication_failed);
    return OpeningKey::copy_of(memory, derived.part<0, 32>());
  });
}

auto Aead::open(const OpeningKey& key, const Nonce& nonce, ByteView aad, ByteView ciphertext,
                SecretMemory& memory) -> Result<SecretBytes> {
  return key.expose([&](auto bytes) {
    return decrypt(*state_->decryption, state_->tag, bytes, nonce, aad, ciphertext, memory);
  });
}

auto seal(KeyView key, const Nonce& nonce, ByteView aad, ByteView plaintext) -> Result<Sealed> {
  return Aead{}.seal(key, nonce, aad, plaintext);
}

auto open(KeyView key, const Nonce& nonce, const Commitment& commitment, ByteView aad,
          ByteView ciphertext, SecretMemory& memory) -> Result<SecretBytes> {
  return Aead{}.open(key, nonce, commitment, aad, ciphertext, memory);
}

auto xchacha20_poly1305_seal(KeyView key, const Nonce& nonce, ByteView aad, ByteView plaintext)
    -> Result<Bytes> {
  Botan::secure_vector<std::uint8_t> tag;
  const auto cipher = make_cipher(Cipher_Dir::Encryption);
  return encrypt(*cipher, tag, key, nonce, aad, plaintext);
}

auto xchacha20_poly1305_open(KeyView key, const Nonce& nonce, ByteView aad, ByteView ciphertext,
                             SecretMemory& memory) -> Result<SecretBytes> {
  Botan::secure_vector<std::uint8_t> tag;
  const auto cipher = make_cipher(Cipher_Dir::Decryption);
  return decrypt(*cipher, tag, key, nonce, aad, ciphertext, memory);
}

}  // namespace holdfast::crypto
