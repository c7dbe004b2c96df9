#include "formats/csv.h"

#include "formats/secret_text.h"

namespace holdfast::formats {

using base::Detailed, base::Error, base::fail;

auto CsvReader::cell(std::size_t column) const -> std::string_view {
  const std::size_t begin = column == 0 ? 0 : ends_.at(column - 1);
  return {cells_.data() + begin, ends_.at(column) - begin};
}

auto CsvReader::next_row() -> Detailed<bool> {
  const auto failed = [&](Error error) { return fail(error, "line " + std::to_string(row_line_)); };
  cells_.clear();
  ends_.clear();
  while (end_of_line()) {
  }
  if (text_.empty()) return false;
  row_line_ = line_;
  while (true) {
    const bool good = text_.starts_with('"') ? quoted_cell() : plain_cell();
    if (!good) return failed(Error::bad_csv);
    if (ends_.size() == kCsvColumnsMax) return failed(Error::capacity_exceeded);
    ends_.push_back(cells_.size());
    if (text_.empty() || end_of_line()) break;
    if (!text_.starts_with(',')) return failed(Error::bad_csv);  // text after a closing quote
    text_.remove_prefix(1);
  }
  if (!columns_) columns_ = size();
  if (size() != *columns_) return failed(Error::csv_columns);
  return true;
}

auto CsvReader::end_of_line() -> bool {
  const std::size_t bytes = text_.starts_with("\r\n") ? 2 : text_.starts_with('\n') ? 1 : 0;
  text_.remove_prefix(bytes);
  if (bytes > 0) ++line_;
  return bytes > 0;
}

auto CsvReader::plain_cell() -> bool {
  std::size_t size = 0;
  while (true) {
    size = std::min(text_.find_first_of(",\n\"\r", size), text_.size());
    if (size == text_.size() || text_[size] != '\r' || text_.substr(size).starts_with("\r\n"))
      break;
    ++size;  // a carriage return alone is an ordinary character
  }
  if (size < text_.size() && text_[size] == '"') return false;
  cells_.insert(cells_.end(), text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(size));
  text_.remove_prefix(size);
  return true;
}

auto CsvReader::quoted_cell() -> bool {
  do {
    text_.remove_prefix(1);  // the opening mark, or the second of a doubled one
    const std::size_t close = text_.find('"');
    if (close == std::string_view::npos) return false;
    const std::string_view part = text_.substr(0, close);
    line_ += static_cast<std::size_t>(std::ranges::count(part, '\n'));
    cells_.insert(cells_.end(), part.begin(), part.end());
    text_.remove_prefix(close + 1);
    if (text_.starts_with('"')) cells_.push_back('"');
  } while (text_.starts_with('"'));
  return true;
}

void csv_cell(base::SecretBytes::Buffer& out, std::string_view text, Quoting quoting) {
  const bool edge_space = text.starts_with(' ') || text.ends_with(' ');
  if (quoting == Quoting::where_needed && !edge_space &&
      text.find_first_of(",\"\r\n") == std::string_view::npos)
    return append_text(out, text);
  out.push_back('"');
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t mark = std::min(text.find('"', from), text.size());
    append_text(out, text.substr(from, mark - from));
    if (mark < text.size()) append_text(out, "\"\"");
    from = mark + 1;
  }
  out.push_back('"');
}

}  // namespace holdfast::formats
