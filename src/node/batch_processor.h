// batch_processor.h: operations of many threads, processed in batches, each with its own result.
// Whoever waits for a result first processes the batch for all: no thread of its own, and a lone
// writer waits for nobody. A batch is taken when it is full (batch_size), when everybody who was
// busy lately has come back, or after `gather` at the latest, so that concurrent writers share one
// commit. The processor may call `next` once what follows needs nothing of its batch any more: the
// next batch is then begun beside it, of half of those who are busy if they are `halve_from`.
// Invariant: batches are begun in the order their operations came, at most one between its begin
// and its call of `next`; each operation gets exactly one result, also when the processor throws.
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
  std::size_t halve_from = SIZE_MAX;  // so many busy writers make two batches in turn
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
    // Under the mutex; only once it is done may whoever waits look at the result.
    bool waited_for = false, taken = false, done = false;
    std::condition_variable woken{};
  };
  using QueuedRef = std::shared_ptr<Queued>;  // its owner's, and that of whoever processes it

 public:
  using Result = typename decltype(Operation::result)::value_type;
  using Next = std::function<void()>;
  using Process = std::function<void(std::span<Operation* const>, const Next&)>;

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
      const QueuedRef done = std::move(queued_);
      return *std::move(done->operation.result);
    }

   private:
    friend class BatchProcessor;
    Handle(BatchProcessor& owner, QueuedRef queued) : owner_{&owner}, queued_{std::move(queued)} {}
    BatchProcessor* owner_;
    QueuedRef queued_;
  };

  [[nodiscard]] auto submit(Operation operation) -> base::Detailed<Handle> {
    auto queued = std::make_shared<Queued>(std::move(operation));
    bool enough = false;
    {
      const std::scoped_lock lock{mutex_};
      if (queue_.size() >= options_.queue_max) return base::fail(base::Error::busy);
      queue_.push_back(queued);
      enough = queue_.size() == wanted_;
    }
    if (enough) arrived_.notify_one();
    return Handle{*this, std::move(queued)};
  }

  [[nodiscard]] auto counters() const -> BatchCounters {
    const std::scoped_lock lock{mutex_};
    return counters_;
  }

 private:
  void wait_for(Queued& queued) {
    std::unique_lock lock{mutex_};
    queued.waited_for = true;
    const auto may_lead = [&] { return !leading_ && !queued.taken; };
    while (!queued.done) {
      if (may_lead()) {
        lead(lock);
      } else {
        queued.woken.wait(lock, [&] { return queued.done || may_lead(); });
      }
    }
  }

  void lead(std::unique_lock<std::mutex>& lock) {
    leading_ = true;
    gather(lock);
    const std::vector<QueuedRef> batch = take();
    lock.unlock();
    bool leads = true;
    run(batch, [&] {
      CHECK(leads);  // once
      leads = false;
      const std::scoped_lock handing_over{mutex_};
      stop_leading();
    });
    lock.lock();
    for (const QueuedRef& each : batch) each->done = true;
    in_work_ -= batch.size();
    // Who was busy: the writers of this batch, who may come again, and all the others.
    busy_ = batch.size() + queue_.size() + in_work_;
    if (leads) stop_leading();
    lock.unlock();
    arrived_.notify_one();  // whoever leads now may wait for the end of this batch
    for (const QueuedRef& each : batch) each->woken.notify_one();
    lock.lock();
  }

  // Of those who sleep one is enough to lead on; who comes to wait later sees for itself.
  void stop_leading() {
    leading_ = false;
    const auto next = std::ranges::find_if(queue_, &Queued::waited_for);
    if (next != queue_.end()) (*next)->woken.notify_one();
  }

  // Whoever is in a batch under way cannot come before it is done, and until then nothing is lost
  // by waiting for them; after that `gather` is the limit.
  void gather(std::unique_lock<std::mutex>& lock) {
    wanted_ = std::min(halved() ? (busy_ + 1) / 2 : busy_, options_.batch_size);
    const auto come = [&] { return queue_.size() >= wanted_; };
    arrived_.wait(lock, [&] { return come() || in_work_ == 0; });
    const bool in_time = arrived_.wait_for(lock, options_.gather, come);
    if (queue_.size() >= options_.batch_size) {
      ++counters_.full;
    } else {
      ++(in_time ? counters_.gathered : counters_.timed_out);
    }
  }
  [[nodiscard]] auto halved() const -> bool { return busy_ >= options_.halve_from; }

  auto take() -> std::vector<QueuedRef> {
    const std::size_t most = halved() ? wanted_ : options_.batch_size;
    const std::size_t count = std::min(queue_.size(), most);
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<QueuedRef> batch(std::move_iterator{queue_.begin()}, std::move_iterator{end});
    queue_.erase(queue_.begin(), end);
    for (const QueuedRef& each : batch) each->taken = true;
    wanted_ = 0;
    in_work_ += count;
    ++counters_.batches;
    counters_.operations += count;
    return batch;
  }

  void run(const std::vector<QueuedRef>& queued, const Next& next) {
    std::vector<Operation*> batch;
    batch.reserve(queued.size());
    for (const QueuedRef& each : queued) batch.push_back(&each->operation);
    try {
      process_(batch, next);
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
  mutable std::mutex mutex_;         // of all below, and of `done` of what is queued
  std::condition_variable arrived_;  // whoever leads waits for operations, or for a batch's end
  std::deque<QueuedRef> queue_;      // at most queue_max
  std::size_t in_work_ = 0;          // taken and not done
  std::size_t busy_ = 1;             // who wrote lately, as far as is known
  std::size_t wanted_ = 0;           // what whoever leads waits for; 0: nobody does
  bool leading_ = false;             // a thread gathers or begins a batch for all who wait
  BatchCounters counters_;
};

}  // namespace holdfast::node
