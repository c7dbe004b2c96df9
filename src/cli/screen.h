// screen.h: what a command prints. Data goes to standard output through one wiped buffer, written
// when it grows and at the end; everything else goes to standard error.
// Invariant: text from a vault reaches a terminal only without control characters.
// What is asked for as YAML is made as JSON and turned into YAML by flush().
// Limits: kScreenBufferBytes before it writes (YAML: the whole answer). Time: none. Threads: one.
// Errors: Problem when standard output fails; a reader that went away is not one. Source:
// docs/design/interfaces.md §2, Output.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "cli/problem.h"

namespace holdfast::cli {

inline constexpr std::size_t kScreenBufferBytes = 64 << 10;

enum class Style : std::uint8_t { table, json, yaml, raw };
enum class Colour : std::uint8_t { automatic, always, never };

class Screen {
 public:
  struct Options {
    Style style = Style::table;
    Colour colour = Colour::automatic;
    bool quiet = false;
  };
  explicit Screen(base::SecretMemory& memory);
  void configure(const Options& options);

  [[nodiscard]] auto style() const -> Style { return options_.style; }
  // The answer is to be put as JSON, whether that or YAML is what the user will see.
  [[nodiscard]] auto json() const -> bool {
    return options_.style == Style::json || options_.style == Style::yaml;
  }
  [[nodiscard]] auto on_terminal() const -> bool { return on_terminal_; }
  [[nodiscard]] auto memory() const -> base::SecretMemory& { return memory_; }

  void put(std::string_view text);          // exactly these bytes
  void put_file(std::string_view bytes);    // the same, whatever style answers have
  void put_visible(std::string_view text);  // control characters replaced
  void heading(std::string_view text);      // bold where there is colour
  // "name   value", and with a tab between them in raw style. One line; names of one width align.
  void row(std::string_view name, std::string_view value, std::size_t width = 12);
  [[nodiscard]] auto flush() -> Outcome<void>;

  void note(std::string_view line) const;  // for people; not with --quiet
  void warn(std::string_view line) const;
  void report(const Problem& problem) const;

 private:
  void write_out();
  void write_if_large();

  base::SecretMemory& memory_;
  base::SecretBytes::Buffer out_;
  Options options_;
  bool on_terminal_;
  bool coloured_ = false;
  int failed_ = 0;  // errno of standard output
};

// Columns as wide as their widest cell; the last one is not padded. Cells are made visible.
class Table {
 public:
  Table(base::SecretMemory& memory, std::vector<std::string_view> head);
  void cell(std::string_view text);
  void print(Screen& screen) const;  // raw style: separated by tabs, without a head

 private:
  [[nodiscard]] auto at(std::size_t cell) const -> std::string_view;
  std::vector<std::string_view> head_;
  base::SecretBytes::Buffer text_;
  std::vector<std::size_t> ends_;  // of the cells, in text_
};

// Code points, which are columns for most scripts.
[[nodiscard]] auto width_of(std::string_view text) -> std::size_t;
// Appends the text with every control and direction-changing character replaced by '?'.
void append_visible(base::SecretBytes::Buffer& to, std::string_view text, bool keep_lines = false);

}  // namespace holdfast::cli
