// memory_store.h: KeyValueStore in memory that loses power, fills up and decays on request: the
// disk of tests and of the simulator. Invariant: equal calls with equal seeds give equal contents,
// also after crash(). Synced batches survive crash(); buffered ones, and those whose write failed,
// survive up to the first one that the seed drops or tears, as recovery of a log that stops at its
// first hole. Limits: those of the port; memory is the caller's. Time: none. Threads: any; one
// lock. Errors: those of the port, when a fault asks for them; store_corrupt for damaged records.
// Source: docs/architecture.md, Simulator; docs/design/reliability.md §2.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "ports/key_value_store.h"

namespace holdfast::store {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::Result;

class MemoryStore final : public ports::KeyValueStore {
  struct Version {
    std::uint64_t sequence;
    std::optional<Bytes> value;  // nothing: erased
    std::uint32_t checksum;
  };
  using Versions = std::vector<Version>;  // ascending by sequence, never empty
  struct Bytewise {
    using is_transparent = void;
    auto operator()(ByteView a, ByteView b) const -> bool {
      return base::text_of(a) < base::text_of(b);  // char_traits compares as unsigned
    }
  };
  using Rows = std::map<Bytes, Versions, Bytewise>;
  struct Logged {
    ports::Batch batch;
    std::uint64_t sequence_before;
    bool synced;
  };

 public:
  // A copy of everything durable, to roll a vault back to.
  class Image {
    friend class MemoryStore;
    std::array<Rows, ports::kColumns> columns_;
    std::uint64_t sequence_ = 0;
  };
  static constexpr std::size_t kLogBatchesMax = 256;  // then they move from the log to the tables

  MemoryStore() = default;

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

  // What happens to the machine. No snapshot may be alive. Each ends with the store open again.
  void reopen();                      // closed in order: buffered batches become durable
  void crash(std::uint64_t seed);     // power loss
  void lose_log(std::uint64_t seed);  // power loss that takes the end of the log, synced or not
  void wipe();                        // the disk is replaced by an empty one
  [[nodiscard]] auto image() const -> Image;
  void restore(const Image& image);

  // Faults. The n-th call from now fails, counting from 1; 0 disarms.
  void fail_write(std::uint64_t nth, Error reason);  // and stops the store until reopened
  void fail_read(std::uint64_t nth, Error reason);   // get or scan, once
  // Damages a stored value; bit counts from the first byte. False if there is no such bit.
  auto flip_bit(ports::Column column, ByteView key, std::size_t bit) -> bool;
  // Damages one value that the seed chooses; nothing if the store holds none.
  auto flip_any_bit(std::uint64_t seed) -> std::optional<std::pair<ports::Column, Bytes>>;

 private:
  class MemorySnapshot;
  struct Fault {
    std::uint64_t countdown = 0;
    Error reason = Error::store_io;
    [[nodiscard]] auto strikes() -> bool {
      if (countdown == 0) return false;
      --countdown;
      return countdown == 0;
    }
  };

  [[nodiscard]] auto get_at(std::uint64_t sequence, ports::Column column, ByteView key) const
      -> Result<std::optional<Bytes>>;
  [[nodiscard]] auto scan_at(std::uint64_t sequence, ports::Column column, ByteView from,
                             ByteView to, const ports::Visitor& visitor) const -> Result<void>;
  [[nodiscard]] auto begin_read() const -> Result<std::uint64_t>;
  [[nodiscard]] auto pin_newest() const -> std::uint64_t;
  void unpin(std::uint64_t sequence) const;

  void apply(const ports::Batch& batch);
  void forget_old_versions(Versions& versions) const;
  void sync_all();
  void move_log_to_tables();
  void drop_after(std::uint64_t sequence);
  void recover(std::uint64_t safe, std::size_t kept);
  void open_again();

  mutable std::mutex mutex_;
  std::array<Rows, ports::kColumns> columns_;
  std::deque<Logged> log_;                       // since tables_; synced ones first
  std::uint64_t sequence_ = 0;                   // of the last operation applied
  std::uint64_t synced_ = 0;                     // <= sequence_
  std::uint64_t tables_ = 0;                     // <= synced_; what survives lose_log
  mutable std::multiset<std::uint64_t> pinned_;  // by snapshots and running scans
  bool failed_ = false;
  Fault write_fault_;
  mutable Fault read_fault_;
};

}  // namespace holdfast::store
