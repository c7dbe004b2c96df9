// lru_cache.h: values of secrets, the newest used at hand: what was not used for longest leaves
// first. A value read before its secret changed is never put after it (epoch). Belongs to what is
// unlocked and is wiped with it.
// Limits: items_max. Time: constant. Threads: any. Errors: none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "model/ids.h"
#include "node/distributed_vault.h"
#include "node/id_hash.h"

namespace holdfast::node {

template <class Value>
class LruCache {
 public:
  using Ref = std::shared_ptr<const Value>;
  explicit LruCache(std::size_t items_max) : items_max_{items_max} {}

  [[nodiscard]] auto get(const SecretId& id) -> Ref {
    const std::scoped_lock lock{mutex_};
    const auto it = by_id_.find(id);
    if (it == by_id_.end()) {
      ++counters_.misses;
      return nullptr;
    }
    ++counters_.hits;
    used_.splice(used_.begin(), used_, it->second);
    return it->second->second;
  }
  // `made_at` is what epoch() gave before the value was read: what changed since stays out.
  void put(const SecretId& id, Ref value, std::uint64_t made_at) {
    const std::scoped_lock lock{mutex_};
    if (made_at != epoch_) return;
    drop(id);
    used_.emplace_front(id, std::move(value));
    by_id_.emplace(id, used_.begin());
    if (used_.size() > items_max_) drop(used_.back().first);
  }
  void invalidate(const SecretId& id) {
    const std::scoped_lock lock{mutex_};
    ++epoch_;
    drop(id);
  }
  void invalidate_all() {
    const std::scoped_lock lock{mutex_};
    ++epoch_;
    by_id_.clear();
    used_.clear();
  }
  [[nodiscard]] auto epoch() const -> std::uint64_t {
    const std::scoped_lock lock{mutex_};
    return epoch_;
  }
  [[nodiscard]] auto counters() const -> CacheCounters {
    const std::scoped_lock lock{mutex_};
    return {.hits = counters_.hits, .misses = counters_.misses, .held = used_.size()};
  }

 private:
  void drop(const SecretId& id) {
    const auto it = by_id_.find(id);
    if (it == by_id_.end()) return;
    const auto place = it->second;
    by_id_.erase(it);
    used_.erase(place);
  }

  const std::size_t items_max_;
  mutable std::mutex mutex_;
  std::list<std::pair<SecretId, Ref>> used_;  // the newest first
  std::unordered_map<SecretId, typename std::list<std::pair<SecretId, Ref>>::iterator, IdHash>
      by_id_;
  std::uint64_t epoch_ = 0;
  CacheCounters counters_;
};

}  // namespace holdfast::node
