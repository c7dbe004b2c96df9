// rocks_store.h: KeyValueStore on RocksDB, tuned for small vaults.
// Invariant: what write() acknowledged as synced is there after any crash, or opening says that it
// is not: RocksDB opens silently without its newest log, so compare last_synced() with the signer
// file (check_log_complete).
// Limits: kWriteBufferBytes, block_cache_bytes, kOpenFilesMax; about 90 MB resident. Time: none.
// Threads: any; concurrent synced writes share one fsync. One process at a time.
// Errors of open: store_missing, store_locked, store_corrupt, store_read_only, store_full,
// too_many_files, unsupported_version, store_io. Later ones: ports/key_value_store.h.
// Source: docs/architecture.md, Store; RocksDB 9.10.
#pragma once

#include <atomic>
#include <memory>

#include "ports/key_value_store.h"
#include "store/file_io.h"

namespace holdfast::store {

inline constexpr std::size_t kWriteBufferBytes = std::size_t{32} << 20;  // all columns together
inline constexpr std::size_t kBlockCacheBytes = std::size_t{32} << 20;
inline constexpr std::size_t kLogBytesMax = std::size_t{64} << 20;  // then the oldest are flushed
inline constexpr int kOpenFilesMax = 256;

enum class OpenMode : std::uint8_t {
  must_exist,
  create_if_missing,  // a folder with data but without its directory file is damage, not missing
};

struct RocksOptions {
  OpenMode mode = OpenMode::must_exist;
  std::size_t block_cache_bytes = kBlockCacheBytes;
  // Repair after store_corrupt: opens a log damaged in its middle up to the damage and drops all
  // after it, synced or not. Only with check_log_complete afterwards, which tells whether anything
  // acknowledged was lost: a power loss amid buffered writes may leave such a log without any loss.
  bool salvage_log = false;
};

class RocksStore final : public ports::KeyValueStore {
 public:
  // Creates the folder with mode 0700; its parent must exist.
  static auto open(const Path& folder, RocksOptions options = {})
      -> Detailed<std::unique_ptr<RocksStore>>;
  ~RocksStore() override;  // makes buffered writes durable unless a write failed before

  [[nodiscard]] auto get(ports::Column column, ByteView key) const
      -> Result<std::optional<Bytes>> override;
  [[nodiscard]] auto scan(ports::Column column, ByteView from, ByteView to,
                          const ports::Visitor& visitor) const -> Result<void> override;
  [[nodiscard]] auto write(const ports::Batch& batch, ports::Durability durability)
      -> Result<ports::SequenceNumber> override;
  [[nodiscard]] auto snapshot() const -> std::unique_ptr<ports::Snapshot> override;
  [[nodiscard]] auto last_synced() const -> ports::SequenceNumber override;
  [[nodiscard]] auto verify_checksums() const -> Result<void> override;
  [[nodiscard]] auto statistics() const -> ports::StoreStatistics override;

 private:
  class Database;
  class RocksSnapshot;
  struct BufferedWrites {
    std::uint64_t started;
    bool in_flight;
  };

  RocksStore(Path folder, std::unique_ptr<Database> database);
  [[nodiscard]] auto buffered_writes() const -> BufferedWrites;
  [[nodiscard]] auto write_buffered(const ports::Batch& batch) -> Result<ports::SequenceNumber>;
  [[nodiscard]] auto write_synced(const ports::Batch& batch) -> Result<ports::SequenceNumber>;
  [[nodiscard]] auto sync_log() -> Result<ports::SequenceNumber>;
  auto stop_writing(Error reason) -> std::unexpected<Error>;
  void raise_last_synced(std::uint64_t sequence);

  const Path folder_;
  std::unique_ptr<Database> database_;
  std::atomic<std::uint64_t> last_synced_;  // never decreases
  std::atomic<std::uint64_t> buffered_started_ = 0;
  std::atomic<std::uint64_t> buffered_finished_ = 0;  // <= buffered_started_
  std::atomic<bool> failed_ = false;                  // never goes back
};

}  // namespace holdfast::store
