#include "formats/kdbx_keys.h"

#include <array>
#include <limits>

#include "base/overloaded.h"
#include "crypto/foreign_ciphers.h"
#include "formats/little_endian.h"
#include "formats/secret_text.h"

namespace holdfast::formats {
namespace {

using base::ByteView, base::Error, base::fail, base::Result, base::SecretBytes, base::SecretMemory;

auto bytes_of(const SecretBytes& secret) -> ByteView { return base::view_of(peek(secret)); }

auto empty_key(std::size_t bytes, SecretMemory& memory) -> SecretBytes {
  SecretBytes key{memory};
  key.buffer().resize(bytes);
  return key;
}
auto out32(SecretBytes& key) { return std::span{key.buffer()}.first<32>(); }
auto out64(SecretBytes& key) { return std::span{key.buffer()}.first<64>(); }

// The digest over the digests of what was given.
auto composite_key(const FileKey& key, SecretMemory& memory) -> Result<SecretBytes> {
  if (!key.given()) return fail(Error::file_key_missing);
  SecretBytes passphrase = empty_key(32, memory);
  ByteView first, second;
  if (key.passphrase != nullptr) {
    TRY_DO(crypto::sha256_into(out32(passphrase), {bytes_of(*key.passphrase)}));
    first = bytes_of(passphrase);
  }
  if (key.key_component != nullptr) {
    if (key.key_component->size() != kKeyComponentBytes) return fail(Error::bad_key_file);
    second = bytes_of(*key.key_component);
  }
  SecretBytes composite = empty_key(32, memory);
  TRY_DO(crypto::sha256_into(out32(composite), {first, second}));
  return composite;
}

auto transform(const AesKdf& kdf, SecretBytes composite, SecretMemory& memory)
    -> Result<SecretBytes> {
  TRY_DO(crypto::aes_transform(std::span{kdf.seed}.first<32>(), kdf.rounds, out32(composite)));
  SecretBytes transformed = empty_key(32, memory);
  TRY_DO(crypto::sha256_into(out32(transformed), {bytes_of(composite)}));
  return transformed;
}

auto transform(const ArgonKdf& kdf, const SecretBytes& composite, SecretMemory& memory)
    -> Result<SecretBytes> {
  SecretBytes transformed = empty_key(32, memory);
  TRY_DO(crypto::argon2_raw(kdf.type, bytes_of(composite), kdf.salt, kdf.params,
                            transformed.buffer(),
                            {.secret = kdf.secret, .associated = kdf.associated}));
  return transformed;
}

auto block_key(const KdbxKeys& keys, std::uint64_t index, SecretMemory& memory)
    -> Result<SecretBytes> {
  std::vector<std::uint8_t> number;
  append_little_endian(number, index);
  SecretBytes key = empty_key(64, memory);
  TRY_DO(crypto::sha512_into(out64(key), {number, bytes_of(keys.integrity)}));
  return key;
}

}  // namespace

auto derive_keys(const KdbxHeader& header, const FileKey& key, SecretMemory& memory)
    -> Result<KdbxKeys> {
  TRY(composite, composite_key(key, memory));
  auto transformed = std::visit(
      base::Overloaded{
          [&](const AesKdf& kdf) { return transform(kdf, std::move(composite), memory); },
          [&](const ArgonKdf& kdf) { return transform(kdf, composite, memory); },
      },
      header.kdf);
  if (!transformed) return fail(transformed.error());
  KdbxKeys keys{empty_key(32, memory), empty_key(64, memory)};
  constexpr std::array<std::uint8_t, 1> kOne{1};
  TRY_DO(crypto::sha256_into(out32(keys.cipher), {header.master_seed, bytes_of(*transformed)}));
  TRY_DO(crypto::sha512_into(out64(keys.integrity),
                             {header.master_seed, bytes_of(*transformed), kOne}));
  return keys;
}

auto header_tag(const KdbxKeys& keys, ByteView header, SecretMemory& memory)
    -> Result<crypto::Digest> {
  TRY(key, block_key(keys, std::numeric_limits<std::uint64_t>::max(), memory));
  return crypto::hmac_sha256(bytes_of(key), header);
}

auto block_tag(const KdbxKeys& keys, std::uint64_t index, ByteView block, SecretMemory& memory)
    -> Result<crypto::Digest> {
  TRY(key, block_key(keys, index, memory));
  std::vector<std::uint8_t> place;
  append_little_endian(place, index);
  append_little_endian(place, static_cast<std::uint32_t>(block.size()));
  return crypto::hmac_sha256(bytes_of(key), {place, block});
}

}  // namespace holdfast::formats
