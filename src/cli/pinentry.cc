#include "cli/pinentry.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "cli/child_process.h"

namespace holdfast::cli {
namespace {

using base::SecretBytes;

constexpr std::uint32_t kCancelled = 99;  // GPG_ERR_CANCELED, the low 16 bits of an ERR
constexpr std::chrono::seconds kEndTimeout{5};

// The conversation, one line at a time.
class Assuan {
 public:
  Assuan(Child& child, base::SecretMemory& memory)
      : child_{child}, line_{&memory}, read_{&memory} {}

  [[nodiscard]] auto say(const std::string& line) const -> bool {
    return child_.write(base::view_of(line + "\n"));
  }
  // The next line without its end; false: the program has closed its side or talks too much.
  [[nodiscard]] auto hear() -> bool {
    line_.clear();
    for (;;) {
      for (; next_ < read_.size(); ++next_) {
        if (read_[next_] == '\n') {
          ++next_;
          return true;
        }
        if (line_.size() == kAssuanLineBytesMax) return false;
        line_.push_back(read_[next_]);
      }
      read_.assign(1024, 0);
      ssize_t got = 0;
      do {
        got = ::read(child_.output(), read_.data(), read_.size());
      } while (got < 0 && errno == EINTR);
      if (got <= 0) return false;
      read_.resize(static_cast<std::size_t>(got));
      next_ = 0;
    }
  }
  [[nodiscard]] auto line() const -> std::string_view { return base::text_of(line_); }

 private:
  Child& child_;
  SecretBytes::Buffer line_, read_;
  std::size_t next_ = 0;
};

auto hex_digit(char c) -> std::optional<unsigned> {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  return std::nullopt;
}

void decode_data(std::string_view text, SecretBytes::Buffer& to) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto high = i + 2 < text.size() && text[i] == '%' ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
    if (low) {
      to.push_back(static_cast<std::uint8_t>(*high << 4U | *low));
      i += 2;
    } else {
      to.push_back(static_cast<std::uint8_t>(text[i]));
    }
  }
}

auto encoded(std::string_view text) -> std::string {
  std::string out;
  for (const char c : text) {
    if (c == '%') {
      out += "%25";
    } else if (c == '\n') {
      out += "%0A";
    } else {
      out += c;
    }
  }
  return out;
}

auto gone(const std::string& program) -> std::unexpected<Problem> {
  return usage(program + " does not answer as a pinentry does",
               "unset HOLDFAST_PINENTRY, or use --passphrase-fd N");
}

auto refusal(const std::string& program, std::string_view line) -> std::unexpected<Problem> {
  std::uint32_t code = 0;
  line.remove_prefix(std::min<std::size_t>(line.size(), 4));  // "ERR "
  std::from_chars(line.data(), line.data() + line.size(), code);
  if ((code & 0xFFFFU) == kCancelled) return usage("cancelled; nothing was changed");
  return usage(program + " cannot ask (error " + std::to_string(code) + ")",
               "set GPG_TTY=$(tty), or use --passphrase-fd N");
}

// Until OK or ERR; data goes into `data` if it is wanted.
auto answer(Assuan& assuan, const std::string& program, SecretBytes::Buffer* data)
    -> Outcome<void> {
  for (std::size_t i = 0; i < kPinentryLinesMax; ++i) {
    if (!assuan.hear()) return gone(program);
    const std::string_view line = assuan.line();
    if (line == "OK" || line.starts_with("OK ")) return {};
    if (line.starts_with("ERR ")) return refusal(program, line);
    if (line.starts_with("D ") && data != nullptr) decode_data(line.substr(2), *data);
  }
  return gone(program);
}

auto terminal_name(const api::Environment& environment) -> std::string {
  if (const auto named = environment("GPG_TTY"); named && !named->empty()) return *named;
  std::array<char, 128> name{};
  const bool known = ::ttyname_r(STDIN_FILENO, name.data(), name.size()) == 0 ||
                     ::ttyname_r(STDERR_FILENO, name.data(), name.size()) == 0;
  return known ? name.data() : "";
}

}  // namespace

auto chosen_pinentry(const api::Environment& environment) -> std::optional<std::string> {
  const auto named = environment("HOLDFAST_PINENTRY");
  if (!named || named->empty()) return std::nullopt;
  return find_program(*named, environment).value_or(*named);
}

auto found_pinentry(const api::Environment& environment) -> std::optional<std::string> {
  for (const char* name : {"GPG_TTY", "DISPLAY", "WAYLAND_DISPLAY"}) {
    const auto value = environment(name);
    if (value && !value->empty()) return find_program("pinentry", environment);
  }
  return std::nullopt;
}

auto ask_pinentry(const std::string& program, std::string_view question,
                  const api::Environment& environment, base::SecretMemory& memory)
    -> Outcome<SecretBytes> {
  TRY(child, Child::start({program}, {.output = Output::piped}));
  Assuan assuan{child, memory};
  TRY_DO(answer(assuan, program, nullptr));  // the greeting
  std::vector<std::string> options;
  if (const std::string terminal = terminal_name(environment); !terminal.empty()) {
    options.push_back("OPTION ttyname=" + terminal);
    options.push_back("OPTION ttytype=" + environment("TERM").value_or("dumb"));
  }
  options.emplace_back("SETTITLE Holdfast");
  for (const std::string& line : options) {  // an old pinentry may not know one of them
    if (!assuan.say(line)) return gone(program);
    (void)answer(assuan, program, nullptr);
  }
  for (const std::string& line :
       {"SETDESC " + encoded("Holdfast asks for the " + std::string{question} + "."),
        "SETPROMPT " + encoded(question) + ":"}) {
    if (!assuan.say(line)) return gone(program);
    TRY_DO(answer(assuan, program, nullptr));
  }
  if (!assuan.say("GETPIN")) return gone(program);
  SecretBytes typed{memory};
  typed.buffer().reserve(256);
  TRY_DO(answer(assuan, program, &typed.buffer()));
  (void)assuan.say("BYE");
  child.close_input();
  (void)child.wait(kEndTimeout);
  return typed;
}

}  // namespace holdfast::cli
