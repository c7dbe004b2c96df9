#include "api/strength.h"

#include <string.h>  // explicit_bzero
#include <zxcvbn.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace holdfast::api {
namespace {

constexpr std::size_t kStackBytes = 64 << 10;  // more than the library's deepest call uses

// The frames of the call before lay where this one's buffer is.
[[gnu::noinline]] void wipe_stack() {
  std::array<std::uint8_t, kStackBytes> used;
  ::explicit_bzero(used.data(), used.size());
}

[[gnu::noinline]] auto bits_of(const char* password) -> double {
  return ::ZxcvbnMatch(password, nullptr, nullptr);
}

struct Span {
  double seconds;
  std::string_view one, many;
};
constexpr auto kSpans = std::to_array<Span>({{1, "second", "seconds"},
                                             {60, "minute", "minutes"},
                                             {3600, "hour", "hours"},
                                             {86'400, "day", "days"},
                                             {2'629'800, "month", "months"},
                                             {31'557'600, "year", "years"}});
constexpr double kCentury = 100 * 31'557'600.0;

}  // namespace

auto Strength::name() const -> std::string_view {
  constexpr std::array<std::string_view, 5> kNames = {"very weak", "weak", "fair", "strong",
                                                      "very strong"};
  return kNames[score];
}

auto Strength::guessed_in() const -> std::string {
  const double seconds = std::pow(10.0, guesses_log10 - kGuessesPerSecondLog10);
  if (seconds < 1) return "less than a second";
  if (!(seconds < kCentury)) return "centuries";
  const Span* fitting = kSpans.data();
  for (const Span& span : kSpans) {
    if (seconds >= span.seconds) fitting = &span;
  }
  const auto count = static_cast<std::uint64_t>(seconds / fitting->seconds);
  return std::to_string(count) + " " + std::string{count == 1 ? fitting->one : fitting->many};
}

auto estimate_strength(std::string_view password, base::SecretMemory& memory) -> Strength {
  base::SecretBytes::Buffer text{&memory};
  text.reserve(password.size() + 1);
  for (const char c : password) {  // a NUL would end it too early
    text.push_back(c == '\0' ? std::uint8_t{1} : static_cast<std::uint8_t>(c));
  }
  text.push_back(0);
  const double bits = bits_of(reinterpret_cast<const char*>(text.data()));  // NOLINT: bytes as char
  wipe_stack();
  Strength strength{.guesses_log10 = std::max(0.0, bits * std::log10(2.0))};
  for (const double limit : {3.0, 6.0, 8.0, 10.0}) {  // zxcvbn's own steps
    if (strength.guesses_log10 >= limit) ++strength.score;
  }
  return strength;
}

auto estimate_strength(const base::SecretBytes& password, base::SecretMemory& memory) -> Strength {
  return password.expose_text(
      [&](std::string_view text) { return estimate_strength(text, memory); });
}

}  // namespace holdfast::api
