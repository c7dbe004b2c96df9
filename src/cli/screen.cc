#include "cli/screen.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "cli/yaml.h"

namespace holdfast::cli {
namespace {

auto byte_at(std::string_view text, std::size_t i) -> unsigned {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
}

// Bytes of a C1 control or of a character that changes the direction of writing; else 0.
auto hidden_sequence(std::string_view text, std::size_t i) -> std::size_t {
  const unsigned first = byte_at(text, i);
  const unsigned second = byte_at(text, i + 1);
  const unsigned third = byte_at(text, i + 2);
  if (first == 0xC2 && second >= 0x80 && second <= 0x9F) return 2;  // U+0080 to U+009F
  if (first != 0xE2) return 0;
  const bool marks = second == 0x80 && (third == 0x8E || third == 0x8F);    // U+200E, U+200F
  const bool overrides = second == 0x80 && third >= 0xA8 && third <= 0xAE;  // U+2028 to U+202E
  const bool isolates = second == 0x81 && third >= 0xA6 && third <= 0xA9;   // U+2066 to U+2069
  return marks || overrides || isolates ? 3 : 0;
}

void write_all(int descriptor, std::string_view text, int* failed) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      if (failed != nullptr) *failed = errno;
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void say(std::string_view text) { write_all(STDERR_FILENO, text, nullptr); }

}  // namespace

auto width_of(std::string_view text) -> std::size_t {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void append_visible(base::SecretBytes::Buffer& to, std::string_view text, bool keep_lines) {
  const bool plain = std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7F && byte != 0xC2 && byte != 0xE2;
  });
  if (plain) {  // nearly always
    to.insert(to.end(), text.begin(), text.end());
    return;
  }
  for (std::size_t i = 0; i < text.size();) {
    const unsigned byte = byte_at(text, i);
    if (const std::size_t hidden = hidden_sequence(text, i); hidden != 0) {
      to.push_back('?');
      i += hidden;
      continue;
    }
    const bool line = keep_lines && (byte == '\n' || byte == '\t');
    to.push_back(!line && (byte < 0x20 || byte == 0x7F) ? std::uint8_t{'?'}
                                                        : static_cast<std::uint8_t>(byte));
    ++i;
  }
}

Screen::Screen(base::SecretMemory& memory)
    : memory_{memory}, out_{&memory}, on_terminal_{::isatty(STDOUT_FILENO) == 1} {}

void Screen::configure(const Options& options) {
  options_ = options;
  const char* plain = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view{terminal} == "dumb";
  const bool wanted = on_terminal_ && !dumb && (plain == nullptr || *plain == '\0');
  coloured_ = options.colour == Colour::always || (options.colour == Colour::automatic && wanted);
}

void Screen::put(std::string_view text) {
  out_.insert(out_.end(), text.begin(), text.end());
  write_if_large();
}

void Screen::put_file(std::string_view bytes) {
  options_.style = Style::raw;
  put(bytes);
}

void Screen::put_visible(std::string_view text) {
  append_visible(out_, text, true);
  write_if_large();
}

void Screen::heading(std::string_view text) {
  if (coloured_) put("\x1b[1m");
  put(text);
  if (coloured_) put("\x1b[0m");
}

void Screen::row(std::string_view name, std::string_view value, std::size_t width) {
  base::SecretBytes::Buffer visible{&memory_};
  append_visible(visible, name);
  const std::string_view shown = base::text_of(visible);
  if (options_.style == Style::raw) {
    put(shown);
    put("\t");
  } else {
    heading(shown);
    put(std::string(std::max(width, width_of(shown)) + 2 - width_of(shown), ' '));
  }
  base::SecretBytes::Buffer text{&memory_};
  append_visible(text, value);
  put(base::text_of(text));
  put("\n");
}

void Screen::write_out() {
  if (failed_ == 0) {
    write_all(STDOUT_FILENO, base::text_of(out_), &failed_);
  }
  if (!out_.empty()) ::explicit_bzero(out_.data(), out_.size());
  out_.clear();
}

void Screen::write_if_large() {
  if (out_.size() >= kScreenBufferBytes && options_.style != Style::yaml) write_out();
}

auto Screen::flush() -> Outcome<void> {
  if (options_.style == Style::yaml && !out_.empty()) {
    const auto document = formats::JsonDocument::parse(out_, memory_);
    if (document) {  // else: a value alone, such as that of config get
      base::SecretBytes yaml = yaml_of(document->root(), memory_);
      std::swap(out_, yaml.buffer());
    }
  }
  write_out();
  if (failed_ == 0 || failed_ == EPIPE) return {};
  return problem(Exit::local, std::string{"standard output failed: "} + std::strerror(failed_));
}

void Screen::note(std::string_view line) const {
  if (!options_.quiet) say(std::string{line} + "\n");
}

void Screen::warn(std::string_view line) const {
  say("holdfast: warning: " + std::string{line} + "\n");
}

void Screen::report(const Problem& problem) const {
  std::string text = "holdfast: " + problem.text + "\n";
  const bool said_already = problem.text.find(problem.next_step) != std::string::npos;
  if (!said_already) text += "  next step: " + problem.next_step + "\n";
  base::SecretBytes::Buffer visible{&memory_};
  append_visible(visible, text, true);
  say(base::text_of(visible));
}

Table::Table(base::SecretMemory& memory, std::vector<std::string_view> head)
    : head_{std::move(head)}, text_{&memory} {}

void Table::cell(std::string_view text) {
  append_visible(text_, text);
  ends_.push_back(text_.size());
}

auto Table::at(std::size_t cell) const -> std::string_view {
  const std::size_t begin = cell == 0 ? 0 : ends_[cell - 1];
  return base::text_of(text_).substr(begin, ends_[cell] - begin);
}

void Table::print(Screen& screen) const {
  const std::size_t columns = head_.size();
  CHECK(ends_.size() % columns == 0);
  const bool raw = screen.style() == Style::raw;
  std::vector<std::size_t> widths(columns, 0);
  for (std::size_t i = 0; !raw && i < columns; ++i) widths[i] = width_of(head_[i]);
  for (std::size_t i = 0; !raw && i < ends_.size(); ++i) {
    widths[i % columns] = std::max(widths[i % columns], width_of(at(i)));
  }
  const auto pad = [&](std::size_t column, std::string_view text) {
    if (column + 1 == columns) return screen.put("\n");
    if (raw) return screen.put("\t");
    screen.put(std::string(widths[column] - width_of(text) + 2, ' '));
  };
  for (std::size_t i = 0; !raw && i < columns; ++i) {
    screen.heading(head_[i]);
    pad(i, head_[i]);
  }
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    screen.put(at(i));
    pad(i % columns, at(i));
  }
}

}  // namespace holdfast::cli
