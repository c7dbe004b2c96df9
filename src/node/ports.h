// ports.h: what a vault needs from the outside, passed down from main.
// Threads: the ports are safe for any thread. Source: docs/architecture.md, Layers.
#pragma once

#include "base/secret.h"
#include "model/ids.h"
#include "ports/clock.h"
#include "ports/entropy.h"

namespace holdfast::node {

// How much an unlocked vault keeps at hand. A key of locked memory stays with each node, so more of
// them than kCachedNodesMax would leave too little of it.
inline constexpr std::size_t kCachedNodesMax = 50'000;
inline constexpr std::size_t kCachedQueriesMax = 10'000;
struct CacheLimits {
  std::size_t nodes_max = 10'000;  // versions read lately, encrypted, with their keys
  std::size_t views_max = 64;      // merges computed for readers: plaintext, in wiped memory
  std::size_t queries_max = 1000;  // answers of list and search
};

// Made once in main; all outlive every vault.
struct Ports {
  const ports::Clock& clock;
  ports::Entropy& entropy;
  base::SecretMemory& keys;       // small, locked
  base::SecretMemory& plaintext;  // large, wiped
  CacheLimits caches{};

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
