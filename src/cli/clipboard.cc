#include "cli/clipboard.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <limits>

#include "cli/child_process.h"
#include "cli/command.h"
#include "cli/text.h"
#include "crypto/equal.h"
#include "crypto/hash.h"
#include "formats/base_text.h"
#include "formats/json_writer.h"

namespace holdfast::cli {
namespace {

constexpr std::size_t kSaltBytes = 32;
constexpr std::size_t kHelpBytesMax = 64 << 10;
constexpr auto kBackendNames = std::to_array<std::string_view>({"wl-copy", "xclip", "osc52"});

auto backend_name(ClipboardBackend backend) -> std::string_view {
  return kBackendNames[std::to_underlying(backend)];
}

auto is_set(const api::Environment& environment, const char* name) -> bool {
  const auto value = environment(name);
  return value && !value->empty();
}

auto can_write_to_terminal(const api::Environment& environment) -> bool {
  const store::FileDescriptor terminal{::open("/dev/tty", O_WRONLY | O_NOCTTY | O_CLOEXEC)};
  return terminal.is_open() && environment("TERM").value_or("dumb") != "dumb";
}

// The first that fits the environment and is installed; "osc52" where there is only a terminal.
auto choose(const api::Environment& environment) -> std::string {
  if (is_set(environment, "WAYLAND_DISPLAY") && find_program("wl-copy", environment)) {
    return "wl-copy";
  }
  if (is_set(environment, "DISPLAY") && find_program("xclip", environment)) return "xclip";
  return can_write_to_terminal(environment) ? "osc52" : "";
}

// Newer releases of both have the option; older ones would refuse it.
auto offers(const Clipboard& clipboard, const std::string& help, std::string_view option,
            base::SecretMemory& memory) -> bool {
  const auto shown = run_child({clipboard.program, help}, {}, {.output = Output::piped_with_errors},
                               kHelpBytesMax, memory);
  return shown &&
         shown->output.expose_text([&](std::string_view text) { return text.contains(option); });
}

auto copy_command(const Clipboard& clipboard, base::SecretMemory& memory)
    -> std::vector<std::string> {
  if (clipboard.backend == ClipboardBackend::wl_copy) {
    std::vector<std::string> command{clipboard.program, "--type", "text/plain"};
    if (offers(clipboard, "--help", "--sensitive", memory)) command.emplace_back("--sensitive");
    return command;
  }
  std::vector<std::string> command{clipboard.program, "-selection", "clipboard", "-in"};
  if (offers(clipboard, "-help", "-sensitive", memory)) command.emplace_back("-sensitive");
  return command;
}

auto copy_through_terminal(base::ByteView text, base::SecretMemory& memory) -> Outcome<void> {
  const store::FileDescriptor terminal{::open("/dev/tty", O_WRONLY | O_NOCTTY | O_CLOEXEC)};
  if (!terminal.is_open()) return usage("there is no terminal to copy through");
  constexpr std::string_view kBegin = "\x1b]52;c;", kEnd = "\x07";
  base::SecretBytes::Buffer sequence{&memory};
  sequence.insert(sequence.end(), kBegin.begin(), kBegin.end());
  formats::base64_append(sequence, text);
  sequence.insert(sequence.end(), kEnd.begin(), kEnd.end());
  base::ByteView left{sequence};
  while (!left.empty()) {
    const ssize_t written = ::write(terminal.number(), left.data(), left.size());
    if (written <= 0) return usage("the terminal cannot be written to");
    left = left.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

// Starts the helper that clears later, and hands it salt and hash.
auto start_helper(const Clipboard& clipboard, base::ByteView text, Session& session)
    -> Outcome<void> {
  std::array<std::uint8_t, kSaltBytes> salt{};
  session.ports().entropy.fill(salt);
  const crypto::Digest hash = crypto::hmac_sha256(salt, text);
  TRY(helper, Child::start({"/proc/self/exe", "clipboard-clear",
                            "--backend=" + std::string{backend_name(clipboard.backend)},
                            "--program=" + clipboard.program,
                            "--after=" + std::to_string(clipboard.clear_after.count()) + "ms"},
                           {.own_session = true}));
  const bool told = helper.write(salt) && helper.write(hash.view());
  helper.let_go();
  if (!told) return problem(Exit::local, "the helper that clears the clipboard did not start");
  return {};
}

struct ClearFlags {
  std::string backend, program, after;
};

auto paste_command(const ClearFlags& flags) -> std::vector<std::string> {
  if (flags.backend == "xclip") return {flags.program, "-selection", "clipboard", "-out"};
  const std::size_t name = flags.program.rfind('/') + 1;  // wl-paste lies beside wl-copy
  return {flags.program.substr(0, name) + "wl-paste", "--no-newline"};
}

// Runs as the helper: waits, compares, clears.
auto clear_later(const ClearFlags& flags, Session& session) -> Outcome<Exit> {
  const auto after = parse_duration(flags.after);
  if (!after) return usage("--after is not a duration");
  TRY(known, read_descriptor(STDIN_FILENO, kSaltBytes + crypto::Digest::kSize, session.memory()));
  if (known.size() != kSaltBytes + crypto::Digest::kSize)
    return usage("no salt and hash are given");
  constexpr std::chrono::milliseconds kLongest{std::numeric_limits<int>::max()};
  (void)::poll(nullptr, 0, static_cast<int>(std::min(*after, kLongest).count()));
  TRY(held, run_child(paste_command(flags), {}, {.output = Output::piped}, kClipboardBytesMax,
                      session.memory()));
  const bool same = known.expose([&](base::ByteView salt_and_hash) {
    return held.output.expose([&](base::ByteView text) {
      const crypto::Digest hash = crypto::hmac_sha256(salt_and_hash.first(kSaltBytes), text);
      return crypto::equal(hash.view(), salt_and_hash.last(crypto::Digest::kSize));
    });
  });
  if (!same) return Exit::done;
  const std::vector<std::string> clear =
      flags.backend == "xclip"
          ? std::vector<std::string>{flags.program, "-selection", "clipboard", "-in"}
          : std::vector<std::string>{flags.program, "--clear"};
  TRY_DO(run_child(clear, {}, {}, 0, session.memory()));
  return Exit::done;
}

}  // namespace

void CopyFlags::declare(CLI::App& app, bool with_copy) {
  if (with_copy) app.add_flag("-c,--copy", copy, "to the clipboard instead of showing it");
  app.add_option("--clear-after", clear_after, "wipe the clipboard after this (30s; 0: never)")
      ->type_name("TIME");
}

auto find_clipboard(const CopyFlags& flags, const Session& session) -> Outcome<Clipboard> {
  Clipboard clipboard{.backend = ClipboardBackend::osc52,
                      .program = {},
                      .clear_after = session.settings().duration("clipboard.clear_after")};
  if (!flags.clear_after.empty()) {
    const auto time = parse_duration(flags.clear_after);
    if (!time) {
      return usage("--clear-after is not a duration: " + flags.clear_after, "write it like 30s");
    }
    clipboard.clear_after = *time;
  }
  const api::Environment environment = api::process_environment();
  std::string name = session.settings().text("clipboard.backend");
  if (name == "auto") name = choose(environment);
  if (name == "none") {
    return usage("the clipboard is switched off", "holdfast config set clipboard.backend auto");
  }
  if (name.empty()) {
    return usage("there is no clipboard to copy to",
                 "install wl-clipboard (Wayland) or xclip (X11), or leave out -c");
  }
  const auto* found = std::ranges::find(kBackendNames, name);
  clipboard.backend = static_cast<ClipboardBackend>(found - kBackendNames.begin());
  if (clipboard.backend == ClipboardBackend::osc52) return clipboard;
  const auto program = find_program(name, environment);
  if (!program) return usage(name + " is not installed", "install it, or set clipboard.backend");
  clipboard.program = *program;
  return clipboard;
}

auto copy_text(const Clipboard& clipboard, base::ByteView text, Session& session) -> Outcome<void> {
  if (text.empty()) return usage("there is nothing to copy: the value is empty");
  if (text.size() > kClipboardBytesMax) {
    return usage("the value is longer than " + std::to_string(kClipboardBytesMax) + " bytes",
                 "write it to a file instead");
  }
  if (clipboard.backend == ClipboardBackend::osc52) {
    return copy_through_terminal(text, session.memory());
  }
  ChildOptions options;
  const std::string runtime = session.paths().runtime_folder.parent_path().string();
  if (::access(runtime.c_str(), W_OK) == 0) options.variables = {{"TMPDIR", runtime}};
  TRY(copied,
      run_child(copy_command(clipboard, session.memory()), text, options, 0, session.memory()));
  if (copied.code != 0) {
    return problem(Exit::local, clipboard.program + " failed; nothing was copied",
                   "try it by hand: echo x | " + clipboard.program);
  }
  if (clipboard.clear_after.count() == 0) return {};
  return start_helper(clipboard, text, session);
}

auto copy_and_tell(const CopyFlags& flags, const Copied& copied, Session& session)
    -> Outcome<Exit> {
  TRY(clipboard, find_clipboard(flags, session));
  TRY_DO(copy_text(clipboard, copied.text, session));
  const bool clears =
      clipboard.backend != ClipboardBackend::osc52 && clipboard.clear_after.count() > 0;
  Screen& screen = session.screen();
  if (screen.json()) {
    base::SecretBytes::Buffer out{&session.memory()};
    formats::JsonWriter json{out};
    json.begin_object();
    json.member("copied", copied.what);
    json.member("backend", backend_name(clipboard.backend));
    json.key("clear_after_ms");
    clears ? json.number(static_cast<std::uint64_t>(clipboard.clear_after.count())) : json.null();
    json.end_object();
    screen.put(base::text_of(out));
    screen.put("\n");
    return Exit::done;
  }
  std::string note = "Copied: " + std::string{copied.what};
  if (!copied.label.empty()) note += " of '" + std::string{copied.label} + "'";
  note += clears ? "; the clipboard is wiped in " + duration_text(clipboard.clear_after)
                 : "; the clipboard is not wiped by itself";
  screen.note(note + ".");
  return Exit::done;
}

auto declare_clipboard_clear(CLI::App& app) -> Run {
  auto flags = std::make_shared<ClearFlags>();
  app.add_option("--backend", flags->backend)->required();
  app.add_option("--program", flags->program)->required();
  app.add_option("--after", flags->after)->required();
  return [flags](Session& session) { return clear_later(*flags, session); };
}

}  // namespace holdfast::cli
