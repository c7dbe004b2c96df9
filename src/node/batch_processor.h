// batch_processor.h: operations of many threads, processed in batches, each with its own result.
// Whoever waits for a result first processes the batch for all: no thread of its own, and a lone
// writer waits for nobody. A batch is taken when it is full (batch_size), when everybody who was
// busy lately has come back, or after `gather` at the latest, so that concurrent writers share one
// commit. Invariant: operations are processed in the order they came; each gets exactly
// one result, also when the processor throws.
// Limits: Options. Time: `gather`, by the system's condition variable. Threads: any may submit;
// a Handle has one owner. Errors: busy (the queue is full); secret_memory_exhausted for operations
// whose processor threw. Source: docs/design/vault.md §7, Batching.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/result.h"

namespace holdfast::node {

struct BatchOptions {
  std::size_t batch_size = 256;
  std::chrono::microseconds gather{2000};
  std::size_t queue_max = 10'000;
};

struct BatchCounters {
  std::uint64_t batches = 0, operations = 0;
  std::uint64_t full = 0;       // taken because they were full
  std::uint64_t gathered = 0;   // taken when all who were busy had come
  std::uint64_t timed_out = 0;  // taken after `gather`
};

// Operation has a member `result`, an optional of its result; processing sets it.
template <class Operation>
class BatchProcessor {
  struct Queued {
    Operation operation;
    bool done = false;  // under the mutex: only then may whoever waits look at the result
  };

 public:
  using Result = typename decltype(Operation::result)::value_type;
  using Process = std::function<void(std::span<Operation* const>)>;

  BatchProcessor(const BatchOptions& options, Process process)
      : options_{options}, process_{std::move(process)} {
    CHECK(options.batch_size > 0);
  }
  BatchProcessor(const BatchProcessor&) = delete;
  auto operator=(const BatchProcessor&) -> BatchProcessor& = delete;

  // The result to come of one operation. Waiting may process a batch on this thread; a handle that
  // is dropped waits, too.
  class Handle {
   public:
    Handle(Handle&&) noexcept = default;
    auto operator=(Handle&&) -> Handle& = delete;
    ~Handle() {
      if (queued_ != nullptr) owner_->wait_for(*queued_);
    }
    [[nodiscard]] auto wait() -> Result {
      CHECK(queued_ != nullptr);  // once
      owner_->wait_for(*queued_);
      const std::unique_ptr<Queued> done = std::move(queued_);
      return *std::move(done->operation.result);
    }

   private:
    friend class BatchProcessor;
    Handle(BatchProcessor& owner, std::unique_ptr<Queued> queued)
        : owner_{&owner}, queued_{std::move(queued)} {}
    BatchProcessor* owner_;
    std::unique_ptr<Queued> queued_;
  };

  [[nodiscard]] auto submit(Operation operation) -> base::Detailed<Handle> {
    auto queued = std::make_unique<Queued>(std::move(operation));
    {
      const std::scoped_lock lock{mutex_};
      if (queue_.size() >= options_.queue_max) return base::fail(base::Error::busy);
      queue_.push_back(queued.get());
    }
    arrived_.notify_one();
    return Handle{*this, std::move(queued)};
  }

  [[nodiscard]] auto counters() const -> BatchCounters {
    const std::scoped_lock lock{mutex_};
    return counters_;
  }

 private:
  void wait_for(const Queued& queued) {
    std::unique_lock lock{mutex_};
    while (!queued.done) {
      if (leading_) {
        done_.wait(lock);
        continue;
      }
      leading_ = true;
      gather(lock);
      const std::vector<Queued*> batch = take();
      lock.unlock();
      run(batch);
      lock.lock();
      for (Queued* each : batch) each->done = true;  // from here on its owner may free it
      // Who was busy: the writers of this batch, who may come again, and those who queued
      // meanwhile.
      busy_ = batch.size() + queue_.size();
      leading_ = false;
      done_.notify_all();
    }
  }

  void gather(std::unique_lock<std::mutex>& lock) {
    const std::size_t wanted = std::min(busy_, options_.batch_size);
    const auto come = [&] { return queue_.size() >= wanted; };
    const bool in_time = arrived_.wait_for(lock, options_.gather, come);
    if (queue_.size() >= options_.batch_size) {
      ++counters_.full;
    } else {
      ++(in_time ? counters_.gathered : counters_.timed_out);
    }
  }

  auto take() -> std::vector<Queued*> {
    const std::size_t count = std::min(queue_.size(), options_.batch_size);
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<Queued*> batch(queue_.begin(), end);
    queue_.erase(queue_.begin(), end);
    ++counters_.batches;
    counters_.operations += count;
    return batch;
  }

  void run(const std::vector<Queued*>& queued) {
    std::vector<Operation*> batch;
    batch.reserve(queued.size());
    for (Queued* each : queued) batch.push_back(&each->operation);
    try {
      process_(batch);
    } catch (const std::bad_alloc&) {  // protected memory ran out; who has no result yet is told
      for (Operation* operation : batch) {
        if (!operation->result) {
          operation->result = base::fail(base::Error::secret_memory_exhausted, "");
        }
      }
    }
    for (const Operation* operation : batch) CHECK(operation->result.has_value());
  }

  const BatchOptions options_;
  const Process process_;
  mutable std::mutex mutex_;  // of all below, and of `done` of what is queued
  std::condition_variable arrived_, done_;
  std::deque<Queued*> queue_;  // at most queue_max
  std::size_t busy_ = 1;       // who wrote lately, as far as is known
  bool leading_ = false;       // a thread processes for all who wait
  BatchCounters counters_;
};

}  // namespace holdfast::node
