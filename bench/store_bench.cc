// What durability costs: synced writes of 1 KiB at 1, 4 and 32 writers beside the same bytes
// plainly appended with fdatasync, the signer file, and random reads. Compare only within one run:
// disks differ, and so do hours.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <format>
#include <random>

#include "base/check.h"
#include "store/memory_store.h"
#include "store/rocks_store.h"
#include "store/signer_file.h"

namespace holdfast::store {
namespace {

using ports::Column;
using ports::Durability;

constexpr std::size_t kValueBytes = 1024;
constexpr std::uint64_t kRows = 100'000;

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "holdfast-bench-XXXXXX").string();
    CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  auto operator=(const Folder&) -> Folder& = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] auto operator/(const char* name) const -> Path { return path_ / name; }

 private:
  Path path_;
};

struct OpenStore {
  Folder folder;
  std::unique_ptr<RocksStore> store;
  OpenStore() {
    auto opened = RocksStore::open(folder / "store", {.mode = OpenMode::create_if_missing});
    CHECK(opened.has_value());
    store = *std::move(opened);
  }
};

auto random_value(std::uint64_t seed) -> Bytes {
  std::mt19937_64 random{seed};
  Bytes value(kValueBytes);
  for (std::uint8_t& byte : value) byte = static_cast<std::uint8_t>(random());
  return value;
}

auto key_of(std::uint64_t number) -> Bytes {
  return base::to_bytes(base::view_of(std::format("{:016x}", number * 0x9E3779B97F4A7C15U)));
}

auto shared_store(const benchmark::State& state) -> std::unique_ptr<OpenStore>& {
  static std::unique_ptr<OpenStore> open;
  if (state.thread_index() == 0) open = std::make_unique<OpenStore>();
  return open;
}

void write_rows(benchmark::State& state, Durability durability) {
  auto& open = shared_store(state);  // the loop below begins once all threads have come here
  const Bytes value = random_value(1);
  std::uint64_t number = static_cast<std::uint64_t>(state.thread_index()) << 32;
  std::chrono::steady_clock::time_point start;
  for (auto _ : state) {
    if (start == std::chrono::steady_clock::time_point{}) start = std::chrono::steady_clock::now();
    ports::Batch batch;
    batch.put(Column::versions, key_of(++number), value);
    CHECK(open->store->write(batch, durability).has_value());
  }
  if (state.thread_index() != 0) return;
  // Of all threads together; the library's own rate is that of one.
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  const auto writes = static_cast<double>(state.iterations() * state.threads());
  state.counters["writes_per_second"] = writes / elapsed.count();
  open.reset();  // all threads have left the loop
}

void synced_write(benchmark::State& state) { write_rows(state, Durability::synced); }
void buffered_write(benchmark::State& state) { write_rows(state, Durability::buffered); }

void plain_append_fdatasync(benchmark::State& state) {
  const Folder folder;
  auto file = open_file(folder / "log", O_WRONLY | O_CREAT, kPrivateFileMode);
  CHECK(file.has_value());
  const Bytes value = random_value(1);
  std::size_t offset = 0;
  for (auto _ : state) {
    CHECK(write_at(*file, value, offset).has_value());
    CHECK(::fdatasync(file->number()) == 0);
    offset += value.size();
  }
  state.SetItemsProcessed(state.iterations());
}

void signer_write(benchmark::State& state) {
  const Folder folder;
  const auto signer = SignerFile::create(folder / "signer", {});
  CHECK(signer.has_value());
  SignerState next;
  for (auto _ : state) {
    ++next.round;
    CHECK((*signer)->write(next).has_value());
  }
  state.SetItemsProcessed(state.iterations());
}

void fill(ports::KeyValueStore& store) {
  const Bytes value = random_value(2);
  for (std::uint64_t number = 0; number < kRows;) {
    ports::Batch batch;
    for (int i = 0; i < 1000; ++i) batch.put(Column::versions, key_of(number++), value);
    CHECK(store.write(batch, Durability::buffered).has_value());
  }
  CHECK(store.write({}, Durability::synced).has_value());
}

void read_rows(benchmark::State& state, const ports::KeyValueStore& store) {
  std::mt19937_64 random{3};
  for (auto _ : state) {
    const auto value = store.get(Column::versions, key_of(random() % kRows));
    CHECK(value.has_value());
    CHECK(value->has_value());
  }
  state.SetItemsProcessed(state.iterations());
}

void random_get(benchmark::State& state) {
  const OpenStore open;
  fill(*open.store);
  read_rows(state, *open.store);
}

void random_get_memory_store(benchmark::State& state) {
  MemoryStore store;
  fill(store);
  read_rows(state, store);
}

void full_scan(benchmark::State& state) {
  const OpenStore open;
  fill(*open.store);
  for (auto _ : state) {
    std::uint64_t bytes = 0;
    CHECK(open.store
              ->scan(Column::versions, {}, {},
                     [&](ByteView, ByteView value) { return (bytes += value.size()) > 0; })
              .has_value());
    CHECK(bytes == kRows * kValueBytes);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRows));
}

void open_and_close(benchmark::State& state) {
  const Folder folder;
  for (auto _ : state) {
    CHECK(RocksStore::open(folder / "store", {.mode = OpenMode::create_if_missing}).has_value());
  }
}

BENCHMARK(plain_append_fdatasync)->UseRealTime();
BENCHMARK(synced_write)->UseRealTime()->Threads(1)->Threads(4)->Threads(32);
BENCHMARK(signer_write)->UseRealTime();
BENCHMARK(buffered_write)->UseRealTime();
BENCHMARK(random_get)->UseRealTime();
BENCHMARK(random_get_memory_store)->UseRealTime();
BENCHMARK(full_scan)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(open_and_close)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace holdfast::store

BENCHMARK_MAIN();
