// problem.h: why a command failed: its exit code, what failed and why, and the next step.
// Exit codes are a public contract. No text holds secret bytes. Limits: none. Time: none.
// Threads: values. Errors: it is one. Source: docs/design/interfaces.md §2.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace holdfast::cli {

enum class Exit : std::uint8_t {
  done = 0,
  local = 1,      // usage, or an error on this side
  remote = 2,     // daemon, peer or network; `status`: locked
  not_found = 3,  // or ambiguous
  denied = 4,     // also a wrong passphrase
  locked = 5,
  conflict = 6,  // or a stale --if-version
};

struct Problem {
  Exit exit = Exit::local;
  std::string text;         // what failed and why
  std::string next_step{};  // "": the text says it already
  std::string code{};       // as the API names it; "": none
};

template <class T>
using Outcome = std::expected<T, Problem>;

[[nodiscard]] inline auto problem(Exit exit, std::string text, std::string next_step = {}) {
  return std::unexpected<Problem>{Problem{exit, std::move(text), std::move(next_step)}};
}
[[nodiscard]] inline auto usage(std::string text, std::string next_step = {}) {
  return problem(Exit::local, std::move(text), std::move(next_step));
}
// The exit code that an error asks for; `code` as error_name() and the API give it.
[[nodiscard]] auto exit_of(std::string_view code) -> Exit;
// What the code means, for people; the code itself if it is unknown here.
[[nodiscard]] auto text_of_code(std::string_view code) -> std::string_view;
[[nodiscard]] auto problem_of(const base::Failure& failure) -> Problem;

// Passes another module's error on as a Problem, for TRY.
template <class Result>
[[nodiscard]] auto locally(Result result) -> Outcome<typename Result::value_type> {
  if (!result) return std::unexpected{problem_of(base::Failure{std::move(result).error()})};
  if constexpr (std::is_void_v<typename Result::value_type>) {
    return {};
  } else {
    return std::move(*result);
  }
}

}  // namespace holdfast::cli
