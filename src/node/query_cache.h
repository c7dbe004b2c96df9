// query_cache.h: what list and search answered lately. A change of a secret drops the answers that
// it was part of or is part of now, and no others; so what is found here is what a scan would find.
// Questions and answers belong to the index and are wiped with it.
// Limits: items_max answers, kCachedRowsMax rows in all; what was not asked for longest leaves
// first. Time: linear in the answers held. Threads: any. Errors: none.
#pragma once

#include <functional>
#include <list>
#include <mutex>

#include "node/distributed_vault.h"

namespace holdfast::node {

inline constexpr std::size_t kCachedRowsMax = 1'000'000;

// What list or search asks, with the texts in wiped memory.
struct Query {
  bool is_search = false;
  base::SecretBytes text;
  std::vector<base::SecretBytes> tags{};  // list; all of them
  std::optional<CategoryId> category{};   // list, as all up to `conflicts`
  SortBy sort = SortBy::label;
  bool reverse = false, deleted = false, conflicts = false;
  SearchIn in{};  // search
};
[[nodiscard]] auto query_of(const Filter& filter, base::SecretMemory& memory) -> Query;
[[nodiscard]] auto query_of(std::string_view text, const SearchIn& in, base::SecretMemory& memory)
    -> Query;
[[nodiscard]] auto same_query(const Query& a, const Query& b) -> bool;

class QueryCache {
 public:
  using Rows = std::shared_ptr<const std::vector<SummaryRef>>;
  explicit QueryCache(std::size_t items_max) : items_max_{items_max} {}

  [[nodiscard]] auto get(const Query& query) -> Rows;  // null: not held
  void put(Query query, Rows rows);
  // `concerns` tells whether an answer could change.
  void drop_if(const std::function<bool(const Query&)>& concerns);
  void clear();
  [[nodiscard]] auto counters() const -> CacheCounters;

 private:
  struct Answer {
    Query query;
    Rows rows;
  };
  void drop(std::list<Answer>::iterator answer);

  const std::size_t items_max_;
  mutable std::mutex mutex_;
  std::list<Answer> answers_;  // the newest used first
  std::size_t rows_ = 0;       // of all answers; at most kCachedRowsMax
  CacheCounters counters_;
};

}  // namespace holdfast::node
