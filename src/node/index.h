// index.h: what `list`, `search` and `find` look at: a summary of every secret, in wiped memory.
// Built at unlock, kept up by every commit, dropped by lock. Texts are compared byte by byte;
// searching takes ASCII letters of either case as equal. Answers are kept (node/query_cache.h).
// Limits: none of its own (one entry a secret). Time: linear scans; lookups by id are constant.
// Threads: one writer or many readers; the caller holds the lock. Errors: none.
#pragma once

#include <map>
#include <memory_resource>
#include <unordered_map>

#include "node/distributed_vault.h"
#include "node/id_hash.h"
#include "node/query_cache.h"

namespace holdfast::node {

struct CategoryName {
  CategoryId id;
  std::optional<CategoryId> parent;
  base::SecretBytes name;
  bool deleted = false;  // kept for the secrets that still lie there
};

class Index {
 public:
  explicit Index(base::SecretMemory& memory, std::size_t queries_max = CacheLimits{}.queries_max)
      : memory_{memory}, by_label_{&memory}, queries_{queries_max} {}

  // Adds or replaces; keeps the place of the first addition (committed order).
  void put(Summary summary);
  void put(SummaryRef summary);
  void reserve(std::size_t secrets);
  void remove(const SecretId& id);
  void mark_deleted(const SecretId& id);
  void put_category(CategoryName category);

  // Cheaper before many changes than asking of each answer whether it is another now.
  void forget_queries() { queries_.clear(); }
  [[nodiscard]] auto query_counters() const -> CacheCounters { return queries_.counters(); }

  [[nodiscard]] auto get(const SecretId& id) const -> SummaryRef;  // null: unknown
  [[nodiscard]] auto live() const -> std::uint64_t { return live_; }
  [[nodiscard]] auto conflicts() const -> std::uint64_t;
  [[nodiscard]] auto find(std::string_view item) const -> Found;
  [[nodiscard]] auto list(const Filter& filter) const -> std::vector<SummaryRef>;
  [[nodiscard]] auto search(std::string_view text, const SearchIn& in) const
      -> std::vector<SummaryRef>;
  [[nodiscard]] auto category_named(std::string_view name) const -> std::optional<CategoryId>;
  [[nodiscard]] auto categories() const -> const std::map<CategoryId, CategoryName>& {
    return categories_;
  }
  [[nodiscard]] auto in_order() const -> const std::vector<SummaryRef>& { return in_order_; }

 private:
  [[nodiscard]] auto ask(Query query) const -> std::vector<SummaryRef>;
  [[nodiscard]] auto sorted(const Query& query) const -> std::vector<SummaryRef>;
  [[nodiscard]] auto matches(const Query& query, const Summary& summary) const -> bool;
  [[nodiscard]] static auto listed_by(const Query& query, std::string_view text,
                                      const Summary& summary) -> bool;
  [[nodiscard]] auto found_by(const SearchIn& in, std::string_view text,
                              const Summary& summary) const -> bool;
  void changed(const Summary* was, const Summary* is);
  [[nodiscard]] auto category_at(std::string_view path) const -> std::optional<CategoryId>;
  void note_label(const SummaryRef& summary);
  void forget_label(const Summary& summary);
  void mark_duplicates(const Summary& like);
  [[nodiscard]] auto matches_item(std::string_view label, std::optional<CategoryId> category) const
      -> std::vector<SummaryRef>;

  base::SecretMemory& memory_;
  std::vector<SummaryRef> in_order_;                         // null where a secret was removed
  std::unordered_map<SecretId, std::size_t, IdHash> place_;  // in in_order_
  std::pmr::unordered_multimap<std::uint64_t, SecretId> by_label_;  // hash of category and label
  std::map<CategoryId, CategoryName> categories_;
  std::uint64_t live_ = 0;
  mutable QueryCache queries_;  // readers share the index
};

// True if `text` contains `part`, ASCII letters of either case being equal.
[[nodiscard]] auto contains_folded(std::string_view text, std::string_view part) -> bool;

}  // namespace holdfast::node
