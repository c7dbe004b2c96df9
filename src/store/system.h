// system.h: the ports of the operating system: its clocks and its random source.
// Invariant: SystemEntropy never returns bytes that the kernel did not vouch for.
// Limits: none. Time: reads it. Threads: any. Errors: none; without randomness it stops the
// process. Source: getrandom(2) without flags, clock_gettime(2).
#pragma once

#include "ports/clock.h"
#include "ports/entropy.h"

namespace holdfast::store {

class SystemClock final : public ports::Clock {
 public:
  [[nodiscard]] auto now_ms() const -> std::int64_t override;
  [[nodiscard]] auto monotonic() const -> std::chrono::nanoseconds override;
};

class SystemEntropy final : public ports::Entropy {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace holdfast::store
