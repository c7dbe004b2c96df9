// apply.h: the only way replicated state changes.
// Deterministic and total: any verified transaction gets an outcome at its place in the order, and
// equal state and transaction give equal outcomes on every device. It writes nothing: the caller
// commits the changes, the state tree and the height in one atomic batch. All or none of the
// changes of a transaction take effect. Checked in this order: sequence, membership, role, limits,
// semantics (the signature is proven by type). Limits: model's. Time: only the commit timestamp.
// Threads: pure. Errors: only those of the view (a damaged store); what a transaction does wrong is
// an outcome. Source: docs/formats.cddl, outcomes.
#pragma once

#include <vector>

#include "model/transaction.h"
#include "vault/state_view.h"

namespace holdfast::vault {

struct CommitContext {
  model::Height height{};
  std::uint64_t index = 0;  // of the transaction in the commit
  model::TimeMs timestamp{};
};

// A version body to keep (bytes) or to drop (nothing), beside the state.
struct BodyChange {
  model::VersionId version;
  std::optional<Bytes> bytes;
};

struct Outcome {
  model::OutcomeKind kind{};
  Error reason{};  // which rule; meaningful unless applied or duplicate
  StateChanges changes;
  std::vector<BodyChange> bodies;
  std::optional<model::AuditRecord> audit;
};

[[nodiscard]] auto apply(const StateView& view, const model::VerifiedTransaction& transaction,
                         const CommitContext& context) -> Result<Outcome>;

// What a commit itself changes, before its transactions: height, timestamp, suspicion of the time.
[[nodiscard]] auto begin_commit(const StateView& view, model::Height height,
                                model::TimeMs timestamp) -> Result<StateChanges>;

inline constexpr std::uint64_t kTimeStepMsMax = 24ULL * 60 * 60 * 1000;

}  // namespace holdfast::vault
