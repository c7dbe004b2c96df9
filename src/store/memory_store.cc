#include "store/memory_store.h"

#include <algorithm>
#include <iterator>
#include <ranges>

#include "base/check.h"
#include "store/crc32c.h"

namespace holdfast::store {
namespace {

using base::fail;
using ports::Column;
using ports::Durability;
using ports::SequenceNumber;

constexpr std::size_t kScanChunk = 64;  // rows copied before the lock is given up for the visitor

// SplitMix64: equal on every machine, unlike the distributions of <random>.
class Choices {
 public:
  explicit Choices(std::uint64_t seed) : state_{seed} {}
  auto next() -> std::uint64_t {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  auto below(std::uint64_t bound) -> std::uint64_t { return next() % bound; }

 private:
  std::uint64_t state_;
};

auto checksum_of(const std::optional<Bytes>& value) -> std::uint32_t {
  return value ? crc32c(*value) : 0;
}

template <class Versions>
auto visible_at(Versions& versions, std::uint64_t sequence) -> decltype(versions.data()) {
  for (auto& version : std::views::reverse(versions)) {
    if (version.sequence <= sequence) return version.value ? &version : nullptr;
  }
  return nullptr;
}

}  // namespace

// The sequence is pinned, so the versions it sees are kept.
class MemoryStore::MemorySnapshot final : public ports::Snapshot {
 public:
  MemorySnapshot(const MemoryStore& store, std::uint64_t sequence)
      : store_{store}, sequence_{sequence} {}
  ~MemorySnapshot() override { store_.unpin(sequence_); }
  auto get(Column column, ByteView key) const -> Result<std::optional<Bytes>> override {
    return store_.get_at(sequence_, column, key);
  }
  auto scan(Column column, ByteView from, ByteView to, const ports::Visitor& visitor) const
      -> Result<void> override {
    return store_.scan_at(sequence_, column, from, to, visitor);
  }

 private:
  const MemoryStore& store_;
  const std::uint64_t sequence_;
};

auto MemoryStore::get(Column column, ByteView key) const -> Result<std::optional<Bytes>> {
  return get_at(UINT64_MAX, column, key);
}

auto MemoryStore::get_at(std::uint64_t sequence, Column column, ByteView key) const
    -> Result<std::optional<Bytes>> {
  const std::scoped_lock lock{mutex_};
  if (read_fault_.strikes()) return fail(read_fault_.reason);
  const Rows& rows = columns_[std::to_underlying(column)];
  const auto row = rows.find(key);
  if (row == rows.end()) return std::nullopt;
  const Version* version = visible_at(row->second, sequence);
  if (version == nullptr) return std::nullopt;
  if (checksum_of(version->value) != version->checksum) return fail(Error::store_corrupt);
  return version->value;
}

auto MemoryStore::scan(Column column, ByteView from, ByteView to,
                       const ports::Visitor& visitor) const -> Result<void> {
  const MemorySnapshot frozen{*this, pin_newest()};
  return frozen.scan(column, from, to, visitor);
}

auto MemoryStore::scan_at(std::uint64_t sequence, Column column, ByteView from, ByteView to,
                          const ports::Visitor& visitor) const -> Result<void> {
  {
    const std::scoped_lock lock{mutex_};
    if (read_fault_.strikes()) return fail(read_fault_.reason);
  }
  const Rows& rows = columns_[std::to_underlying(column)];
  Bytes next = base::to_bytes(from);
  for (bool first = true;; first = false) {
    std::vector<std::pair<Bytes, Bytes>> chunk;
    bool damaged = false;
    {
      const std::scoped_lock lock{mutex_};
      auto row = first ? rows.lower_bound(next) : rows.upper_bound(next);
      for (; row != rows.end() && chunk.size() < kScanChunk && !damaged; ++row) {
        if (!to.empty() && !Bytewise{}(row->first, to)) break;
        const Version* version = visible_at(row->second, sequence);
        if (version == nullptr) continue;
        damaged = checksum_of(version->value) != version->checksum;
        if (!damaged) chunk.emplace_back(row->first, *version->value);
      }
    }
    for (const auto& [key, value] : chunk) {
      if (!visitor(key, value)) return {};
    }
    if (damaged) return fail(Error::store_corrupt);
    if (chunk.size() < kScanChunk) return {};
    next = std::move(chunk.back().first);
  }
}

auto MemoryStore::snapshot() const -> std::unique_ptr<ports::Snapshot> {
  return std::make_unique<MemorySnapshot>(*this, pin_newest());
}

auto MemoryStore::pin_newest() const -> std::uint64_t {
  const std::scoped_lock lock{mutex_};
  pinned_.insert(sequence_);
  return sequence_;
}

void MemoryStore::unpin(std::uint64_t sequence) const {
  const std::scoped_lock lock{mutex_};
  pinned_.erase(pinned_.find(sequence));
}

auto MemoryStore::write(const ports::Batch& batch, Durability durability)
    -> Result<SequenceNumber> {
  TRY_DO(batch.within_limits());
  const std::scoped_lock lock{mutex_};
  if (failed_) return fail(Error::store_failed);
  if (write_fault_.strikes()) {  // parts may have reached the disk: crash() decides
    log_.push_back({batch, sequence_, false});
    failed_ = true;
    return fail(write_fault_.reason);
  }
  log_.push_back({batch, sequence_, false});
  apply(batch);
  if (durability == Durability::synced) sync_all();
  return SequenceNumber{sequence_};
}

void MemoryStore::apply(const ports::Batch& batch) {
  for (const ports::Batch::Operation& op : batch.ops()) {
    Rows& rows = columns_[std::to_underlying(op.column)];
    ++sequence_;
    if (!op.value && !rows.contains(op.key)) continue;
    Versions& versions = rows[op.key];
    versions.push_back({sequence_, op.value, checksum_of(op.value)});
    forget_old_versions(versions);
  }
}

// Keeps what a snapshot, a crash or the loss of the log may still ask for.
void MemoryStore::forget_old_versions(Versions& versions) const {
  const std::uint64_t oldest = pinned_.empty() ? tables_ : std::min(tables_, *pinned_.begin());
  while (versions.size() > 1 && versions[1].sequence <= oldest) versions.erase(versions.begin());
}

void MemoryStore::sync_all() {
  for (Logged& logged : log_) logged.synced = true;
  synced_ = sequence_;
  if (log_.size() >= kLogBatchesMax) move_log_to_tables();
}

void MemoryStore::move_log_to_tables() {
  log_.clear();
  tables_ = synced_;
  for (Rows& rows : columns_) {
    for (auto row = rows.begin(); row != rows.end();) {
      forget_old_versions(row->second);
      const bool gone = row->second.size() == 1 && !row->second.front().value && pinned_.empty();
      row = gone ? rows.erase(row) : std::next(row);
    }
  }
}

auto MemoryStore::last_synced() const -> SequenceNumber {
  const std::scoped_lock lock{mutex_};
  return SequenceNumber{synced_};
}

auto MemoryStore::verify_checksums() const -> Result<void> {
  const std::scoped_lock lock{mutex_};
  for (const Rows& rows : columns_) {
    for (const auto& [key, versions] : rows) {
      for (const Version& version : versions) {
        if (checksum_of(version.value) != version.checksum) return fail(Error::store_corrupt);
      }
    }
  }
  return {};
}

auto MemoryStore::statistics() const -> ports::StoreStatistics {
  const std::scoped_lock lock{mutex_};
  ports::StoreStatistics statistics{.failed = failed_};
  for (const Rows& rows : columns_) {
    for (const auto& [key, versions] : rows) {
      const Version* version = visible_at(versions, UINT64_MAX);
      if (version == nullptr) continue;
      ++statistics.keys_estimate;
      statistics.bytes_on_disk += key.size() + version->value->size();
    }
  }
  statistics.bytes_in_memory = statistics.bytes_on_disk;
  return statistics;
}

void MemoryStore::open_again() {
  failed_ = false;
  write_fault_ = {};
  read_fault_ = {};
}

void MemoryStore::reopen() {
  const std::scoped_lock lock{mutex_};
  CHECK(pinned_.empty());
  // A failed batch was never applied; its remains in the log are cut as a torn tail.
  std::erase_if(log_, [&](const Logged& logged) {
    return logged.sequence_before + logged.batch.size() > sequence_;
  });
  sync_all();
  move_log_to_tables();
  open_again();
}

void MemoryStore::crash(std::uint64_t seed) {
  const std::scoped_lock lock{mutex_};
  CHECK(pinned_.empty());
  std::erase_if(log_, &Logged::synced);  // applied below synced_
  const std::size_t in_doubt = log_.size();
  // Each batch is kept, dropped or torn, and recovery ends at the first hole: so reordering shows.
  Choices choices{seed};
  std::size_t kept = 0;
  switch (choices.below(3)) {
    case 0:  // nothing had left the cache
      break;
    case 1:  // all of it had
      kept = in_doubt;
      break;
    default:
      while (kept < in_doubt && choices.below(4) != 0) ++kept;
  }
  recover(synced_, kept);
}

void MemoryStore::lose_log(std::uint64_t seed) {
  const std::scoped_lock lock{mutex_};
  CHECK(pinned_.empty());
  const std::size_t kept = log_.empty() ? 0 : Choices{seed}.below(log_.size());  // not all
  recover(tables_, kept);
}

// Goes back to a state that is safe and applies the first `kept` batches of the log again.
void MemoryStore::recover(std::uint64_t safe, std::size_t kept) {
  const std::deque<Logged> log = std::exchange(log_, {});
  drop_after(safe);
  for (const Logged& logged : log | std::views::take(kept)) apply(logged.batch);
  synced_ = sequence_;
  move_log_to_tables();
  open_again();
}

void MemoryStore::drop_after(std::uint64_t sequence) {
  for (Rows& rows : columns_) {
    for (auto row = rows.begin(); row != rows.end();) {
      std::erase_if(row->second, [&](const Version& v) { return v.sequence > sequence; });
      row = row->second.empty() ? rows.erase(row) : std::next(row);
    }
  }
  sequence_ = sequence;
}

void MemoryStore::wipe() { restore({}); }

auto MemoryStore::image() const -> Image {
  const std::scoped_lock lock{mutex_};
  Image image;
  image.columns_ = columns_;
  image.sequence_ = synced_;
  return image;
}

void MemoryStore::restore(const Image& image) {
  const std::scoped_lock lock{mutex_};
  CHECK(pinned_.empty());
  columns_ = image.columns_;
  drop_after(image.sequence_);
  synced_ = sequence_;
  move_log_to_tables();
  open_again();
}

void MemoryStore::fail_write(std::uint64_t nth, Error reason) {
  const std::scoped_lock lock{mutex_};
  write_fault_ = {nth, reason};
}

void MemoryStore::fail_read(std::uint64_t nth, Error reason) {
  const std::scoped_lock lock{mutex_};
  read_fault_ = {nth, reason};
}

auto MemoryStore::flip_bit(Column column, ByteView key, std::size_t bit) -> bool {
  const std::scoped_lock lock{mutex_};
  Rows& rows = columns_[std::to_underlying(column)];
  const auto row = rows.find(key);
  if (row == rows.end()) return false;
  Version* version = visible_at(row->second, UINT64_MAX);
  if (version == nullptr || bit / 8 >= version->value->size()) return false;
  (*version->value)[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  return true;
}

auto MemoryStore::flip_any_bit(std::uint64_t seed) -> std::optional<std::pair<Column, Bytes>> {
  struct Candidate {
    Column column;
    Bytes key;
    std::size_t bits;
  };
  std::vector<Candidate> candidates;
  {
    const std::scoped_lock lock{mutex_};
    for (std::size_t i = 0; i < ports::kColumns; ++i) {
      for (const auto& [key, versions] : columns_[i]) {
        const Version* version = visible_at(versions, UINT64_MAX);
        if (version == nullptr || version->value->empty()) continue;
        candidates.push_back({static_cast<Column>(i), key, 8 * version->value->size()});
      }
    }
  }
  if (candidates.empty()) return std::nullopt;
  Choices choices{seed};
  const Candidate& chosen = candidates[choices.below(candidates.size())];
  if (!flip_bit(chosen.column, chosen.key, choices.below(chosen.bits))) return std::nullopt;
  return std::pair{chosen.column, chosen.key};
}

}  // namespace holdfast::store
