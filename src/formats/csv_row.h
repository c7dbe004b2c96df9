// csv_row.h: internal to the CSV exporters: one row, cell by cell.
// Texts must be UTF-8: if one is not, ok() turns false and the output is worthless. Limits, time:
// none. Threads: one. Errors: throws std::bad_alloc.
#pragma once

#include <string_view>
#include <vector>

#include "base/text.h"
#include "formats/csv.h"
#include "formats/secret_text.h"
#include "model/secret.h"

namespace holdfast::formats {

class RowWriter {
 public:
  RowWriter(base::SecretBytes::Buffer& out, Quoting quoting) : out_{out}, quoting_{quoting} {}
  void cell(std::string_view text) {
    if (!first_) out_.push_back(',');
    first_ = false;
    ok_ = ok_ && base::is_utf8(base::view_of(text));
    csv_cell(out_, text, quoting_);
  }
  void end(std::string_view line_end = "\r\n") {
    append_text(out_, line_end);
    first_ = true;
  }
  [[nodiscard]] auto ok() const -> bool { return ok_; }

 private:
  base::SecretBytes::Buffer& out_;
  Quoting quoting_;
  bool first_ = true;
  bool ok_ = true;
};

[[nodiscard]] inline auto first_url(const model::Secret& secret) -> std::string_view {
  return secret.urls.empty() ? std::string_view{} : peek(secret.urls.front());
}

}  // namespace holdfast::formats
