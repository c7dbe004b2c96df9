// batch_processor.h: operations of many threads, processed in batches, each with its own result.
// Whoever waits for a result first processes the batch for all: no thread of its own, and a lone
// writer waits for nobody. A batch is taken when it is full (batch_size), when everybody who was
// busy lately has come back, or after `gather` at the latest, so that concurrent writers share one
// commit. Who waits sleeps on a word of its own: it is woken once, without a lock that all of them
// want. Invariant: operations are processed in the order they came; each gets exactly one result,
// also when the processor throws; while somebody waits, somebody leads.
// Limits: Options. Time: `gather`, by the system's condition variable. Threads: any may submit;
// a Handle has one owner. Errors: busy (the queue is full); secret_memory_exhausted for operations
// whose processor threw. Source: docs/design/vault.md §7, Batching.
#pragma once

#include <algorithm>
#include <atomic>
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
 public:
  using Result = typename decltype(Operation::result)::value_type;
  using Process = std::function<void(std::span<Operation* const>)>;

  BatchProcessor(const BatchOptions& options, Process process)
      : options_{options}, process_{std::move(process)} {
    CHECK(options.batch_size > 0);
  }
  BatchProcessor(const BatchProcessor&) = delete;
  auto operator=(const BatchProcessor&) -> BatchProcessor& = delete;

 private:
  // What the one who waits for an operation sleeps on. Shared with the thread that processes it, as
  // that one wakes a waiter who may be gone by then.
  struct Turn {
    enum class Is : std::uint32_t { not_yet, lead, done };
    std::atomic<Is> is = Is::not_yet;
    bool waits = false;  // under mutex_
  };

 public:
  // The result to come of one operation. Waiting may process a batch on this thread; a handle that
  // is dropped waits, too.
  class Handle {
   public:
    Handle(Handle&&) noexcept = default;
    auto operator=(Handle&&) -> Handle& = delete;
    ~Handle() {
      if (operation_ != nullptr) owner_->wait_for(*turn_);
    }
    [[nodiscard]] auto wait() -> Result {
      CHECK(operation_ != nullptr);  // once
      owner_->wait_for(*turn_);
      const std::unique_ptr<Operation> done = std::move(operation_);
      return *std::move(done->result);
    }

   private:
    friend class BatchProcessor;
    Handle(BatchProcessor& owner, std::unique_ptr<Operation> operation, std::shared_ptr<Turn> turn)
        : owner_{&owner}, operation_{std::move(operation)}, turn_{std::move(turn)} {}
    BatchProcessor* owner_;
    std::unique_ptr<Operation> operation_;
    std::shared_ptr<Turn> turn_;
  };

  [[nodiscard]] auto submit(Operation operation) -> base::Detailed<Handle> {
    auto queued = std::make_unique<Operation>(std::move(operation));
    auto turn = std::make_shared<Turn>();
    bool complete = false;
    {
      const std::scoped_lock lock{mutex_};
      if (queue_.size() >= options_.queue_max) return base::fail(base::Error::busy);
      queue_.push_back({queued.get(), turn});
      complete = queue_.size() == wanted_;
    }
    if (complete) arrived_.notify_one();
    return Handle{*this, std::move(queued), std::move(turn)};
  }

  [[nodiscard]] auto counters() const -> BatchCounters {
    const std::scoped_lock lock{mutex_};
    return counters_;
  }

 private:
  struct Queued {
    Operation* operation;  // its handle's
    std::shared_ptr<Turn> turn;
  };

  void wait_for(Turn& turn) {
    std::unique_lock lock{mutex_};
    while (turn.is != Turn::Is::done) {
      if (leading_ && turn.is != Turn::Is::lead) {
        turn.waits = true;
        lock.unlock();
        turn.is.wait(Turn::Is::not_yet);
        if (turn.is == Turn::Is::done) return;
        lock.lock();
        continue;
      }
      leading_ = true;
      turn.is = Turn::Is::not_yet;
      gather(lock);
      const std::vector<Queued> batch = take();
      lock.unlock();
      run(batch);
      lock.lock();
      // Who was busy: the writers of this batch, who may come again, and those who queued
      // meanwhile.
      busy_ = batch.size() + queue_.size();
      pass_on();
      lock.unlock();
      for (const Queued& queued : batch) wake(*queued.turn, Turn::Is::done);
      lock.lock();
    }
  }

  static void wake(Turn& turn, Turn::Is is) {
    turn.is = is;
    turn.is.notify_one();
  }

  // The first who waits for what is still queued leads next; or else whoever comes to wait.
  void pass_on() {
    const auto next = std::ranges::find_if(queue_, [](const auto& q) { return q.turn->waits; });
    leading_ = next != queue_.end();
    if (leading_) wake(*next->turn, Turn::Is::lead);
  }

  void gather(std::unique_lock<std::mutex>& lock) {
    wanted_ = std::min(busy_, options_.batch_size);
    const auto come = [&] { return queue_.size() >= wanted_; };
    const bool in_time = arrived_.wait_for(lock, options_.gather, come);
    wanted_ = 0;
    if (queue_.size() >= options_.batch_size) {
      ++counters_.full;
    } else {
      ++(in_time ? counters_.gathered : counters_.timed_out);
    }
  }

  auto take() -> std::vector<Queued> {
    const std::size_t count = std::min(queue_.size(), options_.batch_size);
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<Queued> batch(std::move_iterator{queue_.begin()}, std::move_iterator{end});
    queue_.erase(queue_.begin(), end);
    ++counters_.batches;
    counters_.operations += count;
    return batch;
  }

  void run(std::span<const Queued> batch) {
    std::vector<Operation*> operations;
    operations.reserve(batch.size());
    for (const Queued& queued : batch) operations.push_back(queued.operation);
    try {
      process_(operations);
    } catch (const std::bad_alloc&) {  // protected memory ran out; who has no result yet is told
      for (Operation* operation : operations) {
        if (!operation->result) {
          operation->result = base::fail(base::Error::secret_memory_exhausted, "");
        }
      }
    }
    for (const Operation* operation : operations) CHECK(operation->result.has_value());
  }

  const BatchOptions options_;
  const Process process_;
  mutable std::mutex mutex_;         // of all below
  std::condition_variable arrived_;  // as many are queued as the gathering thread wants
  std::deque<Queued> queue_;         // at most queue_max
  std::size_t wanted_ = 0;           // 0: nobody gathers
  std::size_t busy_ = 1;             // who wrote lately, as far as is known
  bool leading_ = false;             // a thread processes for all who wait, or was told to
  BatchCounters counters_;
};

}  // namespace holdfast::node
