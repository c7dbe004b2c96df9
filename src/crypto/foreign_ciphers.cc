#include "crypto/foreign_ciphers.h"

#include <botan/block_cipher.h>
#include <botan/cipher_mode.h>
#include <botan/hash.h>
#include <botan/pwdhash.h>
#include <botan/stream_cipher.h>

#include <utility>

#include "crypto/guard.h"

namespace holdfast::crypto {
namespace {

using base::ByteView, base::Error, base::fail, base::Result;

auto cbc(BlockKind kind, Botan::Cipher_Dir direction, ForeignKey key, ByteView iv,
         std::span<std::uint8_t> bytes) -> Result<void> {
  if (iv.size() != kCbcBlockBytes || bytes.size() % kCbcBlockBytes != 0)
    return fail(Error::bad_length);
  return guarded([&]() -> Result<void> {
    const char* name =
        kind == BlockKind::aes_256 ? "AES-256/CBC/NoPadding" : "Twofish/CBC/NoPadding";
    const auto mode = Botan::Cipher_Mode::create_or_throw(name, direction);
    mode->set_key(key);
    mode->start(iv);
    if (!bytes.empty()) (void)mode->process(bytes);
    return {};
  });
}

auto digest_into(const char* name, std::span<std::uint8_t> out,
                 std::initializer_list<ByteView> parts) -> Result<void> {
  return guarded([&]() -> Result<void> {
    const auto hash = Botan::HashFunction::create_or_throw(name);
    for (const ByteView part : parts) hash->update(part);
    hash->final(out);
    return {};
  });
}

}  // namespace

auto cbc_decrypt(BlockKind kind, ForeignKey key, ByteView iv, std::span<std::uint8_t> bytes)
    -> Result<void> {
  return cbc(kind, Botan::Cipher_Dir::Decryption, key, iv, bytes);
}
auto cbc_encrypt(BlockKind kind, ForeignKey key, ByteView iv, std::span<std::uint8_t> bytes)
    -> Result<void> {
  return cbc(kind, Botan::Cipher_Dir::Encryption, key, iv, bytes);
}

struct Keystream::State {
  std::unique_ptr<Botan::StreamCipher> cipher;
};

Keystream::Keystream(std::unique_ptr<State> state) : state_{std::move(state)} {}
Keystream::~Keystream() = default;
Keystream::Keystream(Keystream&&) noexcept = default;
auto Keystream::operator=(Keystream&&) noexcept -> Keystream& = default;

auto Keystream::create(StreamKind kind, ForeignKey key, ByteView iv) -> Result<Keystream> {
  // The library would take other lengths too and mean another cipher.
  if (iv.size() != (kind == StreamKind::salsa20 ? 8U : 12U)) return fail(Error::bad_length);
  return guarded([&]() -> Result<Keystream> {
    auto state = std::make_unique<State>();
    state->cipher =
        Botan::StreamCipher::create_or_throw(kind == StreamKind::salsa20 ? "Salsa20" : "ChaCha20");
    state->cipher->set_key(key);
    state->cipher->set_iv(iv);
    return Keystream{std::move(state)};
  });
}

void Keystream::apply(std::span<std::uint8_t> bytes) {
  if (!bytes.empty()) state_->cipher->encipher(bytes);
}

auto aes_transform(ForeignKey seed, std::uint64_t rounds, std::span<std::uint8_t, 32> key)
    -> Result<void> {
  return guarded([&]() -> Result<void> {
    const auto cipher = Botan::BlockCipher::create_or_throw("AES-256");
    cipher->set_key(seed);
    for (std::uint64_t round = 0; round < rounds; ++round)
      cipher->encrypt_n(key.data(), key.data(), 2);
    return {};
  });
}

auto pbkdf2_sha256(ByteView passphrase, ByteView salt, std::uint32_t rounds,
                   std::span<std::uint8_t> out) -> Result<void> {
  if (rounds == 0) return fail(Error::out_of_range);
  return guarded([&]() -> Result<void> {
    const auto family = Botan::PasswordHashFamily::create_or_throw("PBKDF2(HMAC(SHA-256))");
    family->from_params(rounds)->hash(out, base::text_of(passphrase), salt);
    return {};
  });
}

auto sha256_into(std::span<std::uint8_t, 32> out, std::initializer_list<ByteView> parts)
    -> Result<void> {
  return digest_into("SHA-256", out, parts);
}
auto sha512_into(std::span<std::uint8_t, 64> out, std::initializer_list<ByteView> parts)
    -> Result<void> {
  return digest_into("SHA-512", out, parts);
}

}  // namespace holdfast::crypto
