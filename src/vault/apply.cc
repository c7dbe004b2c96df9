#include "vault/apply.h"

#include <algorithm>

#include "base/check.h"
#include "vault/change_rules.h"

namespace holdfast::vault {
namespace {

using model::AuditRecord;
using model::MemberState;
using model::OutcomeKind;
using model::SignedTransaction;

auto audit_of(const SignedTransaction& transaction, const CommitContext& context, OutcomeKind kind,
              Error reason) -> AuditRecord {
  AuditRecord record{
      .height = context.height,
      .index = context.index,
      .timestamp = context.timestamp,
      .author = transaction.fields.author,
      .transaction = transaction.id,
      .outcome = kind,
      .reason = kind == OutcomeKind::applied ? std::uint64_t{0} : std::to_underlying(reason),
      .changes = {}};
  for (const model::Change& change : transaction.fields.changes) {
    record.changes.push_back(model::change_number(change.what.index()));
  }
  return record;
}

auto refused(const SignedTransaction& transaction, const CommitContext& context, OutcomeKind kind,
             Error reason, bool audited) -> Outcome {
  Outcome outcome{.kind = kind, .reason = reason, .changes = {}, .bodies = {}, .audit = {}};
  if (audited) outcome.audit = audit_of(transaction, context, kind, reason);
  return outcome;
}

// The number was used before: the same transaction again, or a second one under it.
auto number_used(const StateView& view, const SignedTransaction& transaction,
                 const CommitContext& context) -> Result<Outcome> {
  TRY(committed, sequence(view, transaction.fields.author, transaction.fields.seq));
  if (committed == transaction.id) {
    return refused(transaction, context, OutcomeKind::duplicate, Error{}, false);
  }
  TRY(seen, view.get(sequence_used_key(transaction.id)));
  Outcome outcome = refused(transaction, context, OutcomeKind::sequence_used,
                            Error::sequence_reused, !seen.has_value());
  if (!seen) outcome.changes[sequence_used_key(transaction.id)] = model::encode(transaction.id);
  return outcome;
}

// Moves the author's number on; every outcome that uses it ends here.
void use_number(StateOverlay& state, const SignedTransaction& transaction) {
  state.put(author_key(transaction.fields.author),
            model::encode(model::AuthorState{transaction.fields.seq, transaction.id}));
  state.put(sequence_key(transaction.fields.author, transaction.fields.seq),
            model::encode(transaction.id));
}

auto run_changes(const SignedTransaction& transaction, const CommitContext& context,
                 const MemberState& author, StateOverlay& state, std::vector<BodyChange>& bodies)
    -> Ruling {
  std::uint64_t index = 0;
  for (const model::Change& change : transaction.fields.changes) {
    TRY(refusal, rule_on({transaction.fields, index, author, context, state, bodies}, change));
    if (refusal) return refusal;
    ++index;
  }
  return holds();
}

}  // namespace

auto apply(const StateView& view, const model::VerifiedTransaction& verified,
           const CommitContext& context) -> Result<Outcome> {
  const SignedTransaction& transaction = *verified;
  TRY(state, chain(view));
  if (transaction.fields.vault != state.vault) {
    return refused(transaction, context, OutcomeKind::denied, Error::foreign_vault, true);
  }
  TRY(by, member(view, transaction.fields.author));
  if (!by) return refused(transaction, context, OutcomeKind::denied, Error::unknown_author, true);
  TRY(last, author(view, transaction.fields.author));
  if (transaction.fields.seq <= last.last_seq) return number_used(view, transaction, context);
  if (transaction.fields.seq != model::next(last.last_seq) ||
      transaction.fields.previous != last.last_tx) {
    return refused(transaction, context, OutcomeKind::gap, Error::sequence_gap, false);
  }

  StateOverlay changed{view};
  std::vector<BodyChange> bodies;
  const Ruling ruling = by->removed ? denied(Error::author_removed)
                                    : run_changes(transaction, context, *by, changed, bodies);
  if (!ruling) return fail(ruling.error());
  if (*ruling) {  // all or none: only the number is used
    Outcome outcome = refused(transaction, context, (*ruling)->kind, (*ruling)->reason, true);
    StateOverlay only_number{view};
    use_number(only_number, transaction);
    outcome.changes = only_number.changes();
    return outcome;
  }
  use_number(changed, transaction);
  return Outcome{.kind = OutcomeKind::applied,
                 .reason = Error{},
                 .changes = changed.changes(),
                 .bodies = std::move(bodies),
                 .audit = audit_of(transaction, context, OutcomeKind::applied, Error{})};
}

auto begin_commit(const StateView& view, model::Height height, model::TimeMs timestamp)
    -> Result<StateChanges> {
  TRY(state, chain(view));
  CHECK(height == model::next(state.height));
  CHECK(timestamp >= state.timestamp);
  const std::uint64_t step = std::to_underlying(timestamp) - std::to_underlying(state.timestamp);
  if (step > kTimeStepMsMax && state.height > model::Height{0}) state.time_suspect = true;
  state.height = height;
  state.timestamp = timestamp;
  StateChanges changes;
  changes[chain_key()] = model::encode(state);
  return changes;
}

}  // namespace holdfast::vault
