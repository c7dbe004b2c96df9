#include "store/system.h"

#include <sys/random.h>

#include <cerrno>

#include "base/check.h"

namespace holdfast::store {

auto SystemClock::now_ms() const -> std::int64_t {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::floor<std::chrono::milliseconds>(since_epoch).count();
}

auto SystemClock::monotonic() const -> std::chrono::nanoseconds {
  return std::chrono::steady_clock::now().time_since_epoch();
}

void SystemEntropy::fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    CHECK(got > 0);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace holdfast::store
