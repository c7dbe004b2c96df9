// strength.h: how long a guesser would need for a password, as zxcvbn estimates it.
// It knows common passwords, names, words, dates, keyboard walks, repeats and substitutions; an
// estimate is an upper bound, since a guesser may know more. libzxcvbn 2.5 keeps nothing: it makes
// a reversed copy of the password in allocated memory, which it overwrites before it frees it, and
// has single characters of it in the frames of its recursion, which are wiped here after each call.
// A test looks for what is left.
// Limits: the first kStrengthBytesMax bytes are judged in detail; the rest counts little. Time:
// below 1 ms usually. Threads: any. Errors: throws std::bad_alloc.
// Source: D. Wheeler, zxcvbn: low-budget password strength estimation, USENIX Security 2016.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace holdfast::api {

inline constexpr std::size_t kStrengthBytesMax = 100;
inline constexpr double kGuessesPerSecondLog10 = 4;  // offline, a slow hash, one machine

struct Strength {
  double guesses_log10 = 0;
  std::uint8_t score = 0;  // 0 very weak, 1 weak, 2 fair, 3 strong, 4 very strong
  [[nodiscard]] auto name() const -> std::string_view;
  [[nodiscard]] auto guessed_in() const -> std::string;  // "3 hours", "centuries"
};

[[nodiscard]] auto estimate_strength(std::string_view password, base::SecretMemory& memory)
    -> Strength;
[[nodiscard]] auto estimate_strength(const base::SecretBytes& password, base::SecretMemory& memory)
    -> Strength;

}  // namespace holdfast::api
