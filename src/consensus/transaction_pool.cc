#include "consensus/transaction_pool.h"

#include <algorithm>

namespace holdfast::consensus {

using base::Bytes;
using base::Error;
using base::fail;
using base::Result;

auto TransactionPool::submit(const TxKey& id, Bytes bytes) -> Result<void> {
  const auto place = entries_.lower_bound(id);
  if (place != entries_.end() && place->first == id) return {};
  if (entries_.size() >= kPendingMax) return fail(Error::too_many_pending);
  if (bytes_waiting_ + bytes.size() > kPendingBytesMax) return fail(Error::too_many_pending);
  if (waiting_.size() >= 2 * kPendingMax) {  // half of them at least wait no more
    std::erase_if(waiting_, [&](const TxKey& each) {
      const auto entry = entries_.find(each);
      return entry == entries_.end() || entry->second.in_block;
    });
  }
  bytes_waiting_ += bytes.size();
  entries_.emplace_hint(place, id, Entry{std::move(bytes)});
  waiting_.push_back(id);
  return {};
}

auto TransactionPool::take(Round round, std::size_t bytes_max, std::size_t items_max)
    -> std::vector<Bytes> {
  std::vector<Bytes> items;
  std::vector<TxKey> ids;
  if (bytes_in_blocks_ >= kUnsequencedBytesMax) return items;
  std::size_t bytes = 0;
  while (!waiting_.empty() && items.size() < items_max) {
    const auto entry = entries_.find(waiting_.front());
    if (entry != entries_.end() && !entry->second.in_block) {
      if (bytes + entry->second.bytes.size() > bytes_max) break;
      bytes += entry->second.bytes.size();
      entry->second.in_block = true;
      items.push_back(entry->second.bytes);
      ids.push_back(entry->first);
    }
    waiting_.pop_front();
  }
  bytes_waiting_ -= bytes;
  bytes_in_blocks_ += bytes;
  if (!ids.empty()) blocks_[round] = std::move(ids);
  return items;
}

auto TransactionPool::sequenced(const TxKey& id) -> bool {
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return false;
  (entry->second.in_block ? bytes_in_blocks_ : bytes_waiting_) -= entry->second.bytes.size();
  entries_.erase(entry);
  return true;
}

void TransactionPool::wait_again(const TxKey& id) {
  Entry& entry = entries_.at(id);
  bytes_in_blocks_ -= entry.bytes.size();
  bytes_waiting_ += entry.bytes.size();
  entry.in_block = false;
  waiting_.push_back(id);
}

auto TransactionPool::collected(Round gc_round) -> std::vector<TxKey> {
  std::vector<TxKey> again;
  while (!blocks_.empty() && blocks_.begin()->first <= gc_round) {
    for (const TxKey& id : blocks_.begin()->second) {
      const auto entry = entries_.find(id);
      if (entry == entries_.end() || !entry->second.in_block) continue;
      wait_again(id);
      again.push_back(id);
    }
    blocks_.erase(blocks_.begin());
  }
  return again;
}

auto TransactionPool::take_all() -> std::vector<std::pair<TxKey, Bytes>> {
  std::vector<std::pair<TxKey, Bytes>> all;
  for (auto& [id, entry] : entries_) all.emplace_back(id, std::move(entry.bytes));
  *this = {};
  return all;
}

}  // namespace holdfast::consensus
