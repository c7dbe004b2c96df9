#include "node/backup_restore.h"

#include "codec/cbor_reader.h"
#include "crypto/aead.h"
#include "model/genesis.h"
#include "node/backup_format.h"
#include "node/header_file.h"
#include "node/history.h"
#include "node/node_key_file.h"
#include "node/verify.h"

namespace holdfast::node {
namespace {

using base::Bytes;
using base::ByteView;
using base::Detailed;
using base::Error;
using base::fail;
using base::Result;
using store::Path;

// A folder that is gone with its owner, unless it was renamed.
class NewFolder {
 public:
  explicit NewFolder(Path path) : path_{std::move(path)} {}
  NewFolder(const NewFolder&) = delete;
  auto operator=(const NewFolder&) -> NewFolder& = delete;
  ~NewFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] auto path() const -> const Path& { return path_; }

 private:
  const Path path_;
};

auto beside(const Path& folder, std::string_view name, const Ports& ports) -> Path {
  const auto token = ports.random<base::FixedBytes<struct TokenTag, 4>>();
  return folder / ("." + std::string{name} + ".new-" + token.hex());
}

class Unpacking {
 public:
  Unpacking(BackupReader& reader, const Ports& ports) : reader_{reader}, ports_{ports} {}

  auto unlock(const base::SecretBytes& passphrase) -> Result<void> {
    const BackupManifest& manifest = reader_.start().manifest;
    TRY(header, decode_header_file(manifest.header));
    if (header.vault != manifest.vault || header.device != manifest.device) {
      return fail(Error::backup_corrupt);
    }
    TRY(keys, open_user_keys(header, passphrase, ports_));
    TRY(wrap, crypto::Decapsulator::create(keys.wrap));
    TRY(shared, wrap.decapsulate(manifest.key, ports_.keys));
    TRY(key, backup_key(shared, manifest.vault, ports_.keys));
    key_ = std::move(key);
    return {};
  }

  auto node_key() -> Result<crypto::SigningSeed> {
    TRY(plain, next(ports_.keys));
    return plain.expose([&](ByteView bytes) -> Result<crypto::SigningSeed> {
      codec::Reader in{bytes};
      auto seed = in.bytes(crypto::SigningSeed::kSize);
      if (!seed || seed->size() != crypto::SigningSeed::kSize) return fail(Error::backup_corrupt);
      TRY(key, crypto::SigningSeed::copy_of(ports_.keys,
                                            seed->template first<crypto::SigningSeed::kSize>()));
      TRY(signer, crypto::Signer::create(key));
      if (signer.public_key() != reader_.start().manifest.node_key) {
        return fail(Error::backup_corrupt);
      }
      return key;
    });
  }

  auto records(ports::KeyValueStore& store, const BackupProgress& progress) -> Result<void> {
    const BackupManifest& manifest = reader_.start().manifest;
    std::array<std::uint64_t, ports::kColumns> counts{};
    while (index_ < manifest.chunks) {
      TRY(plain, next(ports_.plaintext));
      ports::Batch batch;
      TRY_DO(plain.expose([&](ByteView bytes) { return read_records(bytes, batch, counts); }));
      TRY_DO(store.write(batch, ports::Durability::buffered));
      if (progress) progress(index_, manifest.chunks);
    }
    if (!reader_.at_end() || counts != manifest.records) return fail(Error::backup_corrupt);
    TRY_DO(store.write({}, ports::Durability::synced));
    return check_tip(store);
  }

 private:
  auto next(base::SecretMemory& memory) -> Result<base::SecretBytes> {
    const BackupStart& start = reader_.start();
    TRY(stored, reader_.next_chunk());
    codec::Reader in{stored};
    TRY_DO(in.array_of(3));
    TRY(nonce, in.fixed_bytes<crypto::Nonce>());
    TRY(commitment, in.fixed_bytes<crypto::Commitment>());
    TRY(sealed, in.bytes(kBackupChunkBytesMax + kBackupChunkBytes));
    TRY_DO(in.finish());
    const Bytes aad = chunk_aad(start.manifest, start.digest, index_++);
    return key_->expose(
        [&](auto key) { return aead_.open(key, nonce, commitment, aad, sealed, memory); });
  }

  static auto read_records(ByteView bytes, ports::Batch& batch,
                           std::array<std::uint64_t, ports::kColumns>& counts) -> Result<void> {
    codec::Reader in{bytes};
    TRY(count, in.array(kBackupChunkBytesMax));
    for (std::size_t i = 0; i < count; ++i) {
      TRY_DO(in.array_of(3));
      TRY(column, in.uint(ports::kColumns - 1));
      TRY(key, in.bytes(ports::kKeyBytesMax));
      TRY(value, in.bytes(ports::kValueBytesMax));
      ++counts[column];
      batch.put(static_cast<ports::Column>(column), base::to_bytes(key), base::to_bytes(value));
    }
    return in.finish();
  }

  // The store is the one the manifest was signed for.
  auto check_tip(const ports::Reader& store) const -> Result<void> {
    const BackupManifest& manifest = reader_.start().manifest;
    TRY(genesis, store.get(ports::Column::meta, name_key(kGenesisName)));
    TRY(tip_bytes, store.get(ports::Column::meta, name_key(kTipName)));
    if (!genesis || !tip_bytes) return fail(Error::backup_corrupt);
    TRY(tip, decode_tip(*tip_bytes));
    const bool same =
        model::vault_id(*genesis) == manifest.vault && tip.chain.height == manifest.height &&
        tip.state_root == manifest.state_root && tip.audit_root == manifest.audit_root;
    if (!same) return fail(Error::backup_corrupt);
    return {};
  }

  BackupReader& reader_;
  const Ports& ports_;
  std::optional<BackupKey> key_;
  crypto::Aead aead_;
  std::uint64_t index_ = 0;
};

auto refine(Error error) -> Error {
  // Below 5000: what was read does not decode or does not open.
  const bool passes = error == Error::wrong_passphrase || error == Error::passphrase_empty ||
                      error == Error::secret_memory_exhausted ||
                      error == Error::unsupported_version || error == Error::unsupported_suite;
  return std::to_underlying(error) < 5000 && !passes ? Error::backup_corrupt : error;
}

}  // namespace

auto restore_backup(const Path& file, const Path& folder, const base::SecretBytes& passphrase,
                    const Ports& ports, const BackupProgress& progress)
    -> Detailed<BackupManifest> {
  std::error_code error;
  if (std::filesystem::exists(folder, error)) return fail(Error::vault_exists, folder.string());
  TRY(reader, BackupReader::open(file));
  Unpacking unpacking{reader, ports};
  if (auto open = unpacking.unlock(passphrase); !open) {
    return fail(refine(open.error()), file.string());
  }
  const NewFolder scope{beside(folder.parent_path(), folder.filename().string(), ports)};
  const Path& making = scope.path();
  TRY_DO(store::make_private_folder(making));
  {
    TRY(store,
        store::RocksStore::open(making / "store", {.mode = store::OpenMode::create_if_missing}));
    auto node_seed = unpacking.node_key();
    if (!node_seed) return fail(refine(node_seed.error()), file.string());
    if (auto read = unpacking.records(*store, progress); !read) {
      return fail(refine(read.error()), file.string());
    }
    TRY_DO(write_node_key(making / "node.key", *node_seed, ports.keys));
    TRY_DO(store::write_file_atomic(making / "header", reader.start().manifest.header));
  }
  std::filesystem::rename(making, folder,
                          error);  // onto nothing, or an empty folder made meanwhile
  if (error) return fail(store::error_of_errno(error.value()), folder.string());
  TRY_DO(store::sync_folder(folder.parent_path()));
  return reader.start().manifest;
}

auto verify_backup(const Path& file, const Path& scratch, const base::SecretBytes& passphrase,
                   const Ports& ports, const BackupProgress& progress) -> Detailed<BackupCheck> {
  TRY(reader, BackupReader::open(file));
  Unpacking unpacking{reader, ports};
  if (auto open = unpacking.unlock(passphrase); !open) {
    return fail(refine(open.error()), file.string());
  }
  const NewFolder scope{beside(scratch, "holdfast-verify", ports)};
  TRY_DO(store::make_private_folder(scope.path()));
  TRY(store, store::RocksStore::open(scope.path() / "store",
                                     {.mode = store::OpenMode::create_if_missing}));
  if (auto seed = unpacking.node_key(); !seed) return fail(refine(seed.error()), file.string());
  if (auto read = unpacking.records(*store, progress); !read) {
    return fail(refine(read.error()), file.string());
  }
  auto report = verify_store(*store, {});
  store.reset();  // closed before its folder goes
  if (!report) return fail(report.error(), file.string());
  return BackupCheck{.manifest = reader.start().manifest, .report = *std::move(report)};
}

}  // namespace holdfast::node
