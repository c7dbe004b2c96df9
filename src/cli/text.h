// text.h: small readings of what a user writes: durations, lists, the nearest known word.
// Limits: kDurationMax. Time: none. Threads: any. Errors: nothing instead of a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::cli {

inline constexpr std::chrono::hours kDurationMax{24 * 366};

// "500ms", "90s", "15m", "12h", "2d"; a number alone is seconds.
[[nodiscard]] auto parse_duration(std::string_view text)
    -> std::optional<std::chrono::milliseconds>;
[[nodiscard]] auto duration_text(std::chrono::milliseconds duration) -> std::string;  // "14 min"
// "A,B, C" as three; empty parts are left out.
[[nodiscard]] auto split_list(std::string_view text) -> std::vector<std::string>;
// One NAME=TEXT a line; a name is 1 to 64 letters, digits, '-' and '_', and stands once.
[[nodiscard]] auto parse_table(std::string_view text)
    -> std::optional<std::vector<std::pair<std::string, std::string>>>;
// The known word that differs in at most a third of its letters; empty: none.
[[nodiscard]] auto nearest(std::string_view word, std::span<const std::string_view> known)
    -> std::string_view;
// "2026-11-22 14:05" in the local time of the user.
[[nodiscard]] auto moment_text(std::uint64_t unix_ms) -> std::string;
// "64MiB", "4KiB", "1GiB", "10MB"; a number alone is bytes.
[[nodiscard]] auto parse_bytes(std::string_view text) -> std::optional<std::uint64_t>;
[[nodiscard]] auto bytes_text(std::uint64_t bytes) -> std::string;  // "12.3 MB"

}  // namespace holdfast::cli
