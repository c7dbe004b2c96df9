// check.h: CHECK stops the process on a bug, in release builds too. Never for input.
// Threads: any. Errors: none; it prints file, line and the condition, then aborts.
#pragma once

namespace holdfast::base {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace holdfast::base

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) [[unlikely]]                                    \
      ::holdfast::base::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
