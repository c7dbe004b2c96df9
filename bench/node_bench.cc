// What a vault costs as a library: reads, searches, durable writes, import, unlock, and the state
// tree through the store at 1,000,000 leaves. Every figure of docs/performance.md that is not of a
// whole process comes from here.
#include <benchmark/benchmark.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "crypto/sparse_tree.h"
#include "formats/synthetic.h"
#include "node/distributed_vault.h"
#include "store/rocks_store.h"
#include "store/system.h"
#include "support/temp_folder.h"

namespace holdfast::node {
namespace {

struct Workbench {
  store::SystemClock clock;
  store::SystemEntropy entropy;
  std::unique_ptr<base::SecretMemory> keys =
      base::SecretMemory::create({.bytes_max = 64 << 20, .lock = base::Lock::attempted}).value();
  std::unique_ptr<base::SecretMemory> plaintext =
      base::SecretMemory::create({.bytes_max = std::size_t{4} << 30, .lock = base::Lock::none})
          .value();
  test::TempFolder temp;
  std::unique_ptr<DistributedVault> vault;
  std::vector<SecretId> ids;

  auto ports() -> Ports { return {clock, entropy, *keys, *plaintext}; }
  auto passphrase() -> base::SecretBytes {
    return base::SecretBytes::copy_of(*keys, std::string_view{"benchmark"}).value();
  }
  void create() {
    vault = DistributedVault::create(temp.path() / "vault",
                                     {.device_name = "bench", .kdf = crypto::kArgon2Floor},
                                     passphrase(), ports())
                .value();
  }
  auto import(std::uint64_t entries) -> ImportReport {
    auto file = formats::synthetic_bitwarden_json(entries, 1, *plaintext).value();
    auto parsed = file.expose([&](auto bytes) {
      return formats::parse_import(formats::Format::bitwarden_json, bytes, model::TimeMs{1},
                                   *plaintext);
    });
    auto report = vault->import(std::move(parsed).value(), {}).value();
    ids.clear();
    auto items = vault->list({}).value();
    for (const SummaryRef& item : items) ids.push_back(item->id);
    return report;
  }
};

auto bench() -> Workbench& {  // 10,000 secrets, made once
  static Workbench* made = [] {
    auto* w = new Workbench;
    w->create();
    w->import(10'000);
    return w;
  }();
  return *made;
}

void library_read(benchmark::State& state) {
  Workbench& w = bench();
  std::size_t i = static_cast<std::size_t>(state.thread_index()) * 4999;
  for (auto _ : state) {
    auto entry = w.vault->get(w.ids[i++ * 7919 % w.ids.size()]);
    if (!entry) state.SkipWithError("read failed");
    benchmark::DoNotOptimize(entry);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(library_read)->Threads(1)->Threads(2)->UseRealTime();

void find_by_label(benchmark::State& state) {
  Workbench& w = bench();
  const auto label = w.vault->list({})->at(4000)->label.expose_text(
      [](std::string_view text) { return std::string{text}; });
  for (auto _ : state) benchmark::DoNotOptimize(w.vault->find(label));
}
BENCHMARK(find_by_label);

void list_all(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(bench().vault->list({}));
}
BENCHMARK(list_all)->Unit(benchmark::kMillisecond);

void search_label(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(bench().vault->search("bank", {}));
}
BENCHMARK(search_label)->Unit(benchmark::kMillisecond);

// Of all threads together; the library's own rate is that of one.
void count_all(benchmark::State& state, std::chrono::steady_clock::time_point start) {
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  const auto items = static_cast<double>(state.iterations() * state.threads());
  if (state.thread_index() == 0) state.counters["all_per_second"] = items / elapsed.count();
}

// An entry of the usual size, about 230 bytes encoded; no two are the same.
auto entry_of(int writer, std::uint64_t number, base::SecretMemory& memory) -> model::Secret {
  const std::string name = std::to_string(writer) + "/" + std::to_string(number);
  const auto text = [&](const std::string& from) {
    return base::SecretBytes::copy_of(memory, std::string_view{from}).value();
  };
  model::Secret secret{memory};
  secret.label = text("entry " + name);
  secret.username = text("ann." + name + "@example.com");
  secret.password = text("correct horse battery staple " + name);
  secret.urls.push_back(text("https://example.com/login/" + name));
  secret.notes = text("The answer to the first question is not the name of a pet. " + name);
  return secret;
}

void durable_add(benchmark::State& state) {
  static Workbench* w = nullptr;
  if (state.thread_index() == 0) {
    w = new Workbench;
    w->create();
  }
  std::uint64_t number = 0;
  std::chrono::steady_clock::time_point start;
  for (auto _ : state) {
    if (number == 0) start = std::chrono::steady_clock::now();
    auto secret = entry_of(state.thread_index(), number++, *w->plaintext);
    if (!w->vault->add(std::move(secret), std::nullopt)) state.SkipWithError("write failed");
  }
  count_all(state, start);
  if (state.thread_index() != 0) return;
  state.counters["adds_per_commit"] =
      static_cast<double>(state.iterations() * state.threads()) /
      static_cast<double>(std::to_underlying(w->vault->status().height));
  delete w;
}
BENCHMARK(durable_add)->Threads(1)->Threads(32)->UseRealTime();

void unlock_index(benchmark::State& state) {  // with the cheapest passphrase key: 64 MiB, 3 passes
  Workbench& w = bench();
  for (auto _ : state) {
    w.vault->lock();
    if (!w.vault->unlock(w.passphrase())) state.SkipWithError("unlock failed");
  }
}
BENCHMARK(unlock_index)->Unit(benchmark::kMillisecond);

void import_entries(benchmark::State& state) {
  const auto entries = static_cast<std::uint64_t>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    Workbench w;
    w.create();
    state.ResumeTiming();
    if (w.import(entries).added != entries) state.SkipWithError("import failed");
    state.PauseTiming();
    w.vault.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(import_entries)->Arg(10'000)->Unit(benchmark::kMillisecond)->Iterations(3)->UseRealTime();

void verify_all(benchmark::State& state) {
  for (auto _ : state) {
    auto report = bench().vault->verify({});
    if (!report || report->first_bad) state.SkipWithError("verify failed");
  }
}
BENCHMARK(verify_all)->Unit(benchmark::kMillisecond);

// One million leaves in a RocksDB store; batches of 100 changed leaves, buffered as in one commit.
void tree_through_store(benchmark::State& state) {
  using crypto::BucketIndex;
  using ports::Column;
  static test::TempFolder* temp = new test::TempFolder;
  static auto store =
      store::RocksStore::open(temp->path() / "tree", {.mode = store::OpenMode::create_if_missing})
          .value();
  static crypto::SparseTree tree;
  const auto key_of = [](BucketIndex bucket) {
    const auto n = std::to_underlying(bucket);
    return base::Bytes{std::uint8_t(n >> 8), std::uint8_t(n)};
  };
  const auto read = [&](BucketIndex bucket) -> base::Result<base::Bytes> {
    TRY(found, store->get(Column::state_tree, key_of(bucket)));
    return std::move(found).value_or(base::Bytes{});
  };
  const auto write = [&](const std::vector<crypto::BucketWrite>& buckets, ports::Durability how) {
    ports::Batch batch;
    for (const auto& b : buckets) batch.put(Column::state_tree, key_of(b.bucket), b.encoded);
    CHECK(store->write(batch, how).has_value());
  };
  const auto leaf = [](std::uint64_t i) {
    const std::uint8_t bytes[] = {std::uint8_t(i), std::uint8_t(i >> 8), std::uint8_t(i >> 16),
                                  std::uint8_t(i >> 24)};
    return crypto::sha256(base::ByteView{bytes});
  };
  static bool filled = false;
  if (!filled) {
    std::vector<crypto::LeafChange> all;
    for (std::uint64_t i = 0; i < 1'000'000; ++i) all.push_back({leaf(i), leaf(i + 1)});
    write(tree.update(all, read).value(), ports::Durability::synced);
    filled = true;
  }
  std::uint64_t i = 0;
  std::vector<crypto::LeafChange> changes;
  for (auto _ : state) {
    changes.clear();
    for (int k = 0; k < 100; ++k) changes.push_back({leaf(i * 7919 % 1'000'000), leaf(i)}), ++i;
    write(tree.update(changes, read).value(), ports::Durability::buffered);
  }
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(tree_through_store)->UseRealTime();

}  // namespace
}  // namespace holdfast::node

BENCHMARK_MAIN();
