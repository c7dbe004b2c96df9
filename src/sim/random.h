// random.h: the one source of choice of a simulation. Equal seeds give equal runs on every machine,
// so the generator and every way of drawing from it are integer arithmetic written here.
// Threads: one. Source: SplitMix64 (Steele, Lea, Flood 2014).
#pragma once

#include <chrono>
#include <cstdint>

#include "base/check.h"

namespace holdfast::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_{seed} {}

  auto next() -> std::uint64_t {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  auto below(std::uint64_t bound) -> std::uint64_t {  // the bias is below 2^-32 for small bounds
    CHECK(bound > 0);
    return next() % bound;
  }
  auto between(std::uint64_t low, std::uint64_t high) -> std::uint64_t {  // both included
    return low + below(high - low + 1);
  }
  auto percent(std::uint64_t chance) -> bool { return below(100) < chance; }
  auto between(std::chrono::milliseconds low, std::chrono::milliseconds high)
      -> std::chrono::nanoseconds {  // down to a microsecond
    const auto from = std::chrono::microseconds{low}.count();
    const auto to = std::chrono::microseconds{high}.count();
    return std::chrono::microseconds{
        between(static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to))};
  }
  auto fork() -> Random { return Random{next()}; }

 private:
  std::uint64_t state_;
};

}  // namespace holdfast::sim
