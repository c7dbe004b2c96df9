// choices.h: runs a case once for every sequence of choices that it can make. The case is run from
// its start each time and must choose alike as long as it is answered alike.
// Choice 0 is what happens by default; a bound on deviations from it makes large cases finite: all
// runs with at most so many. Limits: the caller's. Threads: one.
// Source: systematic testing without stored states (VeriSoft, Godefroid 1997), delay-bounded
// scheduling (Emmi, Qadeer, Rakamaric 2011).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"

namespace holdfast::consensus {

class Choices {
 public:
  explicit Choices(std::size_t deviations_max) : deviations_max_{deviations_max} {}

  [[nodiscard]] auto below(std::size_t options) -> std::size_t {
    CHECK(options > 0);
    if (at_ == made_.size()) made_.push_back({0, spent_ < deviations_max_ ? options : 1});
    const Choice& choice = made_[at_++];
    CHECK(choice.options <= options);
    if (choice.taken > 0) ++spent_;
    return choice.taken;
  }
  // Whether this run has made a choice that differs from the run before.
  [[nodiscard]] auto is_new() const -> bool { return at_ > changed_; }
  // Goes on to the next sequence; false once all were made.
  [[nodiscard]] auto next() -> bool {
    CHECK(at_ == made_.size());
    while (!made_.empty() && made_.back().taken + 1 == made_.back().options) made_.pop_back();
    if (made_.empty()) return false;
    ++made_.back().taken;
    changed_ = made_.size() - 1;
    at_ = spent_ = 0;
    return true;
  }
  [[nodiscard]] auto text() const -> std::string {
    std::string numbers;
    for (const Choice& choice : made_) numbers += std::to_string(choice.taken) + ' ';
    return numbers;
  }

 private:
  struct Choice {
    std::size_t taken, options;
  };
  std::size_t deviations_max_;
  std::vector<Choice> made_;
  std::size_t at_ = 0, spent_ = 0, changed_ = 0;
};

using Violation = std::optional<std::string>;

struct Explored {
  std::uint64_t cases = 0;
  Violation violation;  // of the last case, with its choices
};

// `run(choices)` gives the violation that it finds.
template <class Case>
[[nodiscard]] auto explore(Case&& run, std::size_t deviations_max = SIZE_MAX) -> Explored {
  Choices choices{deviations_max};
  Explored explored;
  do {
    ++explored.cases;
    explored.violation = run(choices);
    if (explored.violation) *explored.violation += "; choices: " + choices.text();
  } while (!explored.violation && choices.next());
  return explored;
}

}  // namespace holdfast::consensus
