#include "node/backup_format.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "codec/cbor_reader.h"
#include "codec/cbor_writer.h"
#include "crypto/kdf.h"
#include "model/records.h"
#include "node/header_file.h"

namespace holdfast::node {

using base::Bytes;
using base::ByteView;
using base::Detailed;
using base::Error;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kManifestItems = 14;
constexpr std::uint64_t kNumberMax = UINT64_MAX;

auto read_manifest(codec::Reader& in) -> Result<BackupManifest> {
  BackupManifest manifest;
  TRY_DO(in.array_of(kManifestItems));
  TRY(version, in.uint(kNumberMax));
  if (version != model::kFormatVersion) return fail(Error::unsupported_version);
  TRY(suite, in.uint(kNumberMax));
  if (suite != model::kSuite) return fail(Error::unsupported_suite);
  TRY(vault, in.fixed_bytes<model::VaultId>());
  TRY(device, in.fixed_bytes<model::DeviceId>());
  TRY(node_key, in.fixed_bytes<crypto::PublicKey>());
  TRY(created, in.uint(kNumberMax));
  TRY(height, in.uint(kNumberMax));
  TRY(state_root, in.fixed_bytes<crypto::Digest>());
  TRY(audit_root, in.fixed_bytes<crypto::Digest>());
  TRY(audit_size, in.uint(kNumberMax));
  TRY_DO(in.array_of(manifest.records.size()));
  for (std::uint64_t& count : manifest.records) {
    TRY(records, in.uint(kNumberMax));
    count = records;
  }
  TRY(chunks, in.uint(kBackupChunksMax));
  TRY(header, in.bytes(kHeaderFileBytesMax));
  TRY(key, in.fixed_bytes<crypto::KemCiphertext>());
  TRY_DO(in.finish());
  manifest.vault = vault;
  manifest.device = device;
  manifest.node_key = node_key;
  manifest.created = model::TimeMs{created};
  manifest.height = model::Height{height};
  manifest.state_root = state_root;
  manifest.audit_root = audit_root;
  manifest.audit_size = audit_size;
  manifest.chunks = chunks;
  manifest.header = base::to_bytes(header);
  manifest.key = key;
  return manifest;
}

// Damage of any kind is one thing to the user; what is newer than this program is another.
auto corrupt_unless_newer(Error error) -> Error {
  const bool newer = error == Error::unsupported_version || error == Error::unsupported_suite;
  const bool decoding = std::to_underlying(error) < 5000;
  return decoding && !newer ? Error::backup_corrupt : error;
}

}  // namespace

auto encode(const BackupManifest& manifest) -> Bytes {
  Bytes encoded;
  codec::Writer out{encoded};
  out.array(kManifestItems);
  out.uint(model::kFormatVersion);
  out.uint(model::kSuite);
  out.bytes(manifest.vault.view());
  out.bytes(manifest.device.view());
  out.bytes(manifest.node_key.view());
  out.uint(std::to_underlying(manifest.created));
  out.uint(std::to_underlying(manifest.height));
  out.bytes(manifest.state_root.view());
  out.bytes(manifest.audit_root.view());
  out.uint(manifest.audit_size);
  out.array(manifest.records.size());
  for (const std::uint64_t count : manifest.records) out.uint(count);
  out.uint(manifest.chunks);
  out.bytes(manifest.header);
  out.bytes(manifest.key.view());
  return encoded;
}

auto decode_backup_manifest(ByteView encoded) -> Result<BackupManifest> {
  codec::Reader in{encoded};
  return read_manifest(in);
}

auto backup_message(const BackupManifest& manifest, ByteView encoded) -> Bytes {
  return model::signed_message(manifest.vault, std::nullopt, encoded);
}

auto manifest_digest(ByteView encoded) -> model::Digest {
  return model::domain_digest("backup-manifest", encoded);
}

auto backup_key(const crypto::KemSharedSecret& shared, const model::VaultId& vault,
                base::SecretMemory& memory) -> Result<BackupKey> {
  Result<void> derived;
  TRY(key, BackupKey::make(memory, [&](auto out) {
        derived = shared.expose([&](auto secret) {
          return crypto::hkdf(secret, vault.view(), base::view_of("holdfast/1/backup"), out);
        });
      }));
  TRY_DO(std::move(derived));
  return key;
}

auto chunk_aad(const BackupManifest& manifest, const model::Digest& digest, std::uint64_t index)
    -> Bytes {
  Bytes aad;
  codec::Writer out{aad};
  out.array(9);
  out.text("holdfast/1/backup-chunk");
  out.uint(model::kSuite);
  out.uint(model::kFormatVersion);
  out.bytes(manifest.vault.view());
  out.uint(std::to_underlying(manifest.height));
  out.bytes(manifest.state_root.view());
  out.bytes(digest.view());
  out.uint(index);
  out.uint(manifest.chunks);
  return aad;
}

auto length_prefix(std::size_t length) -> Bytes {
  Bytes prefix;
  for (int shift = 24; shift >= 0; shift -= 8) {
    prefix.push_back(static_cast<std::uint8_t>(length >> shift));
  }
  return prefix;
}

auto BackupReader::open(const store::Path& path) -> Detailed<BackupReader> {
  auto file = store::open_file(path, O_RDONLY | O_NONBLOCK);  // a FIFO must not block
  if (!file) return fail(file.error(), path.string());
  struct stat status{};
  if (::fstat(file->number(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail(Error::backup_corrupt, path.string());
  }
  BackupReader reader{*std::move(file), static_cast<std::size_t>(status.st_size)};
  if (auto started = reader.read_start(); !started) {
    return fail(corrupt_unless_newer(started.error()), path.string());
  }
  return reader;
}

auto BackupReader::read(std::size_t bytes) -> Result<Bytes> {
  if (bytes > size_ - at_) return fail(Error::backup_corrupt);
  Bytes out(bytes);
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got =
        ::pread(file_.number(), out.data() + done, bytes - done, static_cast<off_t>(at_ + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(store::error_of_errno(errno));
    if (got == 0) return fail(Error::backup_corrupt);  // cut while being read
    done += static_cast<std::size_t>(got);
  }
  at_ += bytes;
  return out;
}

auto BackupReader::read_start() -> Result<void> {
  TRY(magic, read(kBackupMagic.size()));
  if (base::text_of(magic) != kBackupMagic) return fail(Error::backup_corrupt);
  TRY(prefix, read(kBackupLengthBytes));
  std::size_t length = 0;
  for (const std::uint8_t byte : prefix) length = length << 8U | byte;
  if (length > kBackupManifestBytesMax) return fail(Error::backup_corrupt);
  TRY(signed_manifest, read(length));
  codec::Reader in{signed_manifest};
  TRY_DO(in.array_of(2));
  TRY(encoded, in.bytes(kBackupManifestBytesMax));
  TRY(signature, in.fixed_bytes<crypto::Signature>());
  TRY_DO(in.finish());
  TRY(manifest, decode_backup_manifest(encoded));
  if (model::device_id(manifest.node_key) != manifest.device) return fail(Error::backup_corrupt);
  TRY(verifier, crypto::Verifier::create(manifest.node_key));
  TRY_DO(verifier.verify(crypto::Purpose::backup, backup_message(manifest, encoded), signature));
  start_.digest = manifest_digest(encoded);
  start_.manifest = std::move(manifest);
  start_.begins = at_;
  return {};
}

auto BackupReader::next_chunk() -> Result<Bytes> {
  TRY(prefix, read(kBackupLengthBytes));
  std::size_t length = 0;
  for (const std::uint8_t byte : prefix) length = length << 8U | byte;
  return read(length);  // no longer than the file is
}

auto read_backup_manifest(const store::Path& file) -> Detailed<BackupManifest> {
  TRY(reader, BackupReader::open(file));
  return reader.start().manifest;
}

}  // namespace holdfast::node
