// clock.h: the only way to learn the time. Wall time is for display, TOTP and certificates and may
// jump either way; intervals and timeouts use the monotonic one.
// Invariant: monotonic() never decreases within one process. Limits: none. Threads: any.
// Errors: none. Source: docs/architecture.md, Layers.
#pragma once

#include <chrono>
#include <cstdint>

namespace holdfast::ports {

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  auto operator=(const Clock&) -> Clock& = delete;
  virtual ~Clock() = default;

  [[nodiscard]] virtual auto now_ms() const -> std::int64_t = 0;  // since 1970-01-01T00:00:00Z
  [[nodiscard]] virtual auto monotonic() const -> std::chrono::nanoseconds = 0;
};

}  // namespace holdfast::ports
