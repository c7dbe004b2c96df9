// agenda.h: virtual time: what happens next. Events at one moment run in the order in which they
// were planned. Invariant: time never goes back. Limits: none. Threads: one.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "base/check.h"

namespace holdfast::sim {

using Instant = std::chrono::nanoseconds;  // since the run began
using std::chrono::milliseconds;
using std::chrono::seconds;

class Agenda {
 public:
  using Action = std::function<void()>;

  void at(Instant when, Action action) {
    events_.push_back({std::max(when, now_), planned_++, std::move(action)});
    std::push_heap(events_.begin(), events_.end());
  }
  void after(Instant delay, Action action) { at(now_ + delay, std::move(action)); }
  [[nodiscard]] auto now() const -> Instant { return now_; }

  // Runs what is due up to `until`, or until `stop` says so.
  void run(Instant until, const std::function<bool()>& stop) {
    while (!events_.empty() && events_.front().when <= until && !stop()) {
      std::pop_heap(events_.begin(), events_.end());
      const Event event = std::move(events_.back());
      events_.pop_back();
      CHECK(event.when >= now_);
      now_ = event.when;
      event.action();
    }
    if (!stop()) now_ = std::max(now_, until);
  }

 private:
  struct Event {
    Instant when;
    std::uint64_t number;
    Action action;
    auto operator<(const Event& other) const -> bool {  // the front of a heap is its greatest
      return std::tie(when, number) > std::tie(other.when, other.number);
    }
  };
  std::vector<Event> events_;  // a heap
  Instant now_{};
  std::uint64_t planned_ = 0;
};

}  // namespace holdfast::sim
