#include "cli/secret_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "cli/pinentry.h"
#include "crypto/equal.h"
#include "store/file_io.h"

namespace holdfast::cli {
using base::SecretBytes, base::SecretMemory;

namespace {

// The terminal without echo and without line editing by the kernel, whose buffers nobody wipes.
// Signals are off too: an interrupt must not leave the terminal mute.
class MuteTerminal {
 public:
  MuteTerminal() : file_{::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)} {
    if (!file_.is_open() || ::tcgetattr(file_.number(), &before_) != 0) return;
    termios mute = before_;
    mute.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    mute.c_cc[VMIN] = 1;
    mute.c_cc[VTIME] = 0;
    usable_ = ::tcsetattr(file_.number(), TCSAFLUSH, &mute) == 0;
  }
  ~MuteTerminal() {
    if (usable_) ::tcsetattr(file_.number(), TCSAFLUSH, &before_);
  }
  MuteTerminal(const MuteTerminal&) = delete;
  auto operator=(const MuteTerminal&) -> MuteTerminal& = delete;

  [[nodiscard]] auto usable() const -> bool { return usable_; }
  void say(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = ::write(file_.number(), text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  [[nodiscard]] auto next_byte() const -> std::optional<std::uint8_t> {
    std::uint8_t byte = 0;
    ssize_t got = 0;
    do {
      got = ::read(file_.number(), &byte, 1);
    } while (got < 0 && errno == EINTR);
    if (got != 1) return std::nullopt;
    return byte;
  }

 private:
  store::FileDescriptor file_;
  termios before_{};
  bool usable_ = false;
};

constexpr std::uint8_t kInterrupt = 3, kEndOfFile = 4, kBackspace = 8, kKillLine = 21, kQuit = 28,
                       kDelete = 127;

void erase_last_character(SecretBytes::Buffer& line) {
  while (!line.empty()) {
    const bool continuation = (line.back() & 0xC0U) == 0x80U;  // of a UTF-8 sequence
    line.back() = 0;
    line.pop_back();
    if (!continuation) return;
  }
}

enum class LineEnd : std::uint8_t { entered, cancelled, too_long };

auto read_line(const MuteTerminal& terminal, SecretBytes::Buffer& line) -> LineEnd {
  for (;;) {
    const auto byte = terminal.next_byte();
    if (!byte || *byte == kInterrupt || *byte == kQuit) return LineEnd::cancelled;
    if (*byte == '\n' || *byte == '\r') return LineEnd::entered;
    if (*byte == kEndOfFile) return line.empty() ? LineEnd::cancelled : LineEnd::entered;
    if (*byte == kBackspace || *byte == kDelete) {
      erase_last_character(line);
    } else if (*byte == kKillLine) {
      while (!line.empty()) erase_last_character(line);
    } else {
      if (line.size() >= kSecretInputBytesMax) return LineEnd::too_long;
      line.push_back(*byte);
    }
  }
}

auto too_long(std::size_t bytes_max) -> std::unexpected<Problem> {
  return usage("the input is longer than " + std::to_string(bytes_max) + " bytes",
               "give a smaller one, or in parts");
}

// What a file still holds; nothing is known of a pipe.
auto bytes_left_in_file(int descriptor) -> std::size_t {
  struct stat info{};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) return 0;
  const off_t at = ::lseek(descriptor, 0, SEEK_CUR);
  return at < 0 || at > info.st_size ? 0 : static_cast<std::size_t>(info.st_size - at);
}

auto is_terminal_wanted_but_absent(std::string_view instead) -> std::unexpected<Problem> {
  return usage("there is no terminal to ask on", "use " + std::string{instead});
}

}  // namespace

auto read_descriptor(int descriptor, std::size_t bytes_max, SecretMemory& memory)
    -> Outcome<SecretBytes> {
  try {
    SecretBytes text{memory};
    SecretBytes::Buffer& buffer = text.buffer();
    const std::size_t expected = bytes_left_in_file(descriptor);
    if (expected > bytes_max) return too_long(bytes_max);  // before anything of it is read
    buffer.resize(std::max<std::size_t>(4096, expected + 1));
    std::size_t filled = 0;
    for (;;) {
      if (filled == buffer.size()) buffer.resize(2 * filled);
      const ssize_t got = ::read(descriptor, buffer.data() + filled, buffer.size() - filled);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) {
        const std::string name = std::to_string(descriptor);
        return usage("descriptor " + name + " cannot be read: " + std::strerror(errno),
                     "open it for the program, for example: " + name + "<FILE");
      }
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
      if (filled > bytes_max) return too_long(bytes_max);
    }
    buffer.resize(filled);
    return text;
  } catch (const std::bad_alloc&) {
    return std::unexpected{problem_of(base::Error::secret_memory_exhausted)};
  }
}

auto read_whole_file(const std::string& path, std::size_t bytes_max, SecretMemory& memory)
    -> Outcome<SecretBytes> {
  // not store::read_secret_file: a pipe such as <(command) or /dev/stdin is welcome here
  const store::FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file.is_open()) {
    return usage("cannot read " + path + ": " + std::strerror(errno), "check the path");
  }
  auto text = read_descriptor(file.number(), bytes_max, memory);
  if (!text) text.error().text = path + ": " + text.error().text;
  return text;
}

auto read_reference(std::string_view flag, const std::string& reference, std::size_t bytes_max,
                    SecretMemory& memory) -> Outcome<SecretBytes> {
  if (reference == "-") return read_descriptor(STDIN_FILENO, bytes_max, memory);
  if (reference.size() > 1 && reference.front() == '@') {
    return read_whole_file(reference.substr(1), bytes_max, memory);
  }
  return usage(
      std::string{flag} + " takes no text, since other programs can see arguments",
      "use " + std::string{flag} + " - for standard input, or " + std::string{flag} + " @FILE");
}

void drop_final_line_break(SecretBytes& text) {
  SecretBytes::Buffer& bytes = text.buffer();
  if (!bytes.empty() && bytes.back() == '\n') bytes.pop_back();
  if (!bytes.empty() && bytes.back() == '\r') bytes.pop_back();
}

auto Prompter::secret(std::string_view question, std::string_view instead) const
    -> Outcome<SecretBytes> {
  if (no_input_) {
    return usage("a " + std::string{question} + " is needed, and --no-input forbids asking",
                 "use " + std::string{instead});
  }
  const api::Environment environment = api::process_environment();
  if (const auto pinentry = chosen_pinentry(environment)) {
    return ask_pinentry(*pinentry, question, environment, memory_);
  }
  const MuteTerminal terminal;
  if (!terminal.usable()) {
    const auto pinentry = found_pinentry(environment);
    if (!pinentry) return is_terminal_wanted_but_absent(instead);
    return ask_pinentry(*pinentry, question, environment, memory_);
  }
  SecretBytes line{memory_};
  line.buffer().reserve(256);
  terminal.say(std::string{question} + ": ");
  const LineEnd end = read_line(terminal, line.buffer());
  terminal.say("\r\n");
  if (end == LineEnd::cancelled) return usage("cancelled; nothing was changed");
  if (end == LineEnd::too_long) {
    return usage("the text is longer than " + std::to_string(kSecretInputBytesMax) + " bytes");
  }
  return line;
}

auto Prompter::secret_twice(std::string_view question, std::string_view instead) const
    -> Outcome<SecretBytes> {
  TRY(first, secret(question, instead));
  TRY(second, secret(std::string{question} + " again", instead));
  const bool same = first.expose([&](base::ByteView a) {
    return second.expose([&](base::ByteView b) { return crypto::equal(a, b); });
  });
  if (!same) return usage("the two entries differ; nothing was changed", "try again");
  return first;
}

auto Prompter::from(const SecretSource& source, std::string_view question, std::string_view instead,
                    bool twice) const -> Outcome<SecretBytes> {
  if (source.descriptor && source.file) {
    return usage("two sources for one " + std::string{question},
                 "give only one of " + std::string{instead});
  }
  if (!source.given()) return twice ? secret_twice(question, instead) : secret(question, instead);
  auto text = source.descriptor ? read_descriptor(*source.descriptor, kSecretInputBytesMax, memory_)
                                : read_whole_file(*source.file, kSecretInputBytesMax, memory_);
  if (text) drop_final_line_break(*text);
  return text;
}

auto Prompter::confirm_name(std::string_view question, std::string_view name) const
    -> Outcome<bool> {
  if (no_input_) {
    return usage("a confirmation is needed, and --no-input forbids asking", "add --yes");
  }
  const store::FileDescriptor file{::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)};
  if (!file.is_open()) return is_terminal_wanted_but_absent("--yes");
  const std::string text = std::string{question} + " Type its name: ";
  if (::write(file.number(), text.data(), text.size()) < 0) return false;
  std::array<char, 256> answer{};
  const ssize_t got = ::read(file.number(), answer.data(), answer.size());
  if (got <= 0) return false;
  std::string_view typed{answer.data(), static_cast<std::size_t>(got)};
  while (typed.ends_with('\n') || typed.ends_with('\r')) typed.remove_suffix(1);
  return typed == name;
}

auto Prompter::confirm(std::string_view question) const -> Outcome<bool> {
  if (no_input_) {
    return usage("a confirmation is needed, and --no-input forbids asking", "add --yes");
  }
  const store::FileDescriptor file{::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)};
  if (!file.is_open()) return is_terminal_wanted_but_absent("--yes");
  const std::string text = std::string{question} + " [y/N] ";
  if (::write(file.number(), text.data(), text.size()) < 0) return false;
  std::array<char, 16> answer{};
  const ssize_t got = ::read(file.number(), answer.data(), answer.size());
  if (got <= 0) return false;
  return answer.front() == 'y' || answer.front() == 'Y';
}

}  // namespace holdfast::cli
