// ports.h: what a vault needs from the outside, passed down from main.
// Threads: the ports are safe for any thread. Source: docs/architecture.md, Layers.
#pragma once

#include "base/secret.h"
#include "model/ids.h"
#include "ports/clock.h"
#include "ports/entropy.h"

namespace holdfast::node {

// Made once in main; all outlive every vault.
struct Ports {
  const ports::Clock& clock;
  ports::Entropy& entropy;
  base::SecretMemory& keys;       // small, locked
  base::SecretMemory& plaintext;  // large, wiped

  template <class Fixed>
  [[nodiscard]] auto random() const -> Fixed {
    Fixed value;
    entropy.fill(value.bytes);
    return value;
  }
  template <class Key>
  [[nodiscard]] auto random_key() const -> base::Result<Key> {
    return Key::make(keys, [&](auto out) { entropy.fill(out); });
  }
  [[nodiscard]] auto now() const -> model::TimeMs {
    return model::TimeMs{static_cast<std::uint64_t>(clock.now_ms())};
  }
};

}  // namespace holdfast::node
