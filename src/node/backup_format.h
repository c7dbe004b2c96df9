// backup_format.h: the parts of a backup file, for those who write and who read one.
// Threads: values. Errors: backup_corrupt, unsupported_version. Source: docs/formats.cddl,
// BackupFile.
#pragma once

#include "node/backup.h"

namespace holdfast::node {

using BackupKey = base::Secret<struct BackupKeyTag, 32>;

[[nodiscard]] auto encode(const BackupManifest& manifest) -> base::Bytes;
[[nodiscard]] auto decode_backup_manifest(base::ByteView encoded) -> base::Result<BackupManifest>;
[[nodiscard]] auto backup_message(const BackupManifest& manifest, base::ByteView encoded)
    -> base::Bytes;  // what is signed

[[nodiscard]] auto backup_key(const crypto::KemSharedSecret& shared, const model::VaultId& vault,
                              base::SecretMemory& memory) -> base::Result<BackupKey>;
[[nodiscard]] auto chunk_aad(const BackupManifest& manifest, const model::Digest& manifest_digest,
                             std::uint64_t index) -> base::Bytes;
[[nodiscard]] auto manifest_digest(base::ByteView encoded) -> model::Digest;

// Lengths in front of the manifest and of each chunk: four bytes, big endian.
inline constexpr std::size_t kBackupLengthBytes = 4;
[[nodiscard]] auto length_prefix(std::size_t length) -> base::Bytes;

// The whole file up to its first chunk.
struct BackupStart {
  BackupManifest manifest;
  model::Digest digest;    // of the encoded manifest
  std::size_t begins = 0;  // where the first chunk does
};
class BackupReader {
 public:
  [[nodiscard]] static auto open(const store::Path& file) -> base::Detailed<BackupReader>;
  [[nodiscard]] auto start() const -> const BackupStart& { return start_; }
  // The next chunk as it was stored; the last one must end the file.
  [[nodiscard]] auto next_chunk() -> base::Result<base::Bytes>;
  [[nodiscard]] auto at_end() const -> bool { return at_ == size_; }

 private:
  BackupReader(store::FileDescriptor file, std::size_t size)
      : file_{std::move(file)}, size_{size} {}
  auto read(std::size_t bytes) -> base::Result<base::Bytes>;
  auto read_start() -> base::Result<void>;

  store::FileDescriptor file_;
  std::size_t size_ = 0, at_ = 0;  // at_ <= size_
  BackupStart start_;
};

}  // namespace holdfast::node
