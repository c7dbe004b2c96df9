#include "node/backup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "codec/cbor_writer.h"
#include "crypto/aead.h"
#include "node/backup_format.h"
#include "node/header_file.h"
#include "node/history.h"
#include "node/node_key_file.h"

namespace holdfast::node {
namespace {

using base::Bytes;
using base::ByteView;
using base::Detailed;
using base::Error;
using base::fail;
using base::Result;
using store::Path;

// A file without a name until it is whole; where the file system cannot do that, one with a name
// that says it is not. Nothing of it is left when the process dies, or a ".part" that the next
// backup to the same name takes over.
class NewFile {
 public:
  explicit NewFile(Path path)
      : path_{std::move(path)},
        folder_{path_.has_parent_path() ? path_.parent_path() : Path{"."}} {}
  NewFile(const NewFile&) = delete;
  auto operator=(const NewFile&) -> NewFile& = delete;
  ~NewFile() {
    if (!part_.empty()) ::unlink(part_.c_str());
  }

  auto open() -> Result<void> {
    if (::access(path_.c_str(), F_OK) == 0) return fail(Error::already_exists);
    auto file = store::open_file(folder_, O_TMPFILE | O_WRONLY, store::kPrivateFileMode);
    if (!file) {
      std::error_code gone;
      if (!std::filesystem::is_directory(folder_, gone)) return fail(file.error());
      const Path part = folder_ / ("." + path_.filename().string() + ".part");
      file = store::open_file(part, O_WRONLY | O_CREAT | O_TRUNC, store::kPrivateFileMode);
      if (!file) return fail(file.error());
      part_ = part;
    }
    file_ = *std::move(file);
    if (::fchmod(file_.number(), store::kPrivateFileMode) != 0) return last_error();
    return {};
  }
  auto append(ByteView bytes) -> Result<void> {
    TRY_DO(store::write_at(file_, bytes, size_));
    size_ += bytes.size();
    return {};
  }
  auto finish() -> Result<void> {
    if (::fsync(file_.number()) != 0) return last_error();
    if (part_.empty()) {
      const std::string self = "/proc/self/fd/" + std::to_string(file_.number());
      const int linked =
          ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path_.c_str(), AT_SYMLINK_FOLLOW);
      if (linked != 0) return last_error();
    } else {
      const int renamed =
          ::renameat2(AT_FDCWD, part_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE);
      if (renamed != 0) return last_error();
      part_.clear();
    }
    auto synced = store::sync_folder(folder_);
    if (!synced) return fail(synced.error().code);
    return {};
  }

 private:
  static auto last_error() -> std::unexpected<Error> { return fail(store::error_of_errno(errno)); }
  const Path path_, folder_;
  Path part_;  // empty: the file has no name
  store::FileDescriptor file_;
  std::size_t size_ = 0;
};

auto record_bytes(ByteView key, ByteView value) -> std::size_t {
  return key.size() + value.size() + 16;
}

// Walks every record in the order in which chunks hold them; `ends` is called between two chunks.
template <class Visit, class Ends>
auto walk(const ports::Reader& snapshot, Visit&& visit, Ends&& ends) -> Result<void> {
  std::size_t filled = 0;
  Result<void> status;
  for (std::size_t i = 0; i < ports::kColumns; ++i) {
    const auto column = static_cast<ports::Column>(i);
    TRY_DO(snapshot.scan(column, {}, {}, [&](ByteView key, ByteView value) {
      const std::size_t size = record_bytes(key, value);
      if (filled > 0 && filled + size > kBackupChunkBytes) {
        status = ends();
        filled = 0;
      }
      if (status) visit(column, key, value);
      filled += size;
      return status.has_value();
    }));
    TRY_DO(status);
  }
  if (filled > 0) TRY_DO(ends());
  return {};
}

class BackupWriter {
 public:
  BackupWriter(NewFile& file, const BackupManifest& manifest, ByteView encoded,
               const BackupKey& key, const Ports& ports)
      : file_{file},
        manifest_{manifest},
        digest_{manifest_digest(encoded)},
        key_{key},
        ports_{ports} {}

  auto start(ByteView encoded, const crypto::Signature& signature) -> Result<void> {
    Bytes whole;
    codec::Writer out{whole};
    out.array(2);
    out.bytes(encoded);
    out.bytes(signature.view());
    TRY_DO(file_.append(base::view_of(kBackupMagic)));
    TRY_DO(file_.append(length_prefix(whole.size())));
    return file_.append(whole);
  }
  auto node_key(const crypto::SigningSeed& seed) -> Result<void> {
    base::SecretBytes plain{ports_.keys};
    codec::SecretWriter out{plain.buffer()};
    seed.expose([&](auto bytes) { out.bytes(bytes); });
    return plain.expose([&](ByteView bytes) { return chunk(bytes); });
  }
  void record(ports::Column column, ByteView key, ByteView value) {
    codec::Writer out{records_};
    out.array(3);
    out.uint(std::to_underlying(column));
    out.bytes(key);
    out.bytes(value);
    ++count_;
  }
  auto end_chunk() -> Result<void> {
    Bytes plain;
    codec::Writer out{plain};
    out.array(count_);
    out.raw(records_);
    records_.clear();
    count_ = 0;
    return chunk(plain);
  }

 private:
  auto chunk(ByteView plain) -> Result<void> {
    const auto nonce = ports_.random<crypto::Nonce>();
    const Bytes aad = chunk_aad(manifest_, digest_, index_++);
    TRY(sealed, key_.expose([&](auto key) { return aead_.seal(key, nonce, aad, plain); }));
    Bytes stored;
    codec::Writer out{stored};
    out.array(3);
    out.bytes(nonce.view());
    out.bytes(sealed.commitment.view());
    out.bytes(sealed.ciphertext);
    TRY_DO(file_.append(length_prefix(stored.size())));
    return file_.append(stored);
  }

  NewFile& file_;
  const BackupManifest& manifest_;
  const model::Digest digest_;
  const BackupKey& key_;
  const Ports& ports_;
  crypto::Aead aead_;
  Bytes records_;  // encoded, at most one chunk
  std::size_t count_ = 0;
  std::uint64_t index_ = 0;
};

// All that the manifest says before anything is written: counts and roots of the snapshot.
auto survey(const ports::Reader& snapshot, BackupManifest& manifest) -> Result<void> {
  TRY(tip_bytes, snapshot.get(ports::Column::meta, name_key(kTipName)));
  if (!tip_bytes) return fail(Error::store_corrupt);
  TRY(tip, decode_tip(*tip_bytes));
  manifest.height = tip.chain.height;
  manifest.state_root = tip.state_root;
  manifest.audit_root = tip.audit_root;
  manifest.audit_size = tip.audit_size;
  manifest.chunks = 1;  // the node key
  TRY_DO(walk(
      snapshot,
      [&](ports::Column column, ByteView, ByteView) {
        ++manifest.records[std::to_underlying(column)];
      },
      [&]() -> Result<void> {
        ++manifest.chunks;
        return {};
      }));
  if (manifest.chunks > kBackupChunksMax) return fail(Error::capacity_exceeded);
  return {};
}

auto write_backup(NewFile& file, const BackupSource& source, const crypto::SigningSeed& node_seed,
                  const ports::Reader& snapshot, BackupManifest& manifest, const Ports& ports)
    -> Result<void> {
  TRY_DO(survey(snapshot, manifest));
  const auto random = ports.random<base::FixedBytes<struct KemRandomTag, 64>>();
  TRY(wrapped, crypto::encapsulate(source.wrap_key, random.view(), ports.keys));
  manifest.key = wrapped.ciphertext;
  TRY(key, backup_key(wrapped.shared, manifest.vault, ports.keys));
  TRY(signer, crypto::Signer::create(node_seed));
  manifest.node_key = signer.public_key();
  const Bytes encoded = encode(manifest);
  const auto signing = ports.random<base::FixedBytes<struct SigningTag, 32>>();
  TRY(signature,
      signer.sign(crypto::Purpose::backup, backup_message(manifest, encoded), signing.view()));
  TRY_DO(file.open());
  BackupWriter writer{file, manifest, encoded, key, ports};
  TRY_DO(writer.start(encoded, signature));
  TRY_DO(writer.node_key(node_seed));
  TRY_DO(walk(
      snapshot,
      [&](ports::Column column, ByteView record_key, ByteView value) {
        writer.record(column, record_key, value);
      },
      [&] { return writer.end_chunk(); }));
  return file.finish();
}

}  // namespace

auto create_backup(const Path& path, const BackupSource& source, const ports::Reader& snapshot,
                   const Ports& ports) -> Detailed<BackupManifest> {
  TRY(header, read_header_file(source.folder / "header"));
  TRY(node_seed, read_node_key(source.folder / "node.key", ports.keys));
  BackupManifest manifest;
  manifest.vault = header.vault;
  manifest.device = header.device;
  manifest.created = ports.now();
  manifest.header = encode(header);
  NewFile file{path};
  auto written = write_backup(file, source, node_seed, snapshot, manifest, ports);
  if (!written) return fail(written.error(), path.string());
  return manifest;
}

}  // namespace holdfast::node
