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

auto made_with(std::uint64_t secrets) -> Workbench* {
  auto* w = new Workbench;
  w->create();
  w->import(secrets);
  return w;
}

auto bench() -> Workbench& {  // 10,000 secrets, made once
  static Workbench* made = made_with(10'000);
  return *made;
}

void read_one(benchmark::State& state) {
  Workbench& w = bench();
  std::size_t i = static_cast<std::size_t>(state.thread_index()) * 4999;
  for (auto _ : state) {
    auto entry = w.vault->get(w.ids[i++ * 7919 % w.ids.size()]);
    if (!entry) state.SkipWithError("read failed");
    benchmark::DoNotOptimize(entry);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(read_one)->Threads(1)->Threads(2)->UseRealTime();

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

void search_again(benchmark::State& state) {  // the answer is at hand
  for (auto _ : state) benchmark::DoNotOptimize(bench().vault->search("bank", {}));
}
BENCHMARK(search_again)->Unit(benchmark::kMicrosecond);

void search_anew(benchmark::State& state) {  // another text each time
  std::uint64_t number = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(bench().vault->search("bank" + std::to_string(number++), {}));
  }
}
BENCHMARK(search_anew)->Unit(benchmark::kMillisecond);

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
BENCHMARK(durable_add)->Threads(1)->Threads(32)->Threads(128)->UseRealTime();

// With the cheapest passphrase key (64 MiB, 3 passes); 0 secrets cost that key alone.
void unlock(benchmark::State& state) {
  const std::unique_ptr<Workbench> w{made_with(static_cast<std::uint64_t>(state.range(0)))};
  for (auto _ : state) {
    state.PauseTiming();
    w->vault->lock();
    state.ResumeTiming();
    if (!w->vault->unlock(w->passphrase())) state.SkipWithError("unlock failed");
  }
  state.counters["opened"] = static_cast<double>(w->vault->status().opened_for_index);
}
BENCHMARK(unlock)->Arg(0)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

// What it costs where the sealed index is missing or damaged: every secret is opened.
void unlock_rebuilding(benchmark::State& state) {
  const std::unique_ptr<Workbench> w{made_with(static_cast<std::uint64_t>(state.range(0)))};
  const auto folder = w->temp.path() / "vault";
  for (auto _ : state) {
    state.PauseTiming();
    w->vault.reset();
    {
      auto store = store::RocksStore::open(folder / "store").value();
      ports::Batch batch;
      CHECK(store
                ->scan(ports::Column::index, {}, {},
                       [&](base::ByteView key, base::ByteView) {
                         batch.erase(ports::Column::index, base::to_bytes(key));
                         return true;
                       })
                .has_value());
      CHECK(store->write(batch, ports::Durability::synced).has_value());
    }
    w->vault = DistributedVault::open(folder, w->ports()).value();
    state.ResumeTiming();
    if (!w->vault->unlock(w->passphrase())) state.SkipWithError("unlock failed");
  }
  state.counters["opened"] = static_cast<double>(w->vault->status().opened_for_index);
}
BENCHMARK(unlock_rebuilding)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

auto version_of(Workbench& w, std::string_view password) -> model::Secret {
  model::Secret secret{*w.plaintext};
  secret.label = base::SecretBytes::copy_of(*w.plaintext, std::string_view{"contested"}).value();
  secret.password = base::SecretBytes::copy_of(*w.plaintext, password).value();
  secret.notes = base::SecretBytes::copy_of(*w.plaintext, password).value();
  return secret;
}

// One secret with as many heads as there may be, each with another password and other notes; what
// is timed is the whole way of one reader, from the disk to the settled content.
struct Contest {
  Workbench w;
  SecretId id;

  explicit Contest(std::size_t heads) {
    w.create();
    use(model::Strategy::manual);
    const Receipt first = w.vault->add(version_of(w, "first"), std::nullopt).value();
    id = first.secret;
    for (std::size_t i = 0; i < heads; ++i) {
      CHECK(
          w.vault
              ->update(id, version_of(w, "edit " + std::to_string(i)), {.made_from = first.version})
              .has_value());
    }
    CHECK(w.vault->get(id)->heads.size() == heads);
  }
  void use(model::Strategy strategy) {
    model::ConflictSettings settings{*w.plaintext};
    settings.strategy = strategy;
    CHECK(w.vault->set_conflict_settings(settings).has_value());
  }
};

// The longest and the 99th of a hundred, beside the mean.
void resolve_heads(benchmark::State& state) {
  Contest contest{static_cast<std::size_t>(state.range(0))};
  std::vector<double> times;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    if (!contest.w.vault->conflict(contest.id)) state.SkipWithError("not settled");
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
            .count());
  }
  std::ranges::sort(times);
  state.counters["p99_ms"] = times[times.size() * 99 / 100];
  state.counters["max_ms"] = times.back();
}
BENCHMARK(resolve_heads)->Arg(2)->Arg(16)->Unit(benchmark::kMillisecond)->Iterations(2000);

void read_contested(benchmark::State& state) {  // the settled view is at hand
  Contest contest{16};
  for (auto _ : state) benchmark::DoNotOptimize(contest.w.vault->get(contest.id));
  state.counters["merges"] = static_cast<double>(contest.w.vault->status().caches.views.misses);
}
BENCHMARK(read_contested)->Unit(benchmark::kMicrosecond);

// The user's word on 16 heads: settled, written as a merge version, synced.
void settle_and_write(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    auto contest = std::make_unique<Contest>(16);
    state.ResumeTiming();
    if (!contest->w.vault->resolve_conflict(contest->id, {})) state.SkipWithError("not settled");
    state.PauseTiming();
    contest.reset();
    state.ResumeTiming();
  }
}
BENCHMARK(settle_and_write)->Unit(benchmark::kMillisecond)->Iterations(10);

// Of what one device does all day: nine reads to one durable write, four threads.
void mixed_operations(benchmark::State& state) {
  Workbench& w = bench();
  std::size_t i = static_cast<std::size_t>(state.thread_index()) * 2499;
  std::vector<double> times;
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) {
    const auto began = std::chrono::steady_clock::now();
    const SecretId id = w.ids[i++ * 7919 % w.ids.size()];
    const bool done = i % 10 == 0 ? w.vault->update(id, version_of(w, "changed"), {}).has_value()
                                  : w.vault->get(id).has_value();
    if (!done) state.SkipWithError("an operation failed");
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began)
            .count());
  }
  count_all(state, start);
  if (state.thread_index() != 0) return;
  std::ranges::sort(times);
  state.counters["p99_ms"] = times[times.size() * 99 / 100];
}
BENCHMARK(mixed_operations)->Threads(4)->UseRealTime();

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
