// backup.h: a vault in one encrypted file: its header, its node key and every record of its store
// as of one commit; without the signer, so what is restored signs nothing until its owner confirms.
// The file is sealed to the vault's own wrap key, so making one needs no passphrase and opening one
// needs the passphrase that the vault had then. The manifest is signed by the node key.
// Invariant: a backup has its name only once it is whole and synced, and never replaces a file.
// Limits: below. Time: the Clock port. Threads: functions any; a vault may go on meanwhile.
// Errors: already_exists, backup_corrupt, store_full, store_io, those of the store read.
// Source: docs/formats.cddl, BackupFile; docs/adr/0012-backups-sealed-to-the-wrap-key.md.
#pragma once

#include <array>
#include <filesystem>

#include "crypto/kem.h"
#include "crypto/sign.h"
#include "model/signing.h"
#include "node/ports.h"
#include "ports/key_value_store.h"
#include "store/file_io.h"

namespace holdfast::node {

inline constexpr std::string_view kBackupMagic = "HFBACKUP";
inline constexpr std::size_t kBackupManifestBytesMax = 32 << 10;        // with its signature
inline constexpr std::size_t kBackupChunkBytes = std::size_t{1} << 20;  // a chunk ends after that
inline constexpr std::size_t kBackupChunkBytesMax = kBackupChunkBytes + ports::kValueBytesMax;
inline constexpr std::uint64_t kBackupChunksMax = 1 << 24;

struct BackupManifest {
  model::VaultId vault;
  model::DeviceId device;
  crypto::PublicKey node_key;
  model::TimeMs created{};
  model::Height height{};
  crypto::Digest state_root, audit_root;
  std::uint64_t audit_size = 0;
  std::array<std::uint64_t, ports::kColumns> records{};  // of each column
  std::uint64_t chunks = 0;
  base::Bytes header;         // the vault's header file
  crypto::KemCiphertext key;  // to the wrap key; the chunks are sealed under what it holds
};

struct BackupSource {
  store::Path folder;  // whose header and node key go along
  crypto::KemPublicKey wrap_key;
};
[[nodiscard]] auto create_backup(const store::Path& file, const BackupSource& source,
                                 const ports::Reader& snapshot, const Ports& ports)
    -> base::Detailed<BackupManifest>;

// Checks the signature and that the key is the device's; needs no passphrase.
[[nodiscard]] auto read_backup_manifest(const store::Path& file) -> base::Detailed<BackupManifest>;

}  // namespace holdfast::node
