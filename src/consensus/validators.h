// validators.h: the validators of one epoch as numbers, and sets of them.
// Invariant: a quorum is n - f with f = (n - 1) / 3, not 2f + 1: they differ when n is not 3f + 1.
// Any two quorums share more than f validators. One to three validators tolerate no fault.
// Limits: kCommitteeMax. Time: none. Threads: values. Errors: none. Source:
// docs/design/consensus.md §1.
#pragma once

#include <bitset>

#include "base/check.h"
#include "consensus/planted_bug.h"
#include "model/commit.h"

namespace holdfast::consensus {

using model::AuthorIndex;

class Validators {
 public:
  explicit Validators(std::size_t count) : count_{count} {
    CHECK(count >= 1);
    CHECK(count <= model::kCommitteeMax);
  }
  [[nodiscard]] auto count() const -> std::size_t { return count_; }
  [[nodiscard]] auto faults() const -> std::size_t { return (count_ - 1) / 3; }
  [[nodiscard]] auto quorum() const -> std::size_t {
    if (planted(PlantedBug::quorum_less_one) && count_ > 1) return count_ - faults() - 1;
    if (planted(PlantedBug::quorum_two_f_plus_one)) return 2 * faults() + 1;
    return count_ - faults();
  }
  [[nodiscard]] auto contains(AuthorIndex author) const -> bool {
    return std::to_underlying(author) < count_;
  }
  auto operator==(const Validators&) const -> bool = default;

 private:
  std::size_t count_;
};

// Distinct authors: adding one twice counts once.
class AuthorSet {
 public:
  void add(AuthorIndex author) { members_.set(std::to_underlying(author)); }
  void clear() { members_.reset(); }
  [[nodiscard]] auto contains(AuthorIndex author) const -> bool {
    return members_.test(std::to_underlying(author));
  }
  [[nodiscard]] auto size() const -> std::size_t { return members_.count(); }

 private:
  std::bitset<model::kCommitteeMax> members_;
};

}  // namespace holdfast::consensus
