// ordering.h: who puts transactions into one order. What is ordered is applied by the ledger,
// whoever ordered it. Invariant: what submit() returns is durable and applied.
// Limits: one transaction at a time; its size is model::kTransactionBytesMax. Time: the ports'
// clock. Threads: one caller. Errors: rejected by the rules is an outcome, no error; the store's,
// the signer's; bad_signature and unknown_author for what is no transaction of a member. After an
// error of the store nothing more is ordered. Source: docs/design/architecture.md §5.
#pragma once

#include "node/ledger.h"
#include "node/node_signer.h"
#include "node/ordering_kind.h"
#include "node/ports.h"
#include "node/write_gate.h"

namespace holdfast::node {

struct Committed {
  model::Height height{};
  vault::Outcome outcome;
};

class Ordering {
 public:
  Ordering() = default;
  Ordering(const Ordering&) = delete;
  auto operator=(const Ordering&) -> Ordering& = delete;
  virtual ~Ordering() = default;

  // Orders and applies it; returns once both are durable.
  [[nodiscard]] virtual auto submit(model::SignedTransaction transaction)
      -> base::Result<Committed> = 0;
  // What this device has signed last, for a signer file that is made anew.
  [[nodiscard]] virtual auto last_signed() const -> ports::SignerState = 0;
  // There is a signer file now: what was cut short goes on.
  [[nodiscard]] virtual auto start() -> base::Result<void> = 0;
};

// What both orderings work with; all outlive the ordering.
struct OrderingParts {
  ports::KeyValueStore& store;
  Ledger& ledger;
  WriteGate& gate;
  NodeSigner& signer;
  model::Committee committee;  // of the epoch
  const Ports& ports;
};
[[nodiscard]] auto solo_ordering(OrderingParts parts) -> std::unique_ptr<Ordering>;
[[nodiscard]] auto dag_ordering(OrderingParts parts) -> std::unique_ptr<Ordering>;

[[nodiscard]] auto signature_randomness(ports::Entropy& entropy) -> NodeSigner::Randomness;
// Both halves, with a bounded cache of the authors' keys. Threads: one.
[[nodiscard]] auto transaction_verifier() -> VerifyTransaction;

}  // namespace holdfast::node
