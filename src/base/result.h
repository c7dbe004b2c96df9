// result.h: errors as values. Result<T> carries a code; Detailed<T> a code and the place it
// concerns (a path, a line of a file, an id), for levels that talk to people. A Result converts to
// a Detailed. Threads: any. No message contains secret bytes.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "base/error.h"

namespace holdfast::base {

template <class T>
using Result = std::expected<T, Error>;

struct Failure {
  Error code;
  std::string where{};  // "line 12", "/home/ann/vault": never a secret

  Failure(Error error, std::string place = {})  // NOLINT: a bare code is a Failure without a place
      : code{error}, where{std::move(place)} {}
  [[nodiscard]] auto text() const -> std::string {
    const std::string what{error_text(code)};
    return where.empty() ? what : where + ": " + what;
  }
};

template <class T>
using Detailed = std::expected<T, Failure>;

[[nodiscard]] inline auto fail(Error error) { return std::unexpected<Error>{error}; }
[[nodiscard]] inline auto fail(Error error, std::string where) {
  return std::unexpected<Failure>{Failure{error, std::move(where)}};
}

}  // namespace holdfast::base

// TRY(name, expression): on error returns it from the enclosing function, else binds the value.
#define HOLDFAST_JOIN2(a, b) a##b
#define HOLDFAST_JOIN(a, b) HOLDFAST_JOIN2(a, b)
#define TRY(name, ...) TRY_IMPL(name, HOLDFAST_JOIN(try_, __LINE__), __VA_ARGS__)
#define TRY_IMPL(name, temporary, ...)                                  \
  auto temporary = (__VA_ARGS__);                                       \
  if (!temporary) return std::unexpected{std::move(temporary).error()}; \
  auto name = *std::move(temporary)
// TRY_DO(expression): the same for Result<void>, or where the value is not wanted.
#define TRY_DO(...)                                          \
  do {                                                       \
    if (auto try_result = (__VA_ARGS__); !try_result)        \
      return std::unexpected{std::move(try_result).error()}; \
  } while (false)
