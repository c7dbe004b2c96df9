// workers.h: a few threads that run jobs in the order they came, slow ones on some of them only.
// Invariant: at most slow_max slow jobs run at once, so a quick job never waits for all of them.
// Limits: the caller bounds the jobs (one a connection). Time: none. Threads: any may post.
// Errors: none; jobs do not throw.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace holdfast::api {

class Workers {
 public:
  Workers(std::size_t threads, std::size_t slow_max);
  ~Workers();  // runs what was posted, then ends
  Workers(const Workers&) = delete;
  auto operator=(const Workers&) -> Workers& = delete;

  void post(std::move_only_function<void()> job, bool slow);

 private:
  void work();

  const std::size_t slow_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::move_only_function<void()>> quick_, slow_;
  std::size_t slow_running_ = 0;
  bool ending_ = false;
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

}  // namespace holdfast::api
