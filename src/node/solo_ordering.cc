// The order of a committee of one, without a DAG: one block is one commit is one synced batch.
#include "consensus/solo.h"
#include "node/ordering.h"

namespace holdfast::node {
namespace {

using base::Bytes;
using base::Error;
using base::fail;
using base::Result;
using model::Height;
using ports::Batch;
using ports::Column;
using ports::Durability;

class SoloOrdering final : public Ordering {
 public:
  explicit SoloOrdering(OrderingParts parts)
      : parts_{std::move(parts)},
        solo_{parts_.ledger.vault_id(), parts_.ledger.tip().chain, crypto::log_root_of} {
    CHECK(parts_.committee.members.size() == 1);
  }

  auto submit(model::SignedTransaction transaction) -> Result<Committed> override;
  auto last_signed() const -> ports::SignerState override;
  auto start() -> Result<void> override { return {}; }

 private:
  auto propose(const model::SignedTransaction& transaction) -> Result<model::TimeMs>;
  auto apply(model::TimeMs timestamp, model::SignedTransaction transaction, Batch& batch)
      -> Result<vault::Outcome>;
  auto store(const consensus::OrderedCommit& ordered, Batch& batch) -> Result<void>;
  auto put_checkpoint(const consensus::OrderedCommit& ordered, Batch& batch) -> Result<void>;

  OrderingParts parts_;
  consensus::Solo solo_;
  VerifyTransaction verify_ = transaction_verifier();
};

// The block is signed on another thread while this one verifies and applies what it holds; a
// failure of either ends writing, as the trees in memory run ahead of the disk. A block of what
// does not verify is dropped with its signature.
auto SoloOrdering::submit(model::SignedTransaction transaction) -> Result<Committed> {
  if (!parts_.signer.noted()) {
    parts_.gate.stop(Error::store_failed);
    return fail(Error::store_failed);
  }
  TRY(timestamp, propose(transaction));
  Batch batch;
  auto outcome = apply(timestamp, std::move(transaction), batch);
  const auto signature = parts_.signer.finish();
  if (outcome && !signature) outcome = fail(signature.error());
  if (!outcome) {
    solo_.drop_proposal();
    parts_.gate.stop(Error::store_failed);
    return fail(outcome.error());
  }
  const consensus::OrderedCommit ordered = solo_.on_signed(*signature);
  CHECK(ordered.commit.timestamp == timestamp);
  if (auto written = store(ordered, batch); !written) {
    parts_.gate.stop(Error::store_failed);
    return fail(written.error());
  }
  solo_.on_persisted(ordered);
  parts_.signer.note(last_signed());
  parts_.ledger.stored();
  return Committed{ordered.commit.height, *std::move(outcome)};
}

// Begins the signature of the block that holds it; tells the time of its commit.
auto SoloOrdering::propose(const model::SignedTransaction& transaction) -> Result<model::TimeMs> {
  TRY(id, model::Digest::from(transaction.id.view()));
  std::vector<consensus::Item> items;
  items.push_back({id, transaction.bytes});
  const model::TimeMs now = parts_.ports.now();
  TRY(message, solo_.propose(std::move(items), now));
  parts_.signer.begin(crypto::Purpose::block, std::move(message),
                      signature_randomness(parts_.ports.entropy));
  return std::max(now, solo_.state().timestamp);
}

auto SoloOrdering::apply(model::TimeMs timestamp, model::SignedTransaction transaction,
                         Batch& batch) -> Result<vault::Outcome> {
  std::vector<Ledger::Item> items;
  items.emplace_back(std::move(transaction));
  TRY(outcomes, parts_.ledger.apply(timestamp, std::move(items), verify_, batch));
  vault::Outcome& outcome = outcomes.front();
  if (outcome.kind == model::OutcomeKind::malformed) return fail(outcome.reason);
  return std::move(outcome);
}

auto SoloOrdering::store(const consensus::OrderedCommit& ordered, Batch& batch) -> Result<void> {
  const Height height = ordered.commit.height;
  parts_.ledger.end_at(ordered.after, batch);
  batch.put(Column::commits, number_key(std::to_underlying(height)), ordered.commit_bytes);
  model::Block block = ordered.block;
  block.payload.clear();  // the transactions are stored by height and index
  batch.put(Column::blocks, block_key(ordered.commit.epoch, block.ref()), model::encode(block));
  TRY_DO(put_checkpoint(ordered, batch));
  TRY_DO(parts_.store.write(batch, Durability::synced));
  return {};
}

auto SoloOrdering::put_checkpoint(const consensus::OrderedCommit& ordered, Batch& batch)
    -> Result<void> {
  if (!ordered.after.checkpoint_is_here()) return {};
  const Tip& tip = parts_.ledger.next_tip();
  const model::VaultId& vault = parts_.ledger.vault_id();
  const model::Checkpoint checkpoint{.vault = vault,
                                     .epoch = ordered.commit.epoch,
                                     .height = ordered.commit.height,
                                     .commit = ordered.after.last_commit,
                                     .tx_root = ordered.commit.tx_root,
                                     .state_root = tip.state_root,
                                     .audit_root = tip.audit_root,
                                     .timestamp = ordered.commit.timestamp,
                                     .next = {}};
  Bytes encoded = model::encode(checkpoint);
  parts_.signer.begin(crypto::Purpose::checkpoint, model::checkpoint_message(vault, encoded),
                      signature_randomness(parts_.ports.entropy));
  TRY(signature, parts_.signer.finish());
  const model::CheckpointVote vote{.checkpoint = std::move(encoded),
                                   .author = parts_.committee.members.front().device,
                                   .signature = signature};
  batch.put(Column::meta, checkpoint_key(ordered.commit.height), model::encode(vote));
  return {};
}

auto SoloOrdering::last_signed() const -> ports::SignerState {
  const consensus::ChainEnd& end = solo_.state();
  return {.epoch = std::to_underlying(end.epoch),
          .round = std::to_underlying(end.last_block.round),
          .digest = end.last_block.digest.bytes,
          .synced = parts_.store.last_synced()};
}

}  // namespace

auto solo_ordering(OrderingParts parts) -> std::unique_ptr<Ordering> {
  return std::make_unique<SoloOrdering>(std::move(parts));
}

}  // namespace holdfast::node
