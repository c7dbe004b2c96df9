// pinentry.h: asking for a passphrase through a pinentry program, which has its own window or
// terminal. It is used where HOLDFAST_PINENTRY names one, or where this process has no terminal but
// GPG_TTY, DISPLAY or WAYLAND_DISPLAY says that there is somebody to ask.
// The answer is decoded into wiped memory; no line of the conversation is kept elsewhere.
// Limits: kAssuanLineBytesMax, kPinentryLinesMax. Time: waits for the user. Threads: one.
// Errors: Problem with Exit::local. Source: the Assuan protocol as pinentry 1.2 documents it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/paths.h"
#include "base/secret.h"
#include "cli/problem.h"

namespace holdfast::cli {

inline constexpr std::size_t kAssuanLineBytesMax = 64 << 10;
inline constexpr std::size_t kPinentryLinesMax = 100;  // of one answer

// The program that is asked for by name.
[[nodiscard]] auto chosen_pinentry(const api::Environment& environment)
    -> std::optional<std::string>;
// One that can be used where there is no terminal.
[[nodiscard]] auto found_pinentry(const api::Environment& environment)
    -> std::optional<std::string>;
[[nodiscard]] auto ask_pinentry(const std::string& program, std::string_view question,
                                const api::Environment& environment, base::SecretMemory& memory)
    -> Outcome<base::SecretBytes>;

}  // namespace holdfast::cli
