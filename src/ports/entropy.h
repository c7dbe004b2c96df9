// entropy.h: the only source of random bytes. Drawn at the rim and passed down as arguments.
// Invariant: production bytes are fit for keys; a simulated source repeats from its seed.
// Limits: none. Time: production may wait once, early after boot. Threads: any.
// Errors: none; a system without randomness stops the process, since no caller could go on.
// Source: docs/architecture.md, Layers.
#pragma once

#include <cstdint>
#include <span>

namespace holdfast::ports {

class Entropy {
 public:
  Entropy() = default;
  Entropy(const Entropy&) = delete;
  auto operator=(const Entropy&) -> Entropy& = delete;
  virtual ~Entropy() = default;

  virtual void fill(std::span<std::uint8_t> out) = 0;
};

}  // namespace holdfast::ports
