#include "cli/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <numeric>

namespace holdfast::cli {
namespace {

struct Unit {
  std::string_view name;
  std::chrono::milliseconds length;
};
constexpr auto kUnits = std::to_array<Unit>({{"ms", std::chrono::milliseconds{1}},
                                             {"s", std::chrono::seconds{1}},
                                             {"", std::chrono::seconds{1}},
                                             {"m", std::chrono::minutes{1}},
                                             {"h", std::chrono::hours{1}},
                                             {"d", std::chrono::hours{24}}});

// Levenshtein distance, one row at a time.
auto distance(std::string_view a, std::string_view b) -> std::size_t {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

auto parse_duration(std::string_view text) -> std::optional<std::chrono::milliseconds> {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  const auto* found = std::ranges::find(kUnits, unit, &Unit::name);
  if (found == kUnits.end()) return std::nullopt;
  const std::chrono::milliseconds duration = number * found->length;
  if (duration > kDurationMax) return std::nullopt;
  return duration;
}

auto duration_text(std::chrono::milliseconds duration) -> std::string {
  const auto seconds = (duration.count() + 500) / 1000;
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7200) return std::to_string((seconds + 30) / 60) + " min";
  return std::to_string((seconds + 1800) / 3600) + " h";
}

auto split_list(std::string_view text) -> std::vector<std::string> {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

auto parse_table(std::string_view text)
    -> std::optional<std::vector<std::pair<std::string, std::string>>> {
  constexpr std::size_t kNameBytesMax = 64;
  std::vector<std::pair<std::string, std::string>> rows;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals + 1 == line.size()) return std::nullopt;
    const std::string name{line.substr(0, equals)};
    const bool good = std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_';
    });
    if (name.empty() || name.size() > kNameBytesMax || !good) return std::nullopt;
    if (std::ranges::contains(rows, name, &std::pair<std::string, std::string>::first)) {
      return std::nullopt;
    }
    rows.emplace_back(name, line.substr(equals + 1));
  }
  return rows;
}

auto nearest(std::string_view word, std::span<const std::string_view> known) -> std::string_view {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    if (const std::size_t apart = distance(word, candidate); apart < best_distance) {
      best = candidate;
      best_distance = apart;
    }
  }
  return best;
}

auto moment_text(std::uint64_t unix_ms) -> std::string {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  std::array<char, 32> text{};
  if (::localtime_r(&seconds, &parts) == nullptr) return "?";
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &parts)};
}

auto parse_bytes(std::string_view text) -> std::optional<std::uint64_t> {
  struct Size {
    std::string_view name;
    std::uint64_t bytes;
  };
  constexpr auto kSizes = std::to_array<Size>({{"", 1},
                                               {"B", 1},
                                               {"kB", 1000},
                                               {"MB", 1'000'000},
                                               {"GB", 1'000'000'000},
                                               {"KiB", std::uint64_t{1} << 10},
                                               {"MiB", std::uint64_t{1} << 20},
                                               {"GiB", std::uint64_t{1} << 30}});
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  const auto* found = std::ranges::find(kSizes, unit, &Size::name);
  if (found == kSizes.end()) return std::nullopt;
  return number * found->bytes;  // below 2^62
}

auto bytes_text(std::uint64_t bytes) -> std::string {
  std::array<char, 32> text{};
  const double amount = static_cast<double>(bytes);
  if (bytes < 1000) return std::to_string(bytes) + " B";
  if (bytes < 1'000'000) {
    std::snprintf(text.data(), text.size(), "%.1f kB", amount / 1e3);
  } else {
    std::snprintf(text.data(), text.size(), "%.1f MB", amount / 1e6);
  }
  return text.data();
}

}  // namespace holdfast::cli
