// version_cache.h: the versions read lately, encrypted and decoded, each with its key in locked
// memory, so that a read needs no disk and opens one seal instead of two. Belongs to what is
// unlocked. Limits: kCachedVersionsMax, then the oldest leave. Time: none. Threads: any. Errors:
// none.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "model/state.h"
#include "vault/sealing.h"

namespace holdfast::node {

inline constexpr std::size_t kCachedVersionsMax = 10'000;

struct CachedVersion {
  model::Version version;
  crypto::OpeningKey key;
  model::VersionId id;
  model::CategoryId category;  // of the secret now
  model::TxId transaction;
  model::Height height{};
};
using CachedVersionRef = std::shared_ptr<const CachedVersion>;

class VersionCache {
 public:
  [[nodiscard]] auto get(const model::SecretId& id) -> CachedVersionRef {
    const std::scoped_lock lock{mutex_};
    const auto it = by_secret_.find(id);
    ++(it == by_secret_.end() ? misses_ : hits_);
    return it == by_secret_.end() ? nullptr : it->second;
  }
  // `made_at` is what epoch() gave before the version was read: what was invalidated since stays
  // out.
  void put(const model::SecretId& id, CachedVersionRef version, std::uint64_t made_at) {
    const std::scoped_lock lock{mutex_};
    if (made_at != epoch_) return;
    if (by_secret_.insert_or_assign(id, std::move(version)).second) order_.push_back(id);
    while (order_.size() > kCachedVersionsMax) {
      by_secret_.erase(order_.front());
      order_.pop_front();
    }
  }
  void invalidate(const model::SecretId& id) {
    const std::scoped_lock lock{mutex_};
    ++epoch_;
    if (by_secret_.erase(id) > 0) std::erase(order_, id);
  }
  [[nodiscard]] auto epoch() const -> std::uint64_t {
    const std::scoped_lock lock{mutex_};
    return epoch_;
  }
  struct Counters {
    std::uint64_t hits = 0, misses = 0;
  };
  [[nodiscard]] auto counters() const -> Counters {
    const std::scoped_lock lock{mutex_};
    return {hits_, misses_};
  }

 private:
  mutable std::mutex mutex_;
  struct Hash {  // ids are random
    auto operator()(const model::SecretId& id) const -> std::size_t {
      std::size_t value = 0;
      std::memcpy(&value, id.bytes.data(), sizeof value);
      return value;
    }
  };
  std::unordered_map<model::SecretId, CachedVersionRef, Hash> by_secret_;
  std::deque<model::SecretId> order_;  // as they came; the same ids as by_secret_
  std::uint64_t epoch_ = 0, hits_ = 0, misses_ = 0;
};

}  // namespace holdfast::node
