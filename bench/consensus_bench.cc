// The core alone: n cores in one thread hand each other their blocks; signatures and disks cost
// nothing, hashes do. One iteration is one round of all of them.
#include <benchmark/benchmark.h>

#include "consensus/cores.h"

namespace {

using namespace holdfast::consensus;

// Transactions a second through all cores together: range(0) cores, range(1) transactions a core
// and round.
void core_order(benchmark::State& state) {
  Cores cores{static_cast<std::size_t>(state.range(0))};
  const auto each = static_cast<std::size_t>(state.range(1));
  for (int i = 0; i < 10; ++i) cores.round(each);
  const std::uint64_t before = cores.sequenced();
  for (auto _ : state) cores.round(each);
  const auto ordered = static_cast<double>(cores.sequenced() - before);
  state.SetItemsProcessed(static_cast<std::int64_t>(ordered));
  // What a transaction costs one core, in time: the work of all, shared by the transactions.
  state.counters["a_transaction_and_core"] =
      benchmark::Counter(ordered * static_cast<double>(cores.count()),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["blocks_held"] = static_cast<double>(cores.core(0).held().blocks);
}
BENCHMARK(core_order)
    ->Args({4, 500})
    ->Args({10, 200})
    ->Args({31, 64})
    ->Args({100, 20})
    ->Args({4, 1})
    ->Unit(benchmark::kMillisecond);

}  // namespace
BENCHMARK_MAIN();
