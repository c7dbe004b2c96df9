// key_value_store.h: ordered columns of bytes with atomic batches: all a node keeps on disk.
// Invariant: a batch is applied as a whole or not at all, and `Durability::synced` returns only
// once it and every earlier batch outlive a power loss. Keys are ordered bytewise. Limits:
// kBatchOperationsMax, kBatchBytesMax, kKeyBytesMax, kValueBytesMax. Time: none. Threads: any, for
// every method; a Batch has one owner. A Snapshot must not outlive its store. Errors:
// capacity_exceeded, too_long (batch refused, store goes on); store_full, store_io,
// store_read_only, too_many_files, store_corrupt: after a failed write the store still reads but
// refuses every write with store_failed until reopened, since a repeated fsync lies.
// Source: docs/architecture.md, Layers; docs/design/consensus.md §9.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace holdfast::ports {

using base::Bytes;
using base::ByteView;
using base::Result;

inline constexpr std::size_t kBatchOperationsMax = 1'000'000;
inline constexpr std::size_t kBatchBytesMax = std::size_t{512} << 20;  // keys and values
inline constexpr std::size_t kKeyBytesMax = 4096;
inline constexpr std::size_t kValueBytesMax = std::size_t{64} << 20;

// The names below are on disk: never change one, append only.
enum class Column : std::uint8_t {
  meta,
  versions,
  state,
  state_tree,
  transactions,
  pending,
  blocks,
  commits,
  audit,
  index,
  keysync,
};
inline constexpr auto kColumnNames =
    std::to_array<std::string_view>({"meta", "versions", "state", "state_tree", "transactions",
                                     "pending", "blocks", "commits", "audit", "index", "keysync"});
inline constexpr std::size_t kColumns = kColumnNames.size();
static_assert(kColumns == std::size_t{std::to_underlying(Column::keysync)} + 1);

[[nodiscard]] constexpr auto column_name(Column column) -> std::string_view {
  return kColumnNames[std::to_underlying(column)];
}

// Counts operations since the store was made; grows by the number of operations of each batch.
enum class SequenceNumber : std::uint64_t {};

enum class Durability : std::uint8_t {
  synced,    // returns after fsync: may be acknowledged, signed for or sent
  buffered,  // order is kept, but a power loss may take it until the next synced write
};

// Operations in the order given; a later one on the same key wins. A batch that outgrows a limit
// keeps nothing more and remembers why: write() then refuses it as a whole.
class Batch {
 public:
  struct Operation {
    Column column;
    Bytes key;
    std::optional<Bytes> value;  // nothing: erase
    auto operator==(const Operation&) const -> bool = default;
  };

  void put(Column column, Bytes key, Bytes value) {
    add({column, std::move(key), std::move(value)});
  }
  void erase(Column column, Bytes key) { add({column, std::move(key), std::nullopt}); }
  void clear() { *this = Batch{}; }

  [[nodiscard]] auto ops() const -> const std::vector<Operation>& { return operations_; }
  [[nodiscard]] auto size() const -> std::size_t { return operations_.size(); }
  [[nodiscard]] auto empty() const -> bool { return operations_.empty(); }
  [[nodiscard]] auto bytes() const -> std::size_t { return bytes_; }
  [[nodiscard]] auto within_limits() const -> Result<void> {
    if (refusal_) return base::fail(*refusal_);
    return {};
  }

 private:
  void add(Operation operation) {
    const std::size_t value_bytes = operation.value ? operation.value->size() : 0;
    const std::size_t bytes = operation.key.size() + value_bytes;
    if (refusal_) return;
    if (operation.key.size() > kKeyBytesMax || value_bytes > kValueBytesMax) {
      refusal_ = base::Error::too_long;
    } else if (operations_.size() >= kBatchOperationsMax || bytes_ + bytes > kBatchBytesMax) {
      refusal_ = base::Error::capacity_exceeded;
    } else {
      bytes_ += bytes;
      operations_.push_back(std::move(operation));
    }
  }

  std::vector<Operation> operations_;   // size() <= kBatchOperationsMax
  std::size_t bytes_ = 0;               // <= kBatchBytesMax
  std::optional<base::Error> refusal_;  // set once, by the first operation over a limit
};

// False ends the scan. The views live until the visitor returns; it must not write to the store.
using Visitor = std::function<bool(ByteView key, ByteView value)>;

// What reads: the store itself (newest state) and a snapshot (one frozen state).
class Reader {
 public:
  Reader() = default;
  Reader(const Reader&) = delete;
  auto operator=(const Reader&) -> Reader& = delete;
  virtual ~Reader() = default;

  [[nodiscard]] virtual auto get(Column column, ByteView key) const
      -> Result<std::optional<Bytes>> = 0;
  // Ascending over [from, to); an empty `to` means to the end of the column. One scan sees one
  // frozen state. Damage is an error, never a silent end.
  [[nodiscard]] virtual auto scan(Column column, ByteView from, ByteView to,
                                  const Visitor& visitor) const -> Result<void> = 0;
};

class Snapshot : public Reader {};

struct StoreStatistics {
  std::uint64_t bytes_on_disk = 0;
  std::uint64_t keys_estimate = 0;
  std::uint64_t bytes_in_memory = 0;  // caches and write buffers
  bool failed = false;                // writes are refused until the store is opened again
};

class KeyValueStore : public Reader {
 public:
  // Returns a number not below the batch's own last operation; with Durability::synced everything
  // up to it is durable. An empty synced batch makes earlier buffered ones durable.
  [[nodiscard]] virtual auto write(const Batch& batch, Durability durability)
      -> Result<SequenceNumber> = 0;
  [[nodiscard]] virtual auto snapshot() const -> std::unique_ptr<Snapshot> = 0;
  // Everything up to this number survives a power loss. After opening: all that was found.
  [[nodiscard]] virtual auto last_synced() const -> SequenceNumber = 0;
  // Reads everything at rest; store_corrupt if any of it is damaged.
  [[nodiscard]] virtual auto verify_checksums() const -> Result<void> = 0;
  [[nodiscard]] virtual auto statistics() const -> StoreStatistics = 0;
};

}  // namespace holdfast::ports
