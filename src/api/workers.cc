#include "api/workers.h"

#include "base/secret.h"

namespace holdfast::api {

Workers::Workers(std::size_t threads, std::size_t slow_max) : slow_max_{slow_max} {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

Workers::~Workers() {
  {
    const std::scoped_lock guard{mutex_};
    ending_ = true;
  }
  changed_.notify_all();
  threads_.clear();  // joins
}

void Workers::post(std::move_only_function<void()> job, bool slow) {
  {
    const std::scoped_lock guard{mutex_};
    (slow ? slow_ : quick_).push_back(std::move(job));
  }
  changed_.notify_one();
}

void Workers::work() {
  std::unique_lock guard{mutex_};
  for (;;) {
    const auto may_run_slow = [&] { return !slow_.empty() && slow_running_ < slow_max_; };
    changed_.wait(guard,
                  [&] { return !quick_.empty() || may_run_slow() || (ending_ && slow_.empty()); });
    const bool slow = quick_.empty() && may_run_slow();
    if (quick_.empty() && !slow) return;  // ending
    auto& queue = slow ? slow_ : quick_;
    auto job = std::move(queue.front());
    queue.pop_front();
    if (slow) ++slow_running_;
    guard.unlock();
    job();
    job = nullptr;  // what it holds is wiped outside the lock
    base::wipe_unused_stack();
    guard.lock();
    if (slow) {
      --slow_running_;
      changed_.notify_all();
    }
  }
}

}  // namespace holdfast::api
