#include "node/header_file.h"

#include <algorithm>

#include "codec/cbor_reader.h"
#include "codec/cbor_writer.h"
#include "crypto/hash.h"
#include "model/signing.h"

namespace holdfast::node {
namespace {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::fail;
using base::Result;
using PassphraseKey = base::Secret<struct PassphraseKeyTag, 32>;

inline constexpr std::size_t kAuthorBytes = crypto::SigningSeed::kSize;
inline constexpr std::size_t kWrapBytes = crypto::KemSeed::kSize;
inline constexpr std::uint64_t kWordMax = 0xffff'ffff;

void write_kdf(codec::Writer& out, const HeaderFile& header) {
  out.array(3);
  out.uint(header.kdf.memory_kib);
  out.uint(header.kdf.passes);
  out.uint(header.kdf.lanes);
  out.bytes(header.salt.view());
}

auto keys_aad(const HeaderFile& header) -> Bytes {
  Bytes aad;
  codec::Writer out{aad};
  out.array(7);
  out.text("holdfast/1/header-keys");
  out.uint(model::kSuite);
  out.uint(model::kFormatVersion);
  out.bytes(header.vault.view());
  out.bytes(header.device.view());
  write_kdf(out, header);
  return aad;
}

auto derive(const base::SecretBytes& passphrase, const HeaderFile& header, const Ports& ports)
    -> Result<PassphraseKey> {
  if (passphrase.empty()) return fail(Error::passphrase_empty);
  Result<void> derived;
  TRY(key, PassphraseKey::make(ports.keys, [&](auto out) {
        derived = passphrase.expose(
            [&](auto text) { return crypto::argon2id(text, header.salt.view(), header.kdf, out); });
      }));
  TRY_DO(std::move(derived));
  return key;
}

auto read_body(codec::Reader& in) -> Result<HeaderFile> {
  HeaderFile header;
  TRY_DO(in.array_of(9));
  TRY(version, in.uint(kWordMax));
  if (version != model::kFormatVersion) return fail(Error::unsupported_version);
  TRY(suite, in.uint(kWordMax));
  if (suite != model::kSuite) return fail(Error::unsupported_suite);
  TRY(vault, in.fixed_bytes<model::VaultId>());
  TRY(device, in.fixed_bytes<model::DeviceId>());
  TRY_DO(in.array_of(3));
  TRY(memory, in.uint(kWordMax));
  TRY(passes, in.uint(kWordMax));
  TRY(lanes, in.uint(kWordMax));
  TRY(salt, in.fixed_bytes<decltype(header.salt)>());
  TRY(nonce, in.fixed_bytes<crypto::Nonce>());
  TRY(commitment, in.fixed_bytes<crypto::Commitment>());
  TRY(sealed, in.bytes(kHeaderFileBytesMax));
  TRY_DO(in.finish());
  return HeaderFile{.vault = vault,
                    .device = device,
                    .kdf = {.memory_kib = static_cast<std::uint32_t>(memory),
                            .passes = static_cast<std::uint32_t>(passes),
                            .lanes = static_cast<std::uint32_t>(lanes)},
                    .salt = salt,
                    .nonce = nonce,
                    .commitment = commitment,
                    .sealed = base::to_bytes(sealed)};
}

}  // namespace

auto encode(const HeaderFile& header) -> Bytes {
  Bytes body;
  codec::Writer out{body};
  out.array(9);
  out.uint(model::kFormatVersion);
  out.uint(model::kSuite);
  out.bytes(header.vault.view());
  out.bytes(header.device.view());
  write_kdf(out, header);
  out.bytes(header.nonce.view());
  out.bytes(header.commitment.view());
  out.bytes(header.sealed);
  Bytes file;
  codec::Writer whole{file};
  whole.array(2);
  whole.bytes(body);
  whole.bytes(model::domain_digest("header-file", body).view());
  return file;
}

auto decode_header_file(ByteView file) -> Result<HeaderFile> {
  codec::Reader outer{file};
  TRY_DO(outer.array_of(2));
  TRY(body, outer.bytes(kHeaderFileBytesMax));
  TRY(digest, outer.fixed_bytes<model::Digest>());
  TRY_DO(outer.finish());
  if (digest != model::domain_digest("header-file", body)) return fail(Error::header_corrupt);
  codec::Reader in{body};
  return read_body(in);
}

auto read_header_file(const store::Path& path) -> base::Detailed<HeaderFile> {
  auto file = store::read_file(path, kHeaderFileBytesMax);
  if (!file) {
    const Error code = file.error().code;
    if (code == Error::not_found) return fail(Error::header_missing, path.string());
    if (code == Error::too_long) return fail(Error::header_corrupt, path.string());
    return std::unexpected{file.error()};
  }
  auto header = decode_header_file(*file);
  if (header) return *std::move(header);
  const bool newer =
      header.error() == Error::unsupported_version || header.error() == Error::unsupported_suite;
  return fail(newer ? header.error() : Error::header_corrupt, path.string());
}

auto seal_user_keys(HeaderFile header, const base::SecretBytes& passphrase, const UserKeys& keys,
                    const Ports& ports) -> Result<HeaderFile> {
  header.salt = ports.random<decltype(header.salt)>();
  header.nonce = ports.random<crypto::Nonce>();
  TRY(key, derive(passphrase, header, ports));
  using Joined = base::Secret<struct JoinedKeysTag, kAuthorBytes + kWrapBytes>;
  TRY(joined, Joined::make(ports.keys, [&](auto out) {
        keys.author.expose([&](auto seed) { std::ranges::copy(seed, out.begin()); });
        keys.wrap.expose([&](auto seed) { std::ranges::copy(seed, out.begin() + kAuthorBytes); });
      }));
  const Bytes aad = keys_aad(header);
  TRY(sealed, key.expose([&](auto under) {
    return joined.expose([&](auto plain) { return crypto::seal(under, header.nonce, aad, plain); });
  }));
  header.commitment = sealed.commitment;
  header.sealed = std::move(sealed.ciphertext);
  return header;
}

auto open_user_keys(const HeaderFile& header, const base::SecretBytes& passphrase,
                    const Ports& ports) -> Result<UserKeys> {
  TRY(key, derive(passphrase, header, ports));
  const Bytes aad = keys_aad(header);
  auto opened = key.expose([&](auto under) {
    return crypto::open(under, header.nonce, header.commitment, aad, header.sealed, ports.keys);
  });
  if (!opened) {
    return fail(opened.error() == Error::authentication_failed ? Error::wrong_passphrase
                                                               : opened.error());
  }
  return opened->expose([&](auto plain) -> Result<UserKeys> {
    if (plain.size() != kAuthorBytes + kWrapBytes) return fail(Error::header_corrupt);
    TRY(author, crypto::SigningSeed::copy_of(ports.keys, plain.template first<kAuthorBytes>()));
    TRY(wrap, crypto::KemSeed::copy_of(ports.keys, plain.template last<kWrapBytes>()));
    return UserKeys{std::move(author), std::move(wrap)};
  });
}

}  // namespace holdfast::node
