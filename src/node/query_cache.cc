#include "node/query_cache.h"

#include <algorithm>

#include "crypto/equal.h"

namespace holdfast::node {
namespace {

auto secret_text(std::string_view text, base::SecretMemory& memory) -> base::SecretBytes {
  base::SecretBytes copy{memory};
  copy.buffer().assign(text.begin(), text.end());
  return copy;
}

auto same_in(const SearchIn& a, const SearchIn& b) -> bool {
  return a.label == b.label && a.username == b.username && a.urls == b.urls && a.tags == b.tags &&
         a.category == b.category;
}

}  // namespace

auto query_of(const Filter& filter, base::SecretMemory& memory) -> Query {
  Query query{.text = secret_text(filter.text, memory),
              .category = filter.category,
              .sort = filter.sort,
              .reverse = filter.reverse,
              .deleted = filter.deleted,
              .conflicts = filter.conflicts};
  for (const std::string_view tag : filter.tags) query.tags.push_back(secret_text(tag, memory));
  return query;
}

auto query_of(std::string_view text, const SearchIn& in, base::SecretMemory& memory) -> Query {
  return {.is_search = true, .text = secret_text(text, memory), .in = in};
}

auto same_query(const Query& a, const Query& b) -> bool {
  return a.is_search == b.is_search && a.category == b.category && a.sort == b.sort &&
         a.reverse == b.reverse && a.deleted == b.deleted && a.conflicts == b.conflicts &&
         same_in(a.in, b.in) && crypto::equal(a.text, b.text) &&
         std::ranges::equal(a.tags, b.tags,
                            [](const auto& x, const auto& y) { return crypto::equal(x, y); });
}

auto QueryCache::get(const Query& query) -> Rows {
  const std::scoped_lock lock{mutex_};
  const auto found = std::ranges::find_if(
      answers_, [&](const Answer& answer) { return same_query(answer.query, query); });
  if (found == answers_.end()) {
    ++counters_.misses;
    return nullptr;
  }
  ++counters_.hits;
  answers_.splice(answers_.begin(), answers_, found);
  return found->rows;
}

void QueryCache::put(Query query, Rows rows) {
  const std::scoped_lock lock{mutex_};
  const bool held = std::ranges::any_of(
      answers_, [&](const Answer& answer) { return same_query(answer.query, query); });
  if (held || rows->size() > kCachedRowsMax) return;  // two readers asked at once
  rows_ += rows->size();
  answers_.push_front({std::move(query), std::move(rows)});
  while (answers_.size() > items_max_ || rows_ > kCachedRowsMax) drop(std::prev(answers_.end()));
}

void QueryCache::drop_if(const std::function<bool(const Query&)>& concerns) {
  const std::scoped_lock lock{mutex_};
  for (auto answer = answers_.begin(); answer != answers_.end();) {
    const auto next = std::next(answer);
    if (concerns(answer->query)) drop(answer);
    answer = next;
  }
}

void QueryCache::clear() {
  const std::scoped_lock lock{mutex_};
  answers_.clear();
  rows_ = 0;
}

auto QueryCache::counters() const -> CacheCounters {
  const std::scoped_lock lock{mutex_};
  return {.hits = counters_.hits, .misses = counters_.misses, .held = answers_.size()};
}

void QueryCache::drop(std::list<Answer>::iterator answer) {
  rows_ -= answer->rows->size();
  answers_.erase(answer);
}

}  // namespace holdfast::node
