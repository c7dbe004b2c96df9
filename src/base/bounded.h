// bounded.h: a vector that refuses to grow past a named limit.
// Threads: values. Errors: capacity_exceeded (contents unchanged).
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/result.h"

namespace holdfast::base {

template <class T, std::size_t kMax>
class BoundedVector {
 public:
  static constexpr std::size_t kLimit = kMax;

  [[nodiscard]] auto push(T value) -> Result<void> {
    if (items_.size() >= kMax) return fail(Error::capacity_exceeded);
    items_.push_back(std::move(value));
    return {};
  }
  [[nodiscard]] auto size() const -> std::size_t { return items_.size(); }
  [[nodiscard]] auto empty() const -> bool { return items_.empty(); }
  [[nodiscard]] auto operator[](std::size_t i) const -> const T& { return items_.at(i); }
  [[nodiscard]] auto operator[](std::size_t i) -> T& { return items_.at(i); }
  [[nodiscard]] auto begin() const { return items_.begin(); }
  [[nodiscard]] auto end() const { return items_.end(); }
  void clear() { items_.clear(); }
  [[nodiscard]] auto take() -> std::vector<T> { return std::exchange(items_, {}); }
  auto operator==(const BoundedVector&) const -> bool = default;

 private:
  std::vector<T> items_;  // size() <= kMax
};

}  // namespace holdfast::base
