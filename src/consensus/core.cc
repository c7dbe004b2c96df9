#include "consensus/core.h"

#include <algorithm>

namespace holdfast::consensus {

Core::Core(CoreSettings settings, const Recovered& recovered, Moment now)
    : settings_{std::move(settings)},
      validators_{settings_.epoch.validators()},
      schedule_{settings_.epoch.vault, settings_.epoch.committee.epoch, settings_.beacon,
                validators_, settings_.primitives.xof},
      dag_{validators_},
      manager_{validators_},
      clock_{validators_},
      decider_{schedule_, recovered.commit.leader.round},
      lineariser_{settings_.epoch.vault, settings_.epoch.committee.epoch, settings_.primitives,
                  recovered.commit},
      proposer_{schedule_, settings_.parameters, settings_.self, recovered.signed_round,
                now.monotonic},
      timeout_{settings_.parameters},
      fetcher_{settings_.parameters},
      commit_votes_{validators_},
      checkpoints_{settings_.epoch.committee},
      now_{now},
      last_commit_at_{now.monotonic} {
  if (settings_.self) CHECK(validators_.contains(*settings_.self));
  recover(recovered);
}

Core::~Core() = default;

auto Core::step(const Input& input, Moment now) -> std::vector<Effect> {
  now_ = now;
  std::visit([&](const auto& in) { on(in); }, input);
  if (!halted_) {
    try_to_remember();
    propose();
  }
  flush();
  return std::exchange(effects_, {});
}

void Core::on(const Started& /*in*/) {
  ask_latest();
  nudge();
  decide_and_commit();
  fetch_missing({});
}

void Core::on(const BlocksVerified& in) {
  if (ended_) return;  // blocks of an epoch that has ended are void
  if (in.arrival == Arrival::requested) fetcher_.answered(in.from);
  for (const BlockPtr& block : in.blocks) {
    const model::Header& header = (**block).fields;
    commit_votes_.on_block(header);
    const bool own = settings_.self == header.author;
    if (own && !amnesia_ && header.round > proposer_.proposed() &&
        !dag_.contains((*block)->ref())) {
      halt(HaltReason::own_slot_conflict);
      return;
    }
    auto accepted = manager_.add(dag_, block, in.arrival, clock_.round());
    if (!accepted) {
      ++refused_blocks_;
      continue;
    }
    fetcher_.forget((*block)->ref());
    on_accepted(*accepted);
  }
  decide_and_commit();
  fetch_missing(in.from);
}

void Core::on(const CommitsCertified& in) {
  for (const CertifiedCommit& certified : in.commits) {
    const CommittedSubDag& sub_dag = certified.sub_dag();
    if (ended_ || sub_dag.commit.height != next(lineariser_.state().height)) continue;
    for (const BlockPtr& block : sub_dag.blocks) {
      auto accepted = manager_.add(dag_, block, Arrival::requested, (*block)->ref().round);
      if (!accepted) continue;
      fetcher_.forget((*block)->ref());
      on_accepted(*accepted);
    }
    const auto is_here = [&](const BlockRef& ref) { return dag_.is_known(ref); };
    if (!std::ranges::all_of(sub_dag.commit.blocks, is_here)) break;  // fetched first
    lineariser_.adopt(dag_, sub_dag.commit, sub_dag.digest);
    decider_.decided_elsewhere(sub_dag.commit.leader.round);
    record(sub_dag);
    collect();
  }
  sync_asked_until_.reset();
  decide_and_commit();
  fetch_missing({});
}

void Core::on(const Persisted& in) {
  persisted_ = std::max(persisted_, in.id);
  if (in_flight_ && in_flight_->persist && *in_flight_->persist <= persisted_) {
    proposer_.on_proposed(in_flight_->round);
    const bool stalled =
        now_.monotonic - last_commit_at_ > settings_.parameters.commit_stall && is_busy();
    timeout_.on_proposed(in_flight_->round, lineariser_.state().leader.round, stalled);
    nudge_at_ = now_.monotonic + timeout_.wait();
    in_flight_.reset();
  }
}

void Core::on(const StoreFailed& /*in*/) { halt(HaltReason::store_failed); }

void Core::on(const TimerFired& in) {
  timers_.at(std::to_underlying(in.kind)).reset();
  switch (in.kind) {
    case TimerKind::propose:
      if (is_busy() && now_.monotonic >= nudge_at_) nudge();
      break;
    case TimerKind::fetch:
      ask_latest();
      fetch_missing({});
      break;
  }
}

void Core::on(const Submit& in) {
  const bool full = unapplied_.size() >= kUnappliedMax;  // the vault does not keep up
  base::Result<void> taken = base::fail(base::Error::too_many_pending);
  if (!full) taken = pool_.submit(in.id, in.transaction);
  if (!taken) effects_.emplace_back(TxStatus{in.id, TxFate::refused, {}, taken.error()});
}

void Core::on(const PeerUp& in) {
  fetcher_.peer_up(in.peer);
  send_own_since(in.peer, in.last_received);
  ask_latest();
  fetch_missing({});
}

void Core::on(const PeerDown& in) {
  fetcher_.peer_down(in.peer);
  fetch_missing({});
}

void Core::on(const FetchFailed& in) {
  fetcher_.failed(in.id);
  fetch_missing({});
}

void Core::on_accepted(const std::vector<DagBlock*>& blocks) {
  for (const DagBlock* block : blocks) {
    batch_.blocks.push_back(block->block);
    clock_.on_accepted(block->ref.round, block->ref.author);
    if (auto proof = watch_.on_accepted(dag_, *block)) {
      system_items_.push_back(model::encode_equivocation_proof(**proof->first, **proof->second));
      effects_.emplace_back(Misconduct{*std::move(proof)});
    }
  }
}

void Core::decide_and_commit() {
  while (!ended_ && !halted_) {
    const auto decisions = decider_.advance(dag_);
    if (!decisions) {
      halt(HaltReason::two_leader_blocks_certified);
      return;
    }
    if (decisions->empty()) return;
    for (const Decision& decision : *decisions) {
      if (decision.status != SlotStatus::committed || ended_) continue;
      record(lineariser_.commit(dag_, decision.block));
      collect();
    }
  }
}

// What every commit brings, whether decided here or certified by others.
void Core::record(CommittedSubDag sub_dag) {
  for (const BlockPtr& block : sub_dag.blocks)
    if ((**block).fields.ready) ready_.add((**block).fields.author);
  ended_ = ready_.size() >=
           (planted(PlantedBug::end_at_first_ready) ? std::size_t{1} : validators_.quorum());
  const PersistId persist{std::to_underlying(last_persist_) + 1};  // of this step's batch
  if (settings_.self) votable_.push_back({persist, {sub_dag.commit.height, sub_dag.digest}});
  if (votable_.size() > kVotableMax) votable_.pop_front();
  unapplied_[sub_dag.commit.height] = {.digest = sub_dag.digest,
                                       .tx_root = sub_dag.commit.tx_root,
                                       .timestamp = sub_dag.commit.timestamp,
                                       .has_items = !sub_dag.item_ids.empty(),
                                       .last_of_epoch = ended_};
  for (const TxKey& id : sub_dag.item_ids)
    if (pool_.sequenced(id))
      effects_.emplace_back(TxStatus{id, TxFate::sequenced, sub_dag.commit.height, {}});
  timeout_.on_commit();
  last_commit_at_ = now_.monotonic;
  batch_.commits.push_back(sub_dag);
  const PersistId after = planted(PlantedBug::deliver_before_sync) ? PersistId{} : persist;
  effects_.emplace_back(Deliver{after, std::move(sub_dag), ended_});
  if (ended_) effects_.emplace_back(EpochEnded{lineariser_.state().height, pool_.take_all()});
}

void Core::collect() {
  const Round gc_round =
      gc_round_after(lineariser_.state().leader.round, settings_.parameters.gc_depth);
  if (gc_round <= dag_.gc_round()) return;
  dag_.collect(gc_round);
  fetcher_.collected(gc_round);
  batch_.gc_round = gc_round;
  for (const TxKey& id : pool_.collected(gc_round))
    effects_.emplace_back(TxStatus{id, TxFate::collected, {}, {}});
  on_accepted(manager_.release(dag_));
}

// `from`: whose blocks came last.
void Core::fetch_missing(std::optional<PeerId> from) {
  if (ended_) return;
  const auto height = std::to_underlying(lineariser_.state().height);
  const auto quorum_height = commit_votes_.quorum_height();
  const bool asked = sync_asked_until_ && *sync_asked_until_ > now_.monotonic;
  if (std::to_underlying(quorum_height) > height + kSyncDistance && !asked &&
      unapplied_.size() < kUnappliedMax) {
    sync_asked_until_ = now_.monotonic + settings_.parameters.fetch_timeout;
    effects_.emplace_back(FetchCommits{lineariser_.state(), quorum_height});
  }
  for (const BlockRef& ref : manager_.take_wanted()) fetcher_.want(ref, from);
  if (amnesia_) {
    for (const BlockRef& ref : amnesia_->missing(dag_))
      if (!manager_.is_suspended(ref)) fetcher_.want(ref, {});
  }
  for (FetchRequest& request : fetcher_.requests(now_.monotonic))
    effects_.emplace_back(Fetch{std::move(request)});
  if (const auto wake = fetcher_.wake_at(now_.monotonic)) set_timer(TimerKind::fetch, *wake);
}

// A timer that is set for this moment already is left alone.
void Core::set_timer(TimerKind kind, Instant at) {
  if (std::exchange(timers_.at(std::to_underlying(kind)), at) == at) return;
  effects_.emplace_back(SetTimer{kind, at});
}

// One batch a step; Send and Deliver of this step were given its number.
void Core::flush() {
  if (batch_.blocks.empty() && batch_.commits.empty() && !batch_.own && !batch_.floor) return;
  last_persist_ = PersistId{std::to_underlying(last_persist_) + 1};
  // Before what it guards: the effects of this step may name it.
  effects_.insert(effects_.begin(), Persist{last_persist_, std::exchange(batch_, {})});
}

void Core::halt(HaltReason reason) {
  if (halted_) return;
  halted_ = true;
  effects_.emplace_back(Halt{reason});
}

auto Core::held() const -> Held {
  return {.blocks = dag_.size(),
          .suspended = manager_.suspended_count(),
          .missing = manager_.missing_count(),
          .wanted = fetcher_.wanted(),
          .undecided = decider_.open_slots(),
          .transactions = pool_.size(),
          .own_blocks = pool_.own_blocks(),
          .votable = votable_.size(),
          .unapplied = unapplied_.size(),
          .checkpoint_votes = checkpoints_.open_votes(),
          .own_checkpoints = checkpoints_.own_count(),
          .system_items = system_items_.size()};
}

auto Core::is_busy() const -> bool {
  return !pool_.empty() || !system_items_.empty() || dag_.has_work() || (closing_ && !ended_);
}

}  // namespace holdfast::consensus
