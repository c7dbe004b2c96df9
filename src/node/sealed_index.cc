#include "node/sealed_index.h"

#include <algorithm>
#include <unordered_set>

#include "codec/cbor_writer.h"
#include "crypto/kdf.h"
#include "model/commit.h"
#include "node/id_hash.h"
#include "node/ledger.h"

namespace holdfast::node {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::fail;
using base::Result;
using ports::Batch;
using ports::Column;

namespace {

inline constexpr std::size_t kNumberBytes = 8;
inline constexpr std::size_t kRewriteBatchBytes = 16 << 20;

auto page_key(Height to, std::uint64_t number) -> Bytes { return transaction_key(to, number); }

auto number_at(ByteView key, std::size_t at) -> std::uint64_t {
  std::uint64_t number = 0;
  for (const std::uint8_t byte : key.subspan(at, kNumberBytes)) number = number << 8 | byte;
  return number;
}

auto commit_at(const ports::Reader& store, Height height) -> Result<model::CommitDigest> {
  TRY(commit, store.get(Column::commits, number_key(std::to_underlying(height))));
  if (!commit) return fail(Error::store_corrupt);
  return model::commit_digest(*commit);
}

auto row_of(const Index& index, const SecretId& id) -> IndexRow {
  SummaryRef summary = index.get(id);
  if (summary == nullptr) return {.id = id, .kind = IndexRow::Kind::gone, .summary = nullptr};
  if (summary->several_heads) {
    return {.id = id, .kind = IndexRow::Kind::look_anew, .summary = nullptr};
  }
  return {.id = id, .kind = IndexRow::Kind::summarised, .summary = std::move(summary)};
}

auto ids_of(const std::vector<IndexRow>& rows) -> std::vector<SecretId> {
  std::vector<SecretId> ids;
  if (rows.size() > kMergedRowsMax) return ids;
  ids.reserve(rows.size());
  for (const IndexRow& row : rows) ids.push_back(row.id);
  return ids;
}

}  // namespace

auto SealedIndex::create(const UserKeys& keys, const model::VaultId& vault,
                         const model::DeviceId& device, const Ports& ports) -> Result<SealedIndex> {
  Bytes info;
  codec::Writer out{info};
  out.array(2);
  out.text("holdfast/1/index-key");
  out.bytes(device.view());
  Result<void> derived;
  TRY(key, IndexKey::make(ports.keys, [&](auto key_bytes) {
        derived = keys.wrap.expose(
            [&](auto seed) { return crypto::hkdf(seed, vault.view(), info, key_bytes); });
      }));
  TRY_DO(std::move(derived));
  return SealedIndex{std::move(key), vault, device, ports};
}

auto SealedIndex::load(const ports::Reader& store, Height tip) -> Result<Loaded> {
  forget();
  std::vector<IndexRow> rows;
  std::optional<Reading> reading;
  Result<void> read;
  const auto scanned = store.scan(Column::index, {}, {}, [&](ByteView key, ByteView value) {
    read = read_page(store, key, value, reading, rows);
    return read.has_value();
  });
  if (read && !scanned) read = fail(scanned.error());
  if (read) finish_segment(reading, rows);
  const Height height = chain_.empty() ? Height{} : chain_.back().to;
  whole_ = read && !reading && height <= tip && (tip == Height{} || height != Height{});
  if (!whole_) {
    forget();
    return fail(read ? Error::store_corrupt : read.error());
  }
  Loaded loaded{.height = height, .summaries = {}, .look_anew = {}};
  loaded.summaries.reserve(rows.size());
  std::unordered_set<SecretId, IdHash> seen;  // from the newest back; the first segment's need not
  const std::uint64_t first_rows = chain_.empty() ? 0 : chain_.front().rows;
  for (std::size_t i = rows.size(); i > 0; --i) {
    IndexRow& row = rows[i - 1];
    const bool newest = i - 1 < first_rows ? !seen.contains(row.id) : seen.insert(row.id).second;
    if (!newest) continue;
    if (row.kind == IndexRow::Kind::summarised) loaded.summaries.push_back(std::move(row.summary));
    if (row.kind == IndexRow::Kind::look_anew) loaded.look_anew.push_back(row.id);
  }
  return loaded;
}

auto SealedIndex::read_page(const ports::Reader& store, ByteView key, ByteView value,
                            std::optional<Reading>& reading, std::vector<IndexRow>& rows)
    -> Result<void> {
  if (key.size() != 2 * kNumberBytes) return fail(Error::store_corrupt);
  const Height to{number_at(key, 0)};
  const std::uint64_t number = number_at(key, kNumberBytes);
  TRY(sealed, decode_page(value));
  if (number == 0) {
    finish_segment(reading, rows);
    const Height so_far = chain_.empty() ? Height{} : chain_.back().to;
    if (reading || sealed.from != so_far || to <= sealed.from) return fail(Error::store_corrupt);
    TRY(commit, commit_at(store, to));
    reading = Reading{
        .segment = {.from = sealed.from, .to = to}, .commit = commit, .pages_max = sealed.count};
  }
  if (!reading || reading->segment.to != to || reading->segment.pages != number) {
    return fail(Error::store_corrupt);
  }
  const PagePlace place{.vault = vault_,
                        .device = device_,
                        .from = reading->segment.from,
                        .to = to,
                        .commit = reading->commit,
                        .number = number,
                        .count = reading->pages_max};
  TRY(page, open_page(worker_aead(), key_, place, sealed, ports_.plaintext));
  TRY_DO(read_rows(page, ports_.plaintext, rows));
  ++reading->segment.pages;
  return {};
}

// Takes up the segment that was read, if all its pages were.
void SealedIndex::finish_segment(std::optional<Reading>& reading,
                                 const std::vector<IndexRow>& rows) {
  if (!reading || reading->segment.pages != reading->pages_max) return;
  Segment segment = std::move(reading->segment);
  reading.reset();
  segment.rows = rows.size() - this->rows();
  if (segment.rows <= kMergedRowsMax) {
    for (std::size_t i = this->rows(); i < rows.size(); ++i) segment.ids.push_back(rows[i].id);
  }
  chain_.push_back(std::move(segment));
}

auto SealedIndex::rows() const -> std::uint64_t {
  std::uint64_t sum = 0;
  for (const Segment& segment : chain_) sum += segment.rows;
  return sum;
}

auto SealedIndex::wants_rewrite(const Index& index) const -> bool {
  if (given_up_) return false;
  return !whole_ || rows() > 2 * index.in_order().size() + kWasteAllowed;
}

auto SealedIndex::seal_rows(const std::vector<IndexRow>& rows, Height from, Height to,
                            const model::CommitDigest& commit,
                            const std::function<Result<void>(Bytes, Bytes)>& put)
    -> Result<std::uint64_t> {
  std::vector<std::span<const IndexRow>> pages;
  std::span<const IndexRow> left{rows};
  do {  // a segment without rows has a page, too
    pages.push_back(left.first(rows_of_page(left)));
    left = left.subspan(pages.back().size());
  } while (!left.empty());
  PagePlace place{.vault = vault_,
                  .device = device_,
                  .from = from,
                  .to = to,
                  .commit = commit,
                  .number = pages.size(),
                  .count = pages.size()};
  while (place.number > 0) {
    --place.number;
    TRY(page, write_rows(pages[place.number], ports_.plaintext));
    TRY(sealed,
        seal_page(worker_aead(), key_, place, ports_.random<crypto::Nonce>(), std::move(page)));
    TRY_DO(put(page_key(to, place.number), encode(sealed)));
  }
  return pages.size();
}

auto SealedIndex::save(const Index& index, Height to, const model::CommitDigest& commit,
                       const Write& write) -> Result<void> {
  if (!whole_ || given_up_ || unsaved_commits_ + unsaved_.size() == 0) return {};
  std::set<SecretId> ids = unsaved_;
  Batch batch;
  std::size_t kept = chain_.size();  // segments that stay
  for (; kept > 0; --kept) {
    const Segment& last = chain_[kept - 1];
    if (last.rows > ids.size() || last.rows + ids.size() > kMergedRowsMax) break;
    ids.insert(last.ids.begin(), last.ids.end());
    for (std::uint64_t i = 0; i < last.pages; ++i) batch.erase(Column::index, page_key(last.to, i));
  }
  const Height from = kept > 0 ? chain_[kept - 1].to : Height{};
  std::vector<IndexRow> rows;
  rows.reserve(ids.size());
  for (const SecretId& id : ids) rows.push_back(row_of(index, id));
  TRY(pages, seal_rows(rows, from, to, commit, [&](Bytes key, Bytes value) -> Result<void> {
        batch.put(Column::index, std::move(key), std::move(value));
        return {};
      }));
  TRY_DO(write(batch));
  chain_.resize(kept);
  take_up({.from = from, .to = to, .pages = pages, .rows = rows.size(), .ids = ids_of(rows)});
  return {};
}

// In several batches where it is large; the first page is in the last of them, so that what a crash
// leaves is no chain.
auto SealedIndex::rewrite(const Index& index, const ports::Reader& store, Height to,
                          const model::CommitDigest& commit, const Write& write) -> Result<void> {
  std::vector<IndexRow> rows;
  rows.reserve(index.in_order().size());
  for (const SummaryRef& summary : index.in_order()) {
    if (summary != nullptr) rows.push_back(row_of(index, summary->id));
  }
  Batch batch;
  TRY_DO(store.scan(Column::index, {}, {}, [&](ByteView key, ByteView) {
    batch.erase(Column::index, base::to_bytes(key));
    return true;
  }));
  forget();
  TRY(pages, seal_rows(rows, Height{}, to, commit, [&](Bytes key, Bytes value) -> Result<void> {
        batch.put(Column::index, std::move(key), std::move(value));
        if (batch.bytes() < kRewriteBatchBytes) return {};
        return write(std::exchange(batch, {}));
      }));
  TRY_DO(write(batch));
  take_up({.from = {}, .to = to, .pages = pages, .rows = rows.size(), .ids = ids_of(rows)});
  return {};
}

void SealedIndex::forget() {
  chain_.clear();
  whole_ = false;
  unsaved_.clear();
  unsaved_commits_ = 0;
}

void SealedIndex::give_up() {
  forget();
  given_up_ = true;
}

void SealedIndex::take_up(Segment segment) {
  chain_.push_back(std::move(segment));
  whole_ = true;
  unsaved_.clear();
  unsaved_commits_ = 0;
}

}  // namespace holdfast::node
