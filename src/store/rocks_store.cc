#include "store/rocks_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <string>
#include <system_error>

#include "base/check.h"
#include "store/rocks_status.h"

namespace holdfast::store {
namespace {

using base::fail;
using ports::Column;
using ports::Durability;
using ports::SequenceNumber;

auto slice_of(ByteView bytes) -> rocksdb::Slice {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

auto view_of(const rocksdb::Slice& slice) -> ByteView {
  return base::view_of({slice.data(), slice.size()});
}

auto column_options(std::size_t block_cache_bytes) -> rocksdb::ColumnFamilyOptions {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(block_cache_bytes);
  table.cache_index_and_filter_blocks = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.checksum = rocksdb::kXXH3;
  table.format_version = 6;
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = std::size_t{8} << 20;
  options.compression = rocksdb::kNoCompression;  // nearly all of it is ciphertext
  return options;
}

// After a write that failed for want of space RocksDB would go on by itself once there is some. It
// then flushes column after column, each without the batch that failed but lies in the log; whoever
// is killed meanwhile finds that batch in half of the columns.
class NoRecovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

auto database_options(const RocksOptions& options) -> rocksdb::DBOptions {
  rocksdb::DBOptions db;
  db.create_if_missing = options.mode == OpenMode::create_if_missing;
  db.create_missing_column_families = true;
  db.paranoid_checks = true;
  db.wal_recovery_mode = options.salvage_log
                             ? rocksdb::WALRecoveryMode::kPointInTimeRecovery
                             : rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.track_and_verify_wals_in_manifest = true;
  db.recycle_log_file_num = 0;
  db.max_bgerror_resume_count = 0;  // resuming by itself would repeat a failed fsync
  db.listeners.push_back(std::make_shared<NoRecovery>());
  db.db_write_buffer_size = kWriteBufferBytes;
  db.max_total_wal_size = kLogBytesMax;
  db.max_open_files = kOpenFilesMax;
  db.max_background_jobs = 2;
  db.keep_log_file_num = 2;
  db.max_log_file_size = std::size_t{1} << 20;
  db.info_log_level = rocksdb::WARN_LEVEL;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  return db;
}

auto all_columns(const rocksdb::ColumnFamilyOptions& options)
    -> std::vector<rocksdb::ColumnFamilyDescriptor> {
  std::vector<rocksdb::ColumnFamilyDescriptor> all{{rocksdb::kDefaultColumnFamilyName, options}};
  for (const std::string_view name : ports::kColumnNames)
    all.emplace_back(std::string{name}, options);
  return all;
}

// RocksDB would create an empty database over the remains of one that lost its CURRENT file. A
// creation cut short leaves at most its first manifest, and no data.
auto holds_orphans(const Path& folder) -> bool {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{folder, error}) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".sst") || name.ends_with(".log")) return true;
    if (name.starts_with("MANIFEST-") && name != "MANIFEST-000001") return true;
  }
  return false;
}

auto check_presence(const Path& folder, OpenMode mode) -> Result<void> {
  std::error_code error;
  if (std::filesystem::exists(folder / "CURRENT", error)) return {};
  if (error) return fail(error_of_errno(error.value()));
  if (holds_orphans(folder)) return fail(Error::store_corrupt);
  if (mode == OpenMode::must_exist) return fail(Error::store_missing);
  return {};
}

}  // namespace

// Owns the database and its column handles; closes both.
class RocksStore::Database {
 public:
  Database(rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> handles)
      : db_{db}, handles_{std::move(handles)} {
    CHECK(handles_.size() == ports::kColumns + 1);
  }
  Database(const Database&) = delete;
  auto operator=(const Database&) -> Database& = delete;
  ~Database() {
    for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    db_->Close().PermitUncheckedError();  // whoever needed durability has asked before
  }

  [[nodiscard]] auto db() const -> rocksdb::DB& { return *db_; }
  [[nodiscard]] auto column(Column column) const -> rocksdb::ColumnFamilyHandle* {
    return handles_.at(std::size_t{1} + std::to_underlying(column));  // after "default"
  }
  [[nodiscard]] auto latest() const -> std::uint64_t { return db_->GetLatestSequenceNumber(); }

  [[nodiscard]] auto get(const rocksdb::ReadOptions& options, Column from, ByteView key) const
      -> Result<std::optional<Bytes>> {
    rocksdb::PinnableSlice value;
    const rocksdb::Status status = db_->Get(options, column(from), slice_of(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    if (!status.ok()) return fail(error_of(status));
    return base::to_bytes(view_of(value));
  }

  [[nodiscard]] auto scan(rocksdb::ReadOptions options, Column in, ByteView from, ByteView to,
                          const ports::Visitor& visitor) const -> Result<void> {
    const rocksdb::Slice end = slice_of(to);
    if (!to.empty()) options.iterate_upper_bound = &end;
    const std::unique_ptr<rocksdb::Iterator> at{db_->NewIterator(options, column(in))};
    for (at->Seek(slice_of(from)); at->Valid(); at->Next()) {
      if (!visitor(view_of(at->key()), view_of(at->value()))) return {};
    }
    if (!at->status().ok()) return fail(error_of(at->status()));  // damage also ends the loop
    return {};
  }

  [[nodiscard]] auto write(const ports::Batch& batch, Durability durability) const
      -> rocksdb::Status {
    constexpr std::size_t kOverheadBytes = 16;  // tag, column and two lengths, rounded up
    rocksdb::WriteBatch rows{batch.bytes() + kOverheadBytes * (batch.size() + 1)};
    rocksdb::Status status;
    for (const ports::Batch::Operation& op : batch.ops()) {
      status = op.value ? rows.Put(column(op.column), slice_of(op.key), slice_of(*op.value))
                        : rows.Delete(column(op.column), slice_of(op.key));
      if (!status.ok()) return status;
    }
    rocksdb::WriteOptions options;
    options.sync = durability == Durability::synced;
    return db_->Write(options, &rows);
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

class RocksStore::RocksSnapshot final : public ports::Snapshot {
 public:
  explicit RocksSnapshot(const Database& database)
      : database_{database}, snapshot_{database.db().GetSnapshot()} {}
  ~RocksSnapshot() override { database_.db().ReleaseSnapshot(snapshot_); }

  auto get(Column column, ByteView key) const -> Result<std::optional<Bytes>> override {
    return database_.get(options(), column, key);
  }
  auto scan(Column column, ByteView from, ByteView to, const ports::Visitor& visitor) const
      -> Result<void> override {
    return database_.scan(options(), column, from, to, visitor);
  }

 private:
  [[nodiscard]] auto options() const -> rocksdb::ReadOptions {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_;
    return options;
  }
  const Database& database_;
  const rocksdb::Snapshot* snapshot_;
};

auto RocksStore::open(const Path& folder, RocksOptions options)
    -> Detailed<std::unique_ptr<RocksStore>> {
  if (options.mode == OpenMode::create_if_missing) TRY_DO(make_private_folder(folder));
  if (auto present = check_presence(folder, options.mode); !present) {
    return fail(present.error(), folder.string());
  }
  try {
    rocksdb::DB* db = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    const rocksdb::Status status =
        rocksdb::DB::Open(rocksdb::DBOptions{database_options(options)}, folder.string(),
                          all_columns(column_options(options.block_cache_bytes)), &handles, &db);
    if (!status.ok()) return fail(error_of_open(status), folder.string());
    auto database = std::make_unique<Database>(db, std::move(handles));
    return std::unique_ptr<RocksStore>{new RocksStore{folder, std::move(database)}};
  } catch (const std::system_error&) {  // no thread to be had
    return fail(Error::store_io, folder.string());
  }
}

// Recovery has flushed and synced what it found in the log, so all of it is durable.
RocksStore::RocksStore(Path folder, std::unique_ptr<Database> database)
    : folder_{std::move(folder)},
      database_{std::move(database)},
      last_synced_{database_->latest()} {}

RocksStore::~RocksStore() {
  if (!failed_) static_cast<void>(sync_log());
}

auto RocksStore::get(Column column, ByteView key) const -> Result<std::optional<Bytes>> {
  return database_->get({}, column, key);
}

auto RocksStore::scan(Column column, ByteView from, ByteView to,
                      const ports::Visitor& visitor) const -> Result<void> {
  return database_->scan({}, column, from, to, visitor);
}

auto RocksStore::snapshot() const -> std::unique_ptr<ports::Snapshot> {
  return std::make_unique<RocksSnapshot>(*database_);
}

auto RocksStore::last_synced() const -> SequenceNumber {
  return SequenceNumber{last_synced_.load()};
}

auto RocksStore::write(const ports::Batch& batch, Durability durability) -> Result<SequenceNumber> {
  TRY_DO(batch.within_limits());
  if (failed_) return fail(Error::store_failed);
  if (durability == Durability::buffered) return write_buffered(batch);
  return batch.empty() ? sync_log() : write_synced(batch);
}

auto RocksStore::write_buffered(const ports::Batch& batch) -> Result<SequenceNumber> {
  ++buffered_started_;
  const rocksdb::Status status = database_->write(batch, Durability::buffered);
  const std::uint64_t latest = database_->latest();
  ++buffered_finished_;
  if (!status.ok()) return stop_writing(error_of(status));
  return SequenceNumber{latest};
}

// Synced groups publish their numbers after their fsync, so the latest number is durable unless a
// buffered write ran meanwhile; then one more sync makes it so.
auto RocksStore::write_synced(const ports::Batch& batch) -> Result<SequenceNumber> {
  const BufferedWrites before = buffered_writes();
  const rocksdb::Status status = database_->write(batch, Durability::synced);
  if (!status.ok()) return stop_writing(error_of(status));
  const std::uint64_t latest = database_->latest();
  if (before.in_flight || buffered_started_ != before.started) return sync_log();
  raise_last_synced(latest);
  return SequenceNumber{latest};
}

auto RocksStore::sync_log() -> Result<SequenceNumber> {
  const std::uint64_t latest = database_->latest();
  const rocksdb::Status status = database_->db().FlushWAL(/*sync=*/true);
  if (!status.ok()) return stop_writing(error_of(status));
  raise_last_synced(latest);
  return SequenceNumber{latest};
}

auto RocksStore::buffered_writes() const -> BufferedWrites {
  const std::uint64_t started = buffered_started_;  // read first: equality then means none is open
  return {.started = started, .in_flight = buffered_finished_ != started};
}

auto RocksStore::stop_writing(Error reason) -> std::unexpected<Error> {
  failed_ = true;
  return fail(reason);
}

void RocksStore::raise_last_synced(std::uint64_t sequence) {
  std::uint64_t known = last_synced_;
  while (known < sequence && !last_synced_.compare_exchange_weak(known, sequence)) {
  }
}

auto RocksStore::verify_checksums() const -> Result<void> {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const rocksdb::Status status = database_->db().VerifyChecksum(options);
  if (!status.ok()) return fail(error_of(status));
  return {};
}

auto RocksStore::statistics() const -> ports::StoreStatistics {
  ports::StoreStatistics statistics{.failed = failed_};
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{folder_, error}) {
    const auto bytes = entry.file_size(error);  // a file may vanish meanwhile
    if (!error) statistics.bytes_on_disk += bytes;
  }
  const auto sum = [&](const rocksdb::Slice& property) {
    std::uint64_t value = 0;
    database_->db().GetAggregatedIntProperty(property, &value);
    return value;
  };
  statistics.keys_estimate = sum(rocksdb::DB::Properties::kEstimateNumKeys);
  std::uint64_t cache_bytes = 0;  // one cache serves all columns
  database_->db().GetIntProperty(database_->column(Column::meta),
                                 rocksdb::DB::Properties::kBlockCacheUsage, &cache_bytes);
  statistics.bytes_in_memory = cache_bytes + sum(rocksdb::DB::Properties::kCurSizeAllMemTables);
  return statistics;
}

}  // namespace holdfast::store
