// losses.h: internal to the exporters: what a format cannot hold, counted into lines for people.
// Limits, time: none. Threads: one. Errors: none.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/writers.h"

namespace holdfast::formats {

class Losses {
 public:
  using Test = std::function<bool(const ExportEntry&)>;
  explicit Losses(const ExportEntries& entries) : entries_{entries} {}
  // "1 entry loses its tags", "2 entries lose their tags".
  void lose(std::string_view what, const Test& test) {
    add(test, " loses its ", " lose their ", what);
  }
  // `one` and `many` complete "1 entry" and "2 entries".
  void change(std::string_view one, std::string_view many, const Test& test) {
    add(test, " " + std::string{one}, " " + std::string{many}, "");
  }
  [[nodiscard]] auto take() -> std::vector<std::string> { return std::move(lines_); }

 private:
  void add(const Test& test, const std::string& one, const std::string& many,
           std::string_view what) {
    const auto hit = std::ranges::count_if(entries_, test);
    if (hit == 0) return;
    lines_.push_back((hit == 1 ? "1 entry" + one : std::to_string(hit) + " entries" + many) +
                     std::string{what});
  }
  const ExportEntries& entries_;
  std::vector<std::string> lines_;
};

[[nodiscard]] inline auto any_field(const model::Secret& secret,
                                    const std::function<bool(const model::Field&)>& test) -> bool {
  return std::ranges::any_of(secret.fields, test);
}

[[nodiscard]] auto keepass_losses(const ExportEntries& entries) -> std::vector<std::string>;
[[nodiscard]] auto manager_csv_losses(Format format, const ExportEntries& entries)
    -> std::vector<std::string>;

}  // namespace holdfast::formats
