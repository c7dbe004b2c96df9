// clipboard.h: copying a value for a moment: through wl-copy, xclip, or the terminal (OSC 52).
// The value goes through a pipe, never as an argument. A helper process of ours wipes the clipboard
// after the time, only if it still holds the value: it knows a salted hash and no plaintext. Where
// the program can, the value is marked as sensitive, so that clipboard managers do not keep it.
// wl-copy before 2.3 keeps what it is given in a file: it is told to do so in the runtime folder,
// which is memory. Through OSC 52 nothing can be read back, so nothing is wiped.
// Limits: kClipboardBytesMax. Time: kept by the helper. Threads: one. Errors: Problem with
// Exit::local. Source: docs/design/interfaces.md §2, Clipboard.
#pragma once

#include <chrono>
#include <string>

#include "cli/session.h"

namespace CLI {
class App;
}

namespace holdfast::cli {

inline constexpr std::size_t kClipboardBytesMax = 64 << 10;

enum class ClipboardBackend : std::uint8_t { wl_copy, xclip, osc52 };

struct Clipboard {
  ClipboardBackend backend;
  std::string program;                    // of wl-copy and xclip
  std::chrono::milliseconds clear_after;  // 0: never
};

struct CopyFlags {
  bool copy = false;
  std::string clear_after;  // empty: clipboard.clear_after
  void declare(CLI::App& app, bool with_copy);
};

[[nodiscard]] auto find_clipboard(const CopyFlags& flags, const Session& session)
    -> Outcome<Clipboard>;
[[nodiscard]] auto copy_text(const Clipboard& clipboard, base::ByteView text, Session& session)
    -> Outcome<void>;
// Copies and says so: on standard error, or as {"copied", "backend", "clear_after_ms"}.
struct Copied {
  std::string_view what;   // "password"
  std::string_view label;  // of the secret it is from; may be empty
  base::ByteView text;
};
[[nodiscard]] auto copy_and_tell(const CopyFlags& flags, const Copied& copied, Session& session)
    -> Outcome<Exit>;

}  // namespace holdfast::cli
