// csv.h: comma-separated values, strict: a quotation mark stands only around a cell or doubled
// inside one, every row has as many cells as the header. Lines end in CRLF or LF; cells may hold
// both. One row is held at a time, in wiped memory; empty lines are passed over. Limits:
// kCsvColumnsMax; the file's size is the caller's. Time: none. Threads: one. Errors, at "line 7"
// (where the row begins): bad_csv, csv_columns, capacity_exceeded; throws std::bad_alloc. Source:
// RFC 4180 §2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "formats/import.h"

namespace holdfast::formats {

inline constexpr std::size_t kCsvColumnsMax = 200;

class CsvReader {
 public:
  CsvReader(std::string_view text, base::SecretMemory& memory)
      : text_{text}, cells_{&memory}, ends_{&memory} {}

  [[nodiscard]] auto next_row() -> base::Detailed<bool>;  // false: no row is left
  [[nodiscard]] auto size() const -> std::size_t { return ends_.size(); }
  [[nodiscard]] auto cell(std::size_t column) const -> std::string_view;  // until the next row
  [[nodiscard]] auto line() const -> std::size_t { return row_line_; }    // of the row's beginning

 private:
  auto quoted_cell() -> bool;
  auto plain_cell() -> bool;
  auto end_of_line() -> bool;

  std::string_view text_;         // what is left
  std::pmr::vector<char> cells_;  // the row's cells one after the other
  std::pmr::vector<std::size_t> ends_;
  std::size_t line_ = 1;
  std::size_t row_line_ = 0;
  std::optional<std::size_t> columns_;  // set by the first row
};

enum class Quoting : std::uint8_t { where_needed, always };
void csv_cell(base::SecretBytes::Buffer& out, std::string_view text, Quoting quoting);

[[nodiscard]] auto same_header(std::string_view a, std::string_view b) -> bool;  // in either case
// By the names in the header line.
[[nodiscard]] auto guess_csv(std::string_view text) -> std::optional<Format>;

}  // namespace holdfast::formats
