// Import and export of a vault of 10,000 entries.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "formats/export.h"
#include "formats/import.h"
#include "formats/secret_text.h"
#include "formats/synthetic.h"

namespace holdfast::formats {
namespace {

constexpr std::size_t kEntries = 10'000;
constexpr model::TimeMs kNow{1'700'000'000'000};

auto memory() -> base::SecretMemory& {
  static const auto made =
      base::SecretMemory::create({.bytes_max = std::size_t{1} << 30, .lock = base::Lock::none});
  return **made;
}

auto parsed_file(Format format, std::string_view file) -> Imported {
  auto parsed = parse_import(format, base::view_of(file), kNow, memory());
  if (!parsed) std::abort();
  return std::move(*parsed);
}

auto file_in(Format format) -> base::SecretBytes {
  auto file = synthetic_bitwarden_json(kEntries, 1, memory());
  if (!file) std::abort();
  if (format == Format::bitwarden_json) return std::move(*file);
  const Imported imported = parsed_file(Format::bitwarden_json, peek(*file));
  std::vector<ExportEntry> entries(imported.entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].secret = &imported.entries[i].secret;
  auto out = write_export(format, entries, memory());
  if (!out) std::abort();
  return std::move(*out);
}

void import_10000(benchmark::State& state) {
  const Format format = kFormats[state.range(0)];
  const base::SecretBytes file = file_in(format);
  for (auto _ : state) benchmark::DoNotOptimize(parsed_file(format, peek(file)));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(file.size()));
  state.SetLabel(std::string{format_name(format)});
}
BENCHMARK(import_10000)->DenseRange(0, 3)->Unit(benchmark::kMillisecond);

void export_10000(benchmark::State& state) {
  const Format format = kFormats[state.range(0)];
  const base::SecretBytes file = file_in(Format::bitwarden_json);
  const Imported imported = parsed_file(Format::bitwarden_json, peek(file));
  std::vector<ExportEntry> entries(imported.entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].secret = &imported.entries[i].secret;
  for (auto _ : state) benchmark::DoNotOptimize(write_export(format, entries, memory()));
  state.SetLabel(std::string{format_name(format)});
}
BENCHMARK(export_10000)->DenseRange(0, 3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace holdfast::formats

BENCHMARK_MAIN();
