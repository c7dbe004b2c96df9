#include "formats/holdfast_file.h"

#include <algorithm>

#include "codec/cbor_reader.h"
#include "codec/cbor_writer.h"
#include "crypto/aead.h"
#include "crypto/equal.h"
#include "formats/secret_text.h"
#include "model/signing.h"

namespace holdfast::formats {
namespace {

using base::Bytes, base::ByteView, base::Detailed, base::Error, base::fail, base::Result,
    base::SecretBytes, base::SecretMemory;
using Salt = base::FixedBytes<struct ExportSaltTag, 32>;
using Check = base::FixedBytes<struct ExportCheckTag, 32>;

constexpr std::size_t kSealedBytesMax = kHoldfastChunkBytes + crypto::kTagBytes;
constexpr std::size_t kOverheadBytesMax = 64 << 10;  // of 256 chunks and the head
constexpr std::uint64_t kWordMax = 0xffff'ffff;

struct Head {
  crypto::Argon2Params kdf{};
  Salt salt{};
  Check check{};  // the key's commitment
  std::uint64_t bytes = 0;
};

auto chunks_of(std::uint64_t bytes) -> std::uint64_t {
  return std::max<std::uint64_t>(1, (bytes + kHoldfastChunkBytes - 1) / kHoldfastChunkBytes);
}

auto encode(const Head& head) -> Bytes {
  Bytes encoded;
  codec::Writer out{encoded};
  out.array(6);
  out.uint(model::kFormatVersion);
  out.uint(model::kSuite);
  out.array(3);
  out.uint(head.kdf.memory_kib);
  out.uint(head.kdf.passes);
  out.uint(head.kdf.lanes);
  out.bytes(head.salt.view());
  out.bytes(head.check.view());
  out.uint(head.bytes);
  return encoded;
}

auto decode_head(ByteView encoded) -> Result<Head> {
  codec::Reader in{encoded};
  TRY(items, in.array(64));
  TRY(version, in.uint(kWordMax));  // first: a newer head may have more items
  if (version != model::kFormatVersion) return fail(Error::unsupported_version);
  TRY(suite, in.uint(kWordMax));
  if (suite != model::kSuite) return fail(Error::unsupported_suite);
  if (items != 6) return fail(Error::bad_length);
  Head head;
  TRY_DO(in.array_of(3));
  for (std::uint32_t* number : {&head.kdf.memory_kib, &head.kdf.passes, &head.kdf.lanes}) {
    TRY(value, in.uint(kWordMax));
    *number = static_cast<std::uint32_t>(value);
  }
  TRY(salt, in.fixed_bytes<Salt>());
  TRY(check, in.fixed_bytes<Check>());
  TRY(bytes, in.uint(kImportBytesMax));
  TRY_DO(in.finish());
  head.salt = salt;
  head.check = check;
  head.bytes = bytes;
  return head;
}

auto is_too_costly(const crypto::Argon2Params& kdf) -> bool {
  return kdf.memory_kib > kHoldfastKdfMemoryKibMax ||
         std::uint64_t{kdf.memory_kib} * kdf.passes > kHoldfastKdfWorkKibMax;
}

auto affordable(crypto::Argon2Params kdf) -> crypto::Argon2Params {
  kdf.memory_kib = std::min(kdf.memory_kib, kHoldfastKdfMemoryKibMax);
  const std::uint64_t passes = kHoldfastKdfWorkKibMax / std::max(kdf.memory_kib, 1U);
  kdf.passes = static_cast<std::uint32_t>(std::min<std::uint64_t>(kdf.passes, passes));
  return kdf;
}

// The cost and the suite take part, so they cannot be changed without changing the key.
auto key_info(const Head& head) -> Bytes {
  Bytes info;
  codec::Writer out{info};
  out.array(6);
  out.text("holdfast/1/export-key");
  out.uint(model::kSuite);
  out.uint(model::kFormatVersion);
  out.uint(head.kdf.memory_kib);
  out.uint(head.kdf.passes);
  out.uint(head.kdf.lanes);
  return info;
}

struct FileKeys {
  SecretBytes key;
  Check check;
};

auto derive(const Head& head, const FileKey& key, SecretMemory& memory) -> Result<FileKeys> {
  SecretBytes input{memory};
  input.buffer().resize(32);
  const std::string_view passphrase = key.passphrase != nullptr ? peek(*key.passphrase) : "";
  TRY_DO(crypto::argon2id(base::view_of(passphrase), head.salt.view(), head.kdf, input.buffer()));
  if (key.key_component != nullptr) append_text(input.buffer(), peek(*key.key_component));
  SecretBytes both{memory};
  both.buffer().resize(64);
  TRY_DO(crypto::hkdf(base::view_of(peek(input)), head.salt.view(), key_info(head), both.buffer()));
  FileKeys keys{.key = SecretBytes{memory}, .check = {}};
  const ByteView derived = base::view_of(peek(both));
  keys.key.buffer().assign(derived.begin(), derived.begin() + 32);
  std::ranges::copy(derived.subspan(32), keys.check.bytes.begin());
  return keys;
}

auto key_view(const SecretBytes& key) -> crypto::KeyView {
  return base::view_of(peek(key)).first<32>();
}

auto chunk_aad(const model::Digest& head, std::uint64_t index, std::uint64_t count) -> Bytes {
  Bytes aad;
  codec::Writer out{aad};
  out.array(6);
  out.text("holdfast/1/export-chunk");
  out.uint(model::kSuite);
  out.uint(model::kFormatVersion);
  out.bytes(head.view());
  out.uint(index);
  out.uint(count);
  return aad;
}

auto head_digest(ByteView encoded) -> model::Digest {
  return model::domain_digest("export-head", encoded);
}

auto read_chunks(codec::Reader& in, const Head& head, const model::Digest& digest,
                 const SecretBytes& key, SecretMemory& memory) -> Result<SecretBytes> {
  const std::uint64_t count = chunks_of(head.bytes);
  TRY_DO(in.array_of(static_cast<std::size_t>(count)));
  crypto::Aead aead;
  SecretBytes content{memory};
  content.buffer().reserve(
      static_cast<std::size_t>(std::min<std::uint64_t>(head.bytes, in.remaining())));
  for (std::uint64_t index = 0; index < count; ++index) {
    TRY_DO(in.array_of(3));
    TRY(nonce, in.fixed_bytes<crypto::Nonce>());
    TRY(commitment, in.fixed_bytes<crypto::Commitment>());
    TRY(sealed, in.bytes(kSealedBytesMax));
    TRY(plain, aead.open(key_view(key), nonce, commitment, chunk_aad(digest, index, count), sealed,
                         memory));
    append_text(content.buffer(), peek(plain));
  }
  if (content.size() != head.bytes) return fail(Error::bad_length);
  TRY_DO(in.finish());
  return content;
}

}  // namespace

auto is_holdfast_file(ByteView file) -> bool {
  return base::text_of(file).starts_with(kHoldfastMagic);
}

auto seal_holdfast_file(const SecretBytes& content, const FileSeal& seal, SecretMemory& memory)
    -> Detailed<SecretBytes> {
  if (!seal.key.given() || !seal.random) return fail(Error::new_file_key_needed, "");
  if (content.size() > kImportBytesMax - kOverheadBytesMax) return fail(Error::file_too_large, "");
  Head head{.kdf = affordable(seal.kdf), .bytes = content.size()};
  seal.random(head.salt.bytes);
  TRY(keys, derive(head, seal.key, memory));
  head.check = keys.check;
  const Bytes encoded = encode(head);
  const model::Digest digest = head_digest(encoded);
  SecretBytes file{memory};
  file.buffer().reserve(content.size() + content.size() / 1024 + 4096);
  append_text(file.buffer(), kHoldfastMagic);
  codec::SecretWriter out{file.buffer()};
  const std::uint64_t count = chunks_of(content.size());
  out.array(2);
  out.bytes(encoded);
  out.array(static_cast<std::size_t>(count));
  crypto::Aead aead;
  ByteView rest = base::view_of(peek(content));
  for (std::uint64_t index = 0; index < count; ++index) {
    const ByteView plain = rest.first(std::min(rest.size(), kHoldfastChunkBytes));
    rest = rest.subspan(plain.size());
    crypto::Nonce nonce;
    seal.random(nonce.bytes);
    TRY(sealed, aead.seal(key_view(keys.key), nonce, chunk_aad(digest, index, count), plain));
    out.array(3);
    out.bytes(nonce.view());
    out.bytes(sealed.commitment.view());
    out.bytes(sealed.ciphertext);
  }
  return file;
}

auto open_holdfast_file(ByteView file, const FileKey& key, SecretMemory& memory)
    -> Detailed<SecretBytes> {
  if (!is_holdfast_file(file)) return fail(Error::wrong_format, "");
  codec::Reader in{file.subspan(kHoldfastMagic.size())};
  if (!in.array_of(2)) return fail(Error::file_corrupt, "");
  const auto encoded = in.bytes(kHoldfastHeadBytesMax);
  if (!encoded) return fail(Error::file_corrupt, "");
  const auto head = decode_head(*encoded);
  if (!head) {
    const bool newer =
        head.error() == Error::unsupported_version || head.error() == Error::unsupported_suite;
    return fail(newer ? head.error() : Error::file_corrupt, "");
  }
  if (is_too_costly(head->kdf)) return fail(Error::kdf_above_ceiling, "");
  TRY_DO(crypto::check_params(head->kdf));
  if (!key.given()) return fail(Error::file_key_missing, "");
  TRY(keys, derive(*head, key, memory));
  if (!crypto::equal(keys.check, head->check)) return fail(Error::file_key_wrong, "");
  auto content = read_chunks(in, *head, head_digest(*encoded), keys.key, memory);
  if (content) return *std::move(content);
  const bool full = content.error() == Error::secret_memory_exhausted;
  return fail(full ? content.error() : Error::file_corrupt, "");
}

}  // namespace holdfast::formats
