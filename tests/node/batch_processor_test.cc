#include "node/batch_processor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace holdfast::node {
namespace {

using base::Error;

struct Doubling {
  int number = 0;
  std::optional<base::Detailed<int>> result{};
};
using Processor = BatchProcessor<Doubling>;

void double_all(std::span<Doubling* const> batch, const Processor::Next& /*next*/) {
  for (Doubling* one : batch) one->result = 2 * one->number;
}

TEST(BatchProcessor, GivesEachOperationItsOwnResult) {
  Processor processor{{}, double_all};
  auto first = processor.submit({.number = 1});
  auto second = processor.submit({.number = 21});
  EXPECT_EQ(second->wait(), 42);
  EXPECT_EQ(first->wait(), 2);
}

TEST(BatchProcessor, ALoneWriterWaitsForNobody) {
  Processor processor{{.gather = std::chrono::hours{1}}, double_all};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(processor.submit({.number = i})->wait(), 2 * i);
  EXPECT_EQ(processor.counters().batches, 3U);
  EXPECT_EQ(processor.counters().gathered, 3U);
}

TEST(BatchProcessor, WhatWasSubmittedTogetherIsOneBatch) {
  Processor processor{{}, double_all};
  std::vector<Processor::Handle> handles;
  for (int i = 0; i < 10; ++i) handles.push_back(*processor.submit({.number = i}));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(handles[static_cast<std::size_t>(i)].wait(), 2 * i);
  EXPECT_EQ(processor.counters().batches, 1U);
  EXPECT_EQ(processor.counters().operations, 10U);
}

TEST(BatchProcessor, ABatchIsTakenWhenItIsFull) {
  std::vector<std::size_t> sizes;
  Processor processor{{.batch_size = 4},
                      [&](std::span<Doubling* const> batch, const Processor::Next& next) {
                        sizes.push_back(batch.size());
                        double_all(batch, next);
                      }};
  std::vector<Processor::Handle> handles;
  for (int i = 0; i < 10; ++i) handles.push_back(*processor.submit({.number = i}));
  for (auto& handle : handles) EXPECT_TRUE(handle.wait());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{4, 4, 2}));
  EXPECT_EQ(processor.counters().full, 2U);
}

TEST(BatchProcessor, ABatchIsTakenWhenItsTimeIsOver) {
  Processor processor{{.gather = std::chrono::milliseconds{1}}, double_all};
  std::vector<Processor::Handle> handles;
  for (int i = 0; i < 3; ++i) handles.push_back(*processor.submit({.number = i}));
  for (auto& handle : handles) EXPECT_TRUE(handle.wait());
  // Three were busy; now one comes alone, and the others never do.
  EXPECT_EQ(processor.submit({.number = 5})->wait(), 10);
  EXPECT_EQ(processor.counters().timed_out, 1U);
}

// Whoever comes to wait while its batch is processed must not take the result, and free what the
// leader still reads, before the batch is done.
TEST(BatchProcessor, AResultIsGivenOutOnlyOnceItsWholeBatchIsDone) {
  std::promise<void> results_are_set;
  std::atomic<bool> taken = false;
  bool taken_too_early = false;
  Processor processor{{}, [&](std::span<Doubling* const> batch, const Processor::Next& next) {
                        double_all(batch, next);
                        results_are_set.set_value();
                        const auto patience =
                            std::chrono::steady_clock::now() + std::chrono::milliseconds{100};
                        while (!taken && std::chrono::steady_clock::now() < patience)
                          std::this_thread::yield();
                        taken_too_early = taken;
                      }};
  auto late = processor.submit({.number = 21});
  auto leading = processor.submit({.number = 1});
  std::jthread waiter{[&] {
    results_are_set.get_future().wait();
    EXPECT_EQ(late->wait(), 42);
    taken = true;
  }};
  EXPECT_EQ(leading->wait(), 2);
  waiter.join();
  EXPECT_FALSE(taken_too_early);
}

TEST(BatchProcessor, WritersWhoComeBackShareTheirBatches) {
  constexpr int kWriters = 8, kRounds = 50;
  Processor processor{{.gather = std::chrono::seconds{5}}, double_all};
  std::atomic<int> wrong = 0;
  {
    std::barrier together{kWriters};
    std::vector<std::jthread> writers;  // joined before the barrier goes
    for (int w = 0; w < kWriters; ++w) {
      writers.emplace_back([&, w] {
        for (int round = 0; round < kRounds; ++round) {
          auto handle = processor.submit({.number = w});
          together.arrive_and_wait();  // all of this round are queued
          if (handle->wait() != 2 * w) ++wrong;
          together.arrive_and_wait();
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(processor.counters().operations, std::uint64_t{kWriters} * kRounds);
  EXPECT_EQ(processor.counters().batches, std::uint64_t{kRounds});
}

TEST(BatchProcessor, AFullQueueIsBusyAndTakesMoreOnceItIsProcessed) {
  Processor processor{{.queue_max = 2}, double_all};
  auto first = processor.submit({.number = 1});
  auto second = processor.submit({.number = 2});
  EXPECT_EQ(processor.submit({.number = 3}).error().code, Error::busy);
  EXPECT_EQ(first->wait(), 2);
  EXPECT_EQ(second->wait(), 4);
  EXPECT_EQ(processor.submit({.number = 3})->wait(), 6);
}

TEST(BatchProcessor, ADroppedHandleIsStillProcessed) {
  int processed = 0;
  Processor processor{{}, [&](std::span<Doubling* const> batch, const Processor::Next& next) {
                        processed += static_cast<int>(batch.size());
                        double_all(batch, next);
                      }};
  {
    const auto dropped = processor.submit({.number = 1});
  }
  EXPECT_EQ(processed, 1);
}

TEST(BatchProcessor, WhenMemoryRunsOutWhoeverHasNoResultIsTold) {
  Processor processor{{}, [](std::span<Doubling* const> batch, const Processor::Next& /*next*/) {
                        batch.front()->result = 7;
                        throw std::bad_alloc{};
                      }};
  auto first = processor.submit({.number = 1});
  auto second = processor.submit({.number = 2});
  EXPECT_EQ(first->wait(), 7);
  EXPECT_EQ(second->wait().error().code, Error::secret_memory_exhausted);
}

TEST(BatchProcessor, TheNextBatchIsBegunWhileTheOneBeforeIsUnderWay) {
  std::promise<void> second_is_begun;
  auto begun = second_is_begun.get_future();
  Processor processor{{}, [&](std::span<Doubling* const> batch, const Processor::Next& next) {
                        if (batch.front()->number == 1) {
                          next();
                          EXPECT_EQ(begun.wait_for(std::chrono::seconds{10}),
                                    std::future_status::ready);
                        } else {
                          second_is_begun.set_value();
                        }
                        double_all(batch, next);
                      }};
  auto first = processor.submit({.number = 1});
  std::jthread leader{[&] { EXPECT_EQ(first->wait(), 2); }};
  while (processor.counters().batches == 0) std::this_thread::yield();  // the first is taken
  // The second's leader may have to wait for the first to hand over, never for its end.
  Processor::Handle second = *processor.submit({.number = 21});
  EXPECT_EQ(second.wait(), 42);
}

TEST(BatchProcessor, ManyWhoAreBusyMakeTwoBatches) {
  std::vector<std::size_t> sizes;
  Processor processor{{.gather = std::chrono::milliseconds{1}, .halve_from = 8},
                      [&](std::span<Doubling* const> batch, const Processor::Next& next) {
                        sizes.push_back(batch.size());
                        double_all(batch, next);
                      }};
  for (const int writers : {7, 7, 8, 8}) {
    std::vector<Processor::Handle> handles;
    for (int i = 0; i < writers; ++i) handles.push_back(*processor.submit({.number = i}));
    for (auto& handle : handles) EXPECT_TRUE(handle.wait());
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{7, 7, 8, 4, 4}));
}

TEST(BatchProcessor, OneBatchAtATimeIsBegunAndEachOperationProcessedOnce) {
  constexpr int kWriters = 16, kRounds = 200;
  std::atomic<int> beginning = 0, processed = 0, wrong = 0;
  std::mutex finishing;
  Processor processor{{.gather = std::chrono::microseconds{100}, .halve_from = 8},
                      [&](std::span<Doubling* const> batch, const Processor::Next& next) {
                        if (++beginning != 1) ++wrong;
                        std::unique_lock lock{finishing};
                        --beginning;
                        next();
                        processed += static_cast<int>(batch.size());
                        double_all(batch, next);
                      }};
  {
    std::vector<std::jthread> writers;
    for (int w = 0; w < kWriters; ++w) {
      writers.emplace_back([&, w] {
        for (int round = 0; round < kRounds; ++round) {
          if (processor.submit({.number = w})->wait() != 2 * w) ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(processed, kWriters * kRounds);
}

TEST(BatchProcessor, MemoryThatRunsOutOnceTheNextIsBegunHarmsNoOther) {
  Processor processor{{}, [](std::span<Doubling* const> batch, const Processor::Next& next) {
                        next();
                        if (batch.front()->number == 1) throw std::bad_alloc{};
                        double_all(batch, next);
                      }};
  EXPECT_EQ(processor.submit({.number = 1})->wait().error().code, Error::secret_memory_exhausted);
  EXPECT_EQ(processor.submit({.number = 21})->wait(), 42);
}

}  // namespace
}  // namespace holdfast::node
