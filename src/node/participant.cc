#include "node/participant.h"

#include <algorithm>

#include "base/overloaded.h"
#include "codec/cbor_writer.h"

namespace holdfast::node {
namespace {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::fail;
using base::Result;
using consensus::Moment;
using model::Height;
using ports::Batch;
using ports::Column;
using ports::Durability;

auto start_of(const Ledger& ledger, model::Epoch epoch) -> consensus::CommitState {
  const consensus::ChainEnd& end = ledger.next_tip().chain;
  // Within the epoch its mark says it all, and this is not used.
  if (end.epoch == epoch && end.height > Height{}) return {};
  return {end.height, end.last_commit, {}, end.timestamp};
}

auto encode(const consensus::CheckpointCertificate& certificate) -> Bytes {
  Bytes bytes;
  codec::Writer out{bytes};
  out.array(certificate.votes.size());
  for (const model::CheckpointVote& vote : certificate.votes) out.bytes(model::encode(vote));
  return bytes;
}

auto waits(model::OutcomeKind kind) -> bool {
  return kind == model::OutcomeKind::gap || kind == model::OutcomeKind::rate_limited;
}

}  // namespace

auto item_id(ByteView item) -> model::Digest {
  const auto transaction = model::decode_transaction(item);
  if (!transaction) return crypto::sha256(item);
  return *model::Digest::from(transaction->id.view());
}

Participant::Participant(ParticipantSettings settings, ports::KeyValueStore& store, Ledger& ledger,
                         ports::SignerRecord& signer, Surroundings& around)
    : settings_{std::move(settings)},
      store_{store},
      ledger_{ledger},
      signer_{signer},
      around_{around},
      dag_{store, settings_.epoch.committee.epoch,
           start_of(ledger, settings_.epoch.committee.epoch)} {}

Participant::~Participant() = default;

auto Participant::start(const std::optional<model::AmnesiaNonce>& amnesia, Moment now)
    -> Result<void> {
  CHECK(core_ == nullptr);
  TRY(recovered, dag_.recover(settings_.verify_block, settings_.self));
  TRY_DO(apply_unapplied(recovered));
  const ports::SignerState& signer = signer_.state();
  if (signer.epoch == std::to_underlying(settings_.epoch.committee.epoch))
    recovered.signed_round = model::Round{signer.round};
  if (recovered.last_own)
    recovered.signed_round = std::max(recovered.signed_round, (*recovered.last_own)->ref().round);
  const consensus::ChainEnd& end = ledger_.next_tip().chain;
  recovered.checkpoint_height = end.checkpoint_height;
  recovered.checkpoint_at = end.checkpoint_timestamp;
  recovered.items_since_checkpoint = end.items_since_checkpoint;
  recovered.amnesia = amnesia;
  core_ =
      std::make_unique<consensus::Core>(consensus::CoreSettings{.epoch = settings_.epoch,
                                                                .self = settings_.self,
                                                                .beacon = settings_.beacon,
                                                                .parameters = settings_.parameters,
                                                                .primitives = settings_.primitives},
                                        recovered, now);
  TRY_DO(load_pending());
  may_offer_ = true;
  TRY_DO(sign_last_checkpoint_again());
  step(consensus::Started{}, now);
  offer_again(now);
  return {};
}

// Committed before the crash, and not applied, or not durably.
auto Participant::apply_unapplied(const consensus::Recovered& recovered) -> Result<void> {
  const bool ended = recovered.ready.size() >= settings_.epoch.validators().quorum();
  while (ledger_.height() < recovered.commit.height) {
    TRY(stored, dag_.commit(next(ledger_.height())));
    if (!stored) return fail(Error::store_corrupt);
    Commit commit{stored->commit, stored->digest, {}, {}, false};
    for (const model::Block& block : stored->blocks) {
      for (const Bytes& item : block.payload) {
        commit.items.emplace_back(item);
        commit.item_ids.push_back(settings_.primitives.item_id(item));
      }
    }
    commit.last_of_epoch = ended && stored->commit.height == recovered.commit.height;
    TRY_DO(apply(commit));
  }
  applied_.clear();  // the core begins after them
  return sync_all();
}

// The last one is what the next epoch begins with, so that it must not be lost in a crash.
auto Participant::sign_last_checkpoint_again() -> Result<void> {
  const Tip& tip = ledger_.next_tip();
  if (!settings_.self || !tip.chain.checkpoint_is_here()) return {};
  if (tip.chain.epoch != settings_.epoch.committee.epoch) return {};
  TRY(vote, store_.get(Column::meta, checkpoint_key(tip.chain.height)));
  if (vote) return {};
  TRY(commit, store_.get(Column::commits, number_key(std::to_underlying(tip.chain.height))));
  if (!commit) return fail(Error::store_corrupt);
  TRY(fields, model::decode_commit(*commit));
  around_.sign(
      consensus::SignCheckpoint{{},
                                model::encode(model::Checkpoint{.vault = ledger_.vault_id(),
                                                                .epoch = tip.chain.epoch,
                                                                .height = tip.chain.height,
                                                                .commit = tip.chain.last_commit,
                                                                .tx_root = fields.tx_root,
                                                                .state_root = tip.state_root,
                                                                .audit_root = tip.audit_root,
                                                                .timestamp = tip.chain.timestamp,
                                                                .next = {}})});
  return {};
}

void Participant::step(const consensus::Input& input, Moment now) {
  if (const auto* vote = std::get_if<consensus::CheckpointSigned>(&input)) keep_own_vote(*vote);
  for (consensus::Effect& effect : core_->step(input, now)) carry_out(std::move(effect));
}

auto Participant::must_wait(const consensus::Effect& effect) const -> bool {
  const auto waits = [&](const auto& guarded) {
    return std::to_underlying(guarded.after) > std::to_underlying(persisted_);
  };
  return std::visit(
      base::Overloaded{[&](const consensus::Send& send) { return waits(send); },
                       [&](const consensus::Deliver& deliver) { return waits(deliver); },
                       [](const auto&) { return false; }},
      effect);
}

void Participant::carry_out(consensus::Effect effect) {
  if (must_wait(effect)) {
    held_.push_back(std::move(effect));
    return;
  }
  std::visit([this](auto&& what) { on(std::forward<decltype(what)>(what)); }, std::move(effect));
}

void Participant::on(const consensus::Persist& effect) {
  Batch batch;
  dag_.put(effect.batch, batch);
  written_ = effect.id;
  const auto epoch = std::to_underlying(settings_.epoch.committee.epoch);
  if (effect.batch.floor)
    to_note_ = {.epoch = epoch, .round = std::to_underlying(*effect.batch.floor)};
  if (effect.batch.own) {
    const model::BlockRef own = (*effect.batch.own)->ref();
    to_note_ = {.epoch = epoch,
                .round = std::to_underlying(own.round),
                .digest = own.digest.bytes,
                .synced = {}};
  }
  write(batch);
}

void Participant::write(const Batch& batch) {
  if (!store_.write(batch, Durability::buffered)) failed_ = true;
  if (std::exchange(syncing_, true)) return;
  around_.sync();
}

auto Participant::sync_all() -> Result<void> {
  if (failed_) return fail(Error::store_failed);
  TRY_DO(store_.write({}, Durability::synced));
  if (!to_note_) return {};
  to_note_->synced = store_.last_synced();
  return signer_.write(*std::exchange(to_note_, std::nullopt));
}

void Participant::sync(Moment now) {
  syncing_ = false;
  if (failed_ || !sync_all()) {
    if (!std::exchange(failed_, true)) step(consensus::StoreFailed{}, now);
    return;
  }
  persisted_ = written_;
  const auto applied = std::exchange(applied_, {});
  for (consensus::Effect& effect : std::exchange(held_, {})) carry_out(std::move(effect));
  step(consensus::Persisted{persisted_}, now);
  for (const consensus::Applied& one : applied) step(one, now);
  offer_again(now);
}

void Participant::on(const consensus::Deliver& effect) {
  around_.delivered(effect.commit);
  Commit commit{
      effect.commit.commit, effect.commit.digest, {}, effect.commit.item_ids, effect.last_of_epoch};
  for (const consensus::BlockPtr& block : effect.commit.blocks)
    for (const Bytes& item : (**block).payload) commit.items.emplace_back(item);
  if (!apply(commit)) failed_ = true;
}

auto Participant::apply(const Commit& commit) -> Result<void> {
  std::vector<Ledger::Item> items;
  items.reserve(commit.items.size());
  for (const ByteView item : commit.items) items.push_back(model::decode_transaction(item));
  Batch batch;
  TRY(outcomes, ledger_.apply(commit.commit.timestamp, std::move(items),
                              settings_.verify_transaction, batch));
  ledger_.end_at(consensus::after_commit(ledger_.next_tip().chain, commit.commit, commit.digest,
                                         !commit.items.empty(), commit.last_of_epoch),
                 batch);
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    settle(commit.item_ids[i], commit.items[i], outcomes[i].kind, batch);
  write(batch);
  ledger_.stored();
  may_offer_ = true;
  const Tip& tip = ledger_.next_tip();
  applied_.push_back({.height = tip.chain.height,
                      .state_root = tip.state_root,
                      .audit_root = tip.audit_root,
                      .close_epoch = false,
                      .next = {}});
  around_.applied(tip, commit.item_ids, outcomes);
  return {};
}

// ---- pending transactions

auto Participant::load_pending() -> Result<void> {
  Result<void> read;
  TRY_DO(store_.scan(Column::pending, {}, {}, [&](ByteView key, ByteView value) {
    const auto transaction = model::decode_transaction(value);
    if (!transaction || key.size() != 8) {
      read = fail(Error::store_corrupt);
      return false;
    }
    std::uint64_t number = 0;
    for (const std::uint8_t byte : key) number = number << 8 | byte;
    pending_[*model::Digest::from(transaction->id.view())] = {
        .number = number,
        .bytes = transaction->bytes,
        .author = transaction->fields.author,
        .seq = transaction->fields.seq,
        .previous = transaction->fields.previous};
    next_pending_ = number + 1;
    return true;
  }));
  return read;
}

void Participant::submit(const model::SignedTransaction& transaction, Moment now) {
  const auto id = *model::Digest::from(transaction.id.view());
  if (pending_.contains(id)) return;
  Batch batch;
  batch.put(Column::pending, number_key(next_pending_), transaction.bytes);
  pending_[id] = {.number = next_pending_,
                  .bytes = transaction.bytes,
                  .author = transaction.fields.author,
                  .seq = transaction.fields.seq,
                  .previous = transaction.fields.previous,
                  .offered = true};
  ++next_pending_;
  write(batch);
  step(consensus::Submit{id, transaction.bytes}, now);
}

void Participant::settle(const model::Digest& item, ByteView bytes, model::OutcomeKind kind,
                         Batch& batch) {
  const auto found = pending_.find(item);
  if (found == pending_.end()) return;
  found->second.offered = false;
  if (waits(kind)) return;
  // Somebody may have ordered it with another signature, which does not verify.
  if (kind == model::OutcomeKind::malformed && !std::ranges::equal(bytes, found->second.bytes))
    return;
  batch.erase(Column::pending, number_key(found->second.number));
  pending_.erase(found);
}

// What was ordered before its turn waits for it; offered at once, it would be so for ever. What
// follows a transaction that will never be applied is the author's to write anew.
void Participant::offer_again(Moment now) {
  if (!std::exchange(may_offer_, false)) return;
  std::map<std::uint64_t, model::Digest> due, lost;  // by their order of submission
  const StoredState state{store_};
  for (const auto& [id, pending] : pending_) {
    if (pending.offered) continue;
    const auto author = vault::author(state, pending.author);
    if (!author || pending.seq > next(author->last_seq)) continue;
    const bool follows = pending.seq <= author->last_seq || pending.previous == author->last_tx;
    (follows ? due : lost)[pending.number] = id;
  }
  for (const auto& [number, id] : due) {
    const auto found = pending_.find(id);
    if (found == pending_.end()) continue;
    found->second.offered = true;
    step(consensus::Submit{id, found->second.bytes}, now);
  }
  for (const auto& [number, id] : lost) drop(id, Error::sequence_gap);
}

// And with it what its author wrote after it, which can never be applied either.
void Participant::drop(const model::Digest& item, Error reason) {
  const auto first = pending_.find(item);
  if (first == pending_.end()) return;
  const auto [author, seq] = std::pair{first->second.author, first->second.seq};
  std::vector<model::Digest> dropped;
  Batch batch;
  std::erase_if(pending_, [&](const auto& entry) {
    const Pending& pending = entry.second;
    if (pending.author != author || pending.seq < seq) return false;
    batch.erase(Column::pending, number_key(pending.number));
    dropped.push_back(entry.first);
    return true;
  });
  write(batch);
  for (const model::Digest& id : dropped) around_.refused(id, reason);
}

auto Participant::last_of(const model::DeviceId& author) const -> model::AuthorState {
  model::AuthorState last;
  if (const auto known = vault::author(StoredState{store_}, author)) last = *known;
  for (const auto& [id, pending] : pending_)
    if (pending.author == author && pending.seq > last.last_seq)
      last = {pending.seq, *model::TxId::from(id.view())};
  return last;
}

void Participant::on(const consensus::TxStatus& effect) {
  if (effect.fate != consensus::TxFate::refused) return;
  drop(effect.id, effect.reason.value_or(Error::too_many_pending));
}

// ---- checkpoints

void Participant::keep_own_vote(const consensus::CheckpointSigned& vote) {
  const auto checkpoint = model::decode_checkpoint(vote.vote->checkpoint);
  CHECK(checkpoint.has_value());  // made here
  Batch batch;
  batch.put(Column::meta, checkpoint_key(checkpoint->height), model::encode(*vote.vote));
  write(batch);
}

void Participant::on(const consensus::CheckpointCertified& effect) {
  Batch batch;
  batch.put(Column::meta, certificate_key(effect.certificate.checkpoint.height),
            encode(effect.certificate));
  write(batch);
  around_.certified(effect.certificate);
}

// ---- peers

void Participant::receive(Height from, const CommitRange& range, Moment now) {
  if (core_->committed().height != from) return;  // another answer came first
  std::vector<consensus::BlockPtr> voters;
  for (const model::Block& block : range.voters)
    if (auto good = settings_.verify_block(block)) voters.push_back(std::move(good));
  std::vector<consensus::CommittedSubDag> commits;
  for (const StoredCommit& stored : range.commits) {
    consensus::CommittedSubDag& commit =
        commits.emplace_back(stored.commit, stored.commit_bytes, stored.digest,
                             std::vector<consensus::BlockPtr>{}, std::vector<model::Digest>{});
    for (const model::Block& block : stored.blocks) {
      auto good = settings_.verify_block(block);
      if (!good) return;
      for (const Bytes& item : block.payload)
        commit.item_ids.push_back(settings_.primitives.item_id(item));
      commit.blocks.push_back(std::move(good));
    }
  }
  auto certified =
      consensus::certify(settings_.epoch, core_->committed(), std::move(commits), voters);
  if (certified) step(consensus::CommitsCertified{*std::move(certified)}, now);
}

// An own block that is not synced yet must not leave by this way either.
auto Participant::block(const model::BlockRef& ref) const
    -> Result<std::shared_ptr<const model::Block>> {
  if (settings_.self == ref.author && ref.round > model::Round{signer_.state().round})
    return nullptr;
  if (const consensus::DagBlock* held = core_->dag().find(ref))
    return std::shared_ptr<const model::Block>{held->block, &held->block->value()};
  TRY(stored, dag_.block(ref));
  if (!stored) return nullptr;
  return std::make_shared<const model::Block>(*std::move(stored));
}

auto Participant::commits_after(Height from) const -> Result<CommitRange> {
  const auto may_give = [&](const model::BlockRef& ref) {
    return settings_.self != ref.author || ref.round <= model::Round{signer_.state().round};
  };
  return dag_.range_after(from, settings_.epoch.validators().quorum(), may_give);
}

}  // namespace holdfast::node
