// Starting from what is durable, and from less than that.
#include <algorithm>

#include "consensus/core.h"

namespace holdfast::consensus {

void Core::recover(const Recovered& recovered) {
  own_last_ = recovered.last_own;
  checkpoint_height_ = recovered.checkpoint_height;
  checkpoint_at_ = recovered.checkpoint_at;
  items_since_checkpoint_ = recovered.items_since_checkpoint;
  for (const AuthorIndex author : recovered.ready) ready_.add(author);
  ended_ = ready_.size() >= validators_.quorum();
  dag_.collect(gc_round_after(recovered.commit.leader.round, settings_.parameters.gc_depth));
  for (const BlockPtr& block : recovered.blocks) {
    const BlockRef ref = (*block)->ref();
    if (ref.round <= dag_.gc_round()) continue;
    const DagBlock& accepted = dag_.accept(block);
    clock_.on_accepted(ref.round, ref.author);
    commit_votes_.on_block(accepted.header());
  }
  for (const BlockRef& ref : recovered.committed)
    if (DagBlock* block = dag_.find(ref); block != nullptr && !block->committed)
      dag_.mark_committed(*block);
  if (recovered.amnesia && settings_.self)
    amnesia_.emplace(validators_, *settings_.self, *recovered.amnesia);
  if (planted(PlantedBug::sign_again_after_restart) && own_last_) {
    proposer_.on_proposed(earlier(proposer_.proposed(), 1));
  }
}

void Core::ask_latest() {
  if (!amnesia_ || validators_.count() == 1) return;
  effects_.emplace_back(Send{{}, {}, AskLatest{amnesia_->nonce(), *settings_.self}});
  set_timer(TimerKind::fetch, now_.monotonic + settings_.parameters.fetch_timeout);
}

// A validator that has forgotten does not answer: two that have would confirm each other.
void Core::on(const LatestAsked& in) {
  if (!settings_.self || amnesia_ || halted_ || !validators_.contains(in.author)) return;
  const PersistId after = in_flight_ && in_flight_->persist ? *in_flight_->persist : persisted_;
  model::LatestAnswer answer{.vault = settings_.epoch.vault,
                             .epoch = settings_.epoch.committee.epoch,
                             .nonce = in.nonce,
                             .author = *settings_.self,
                             .latest = own_last_ref(),
                             .yours = {}};
  if (const DagBlock* theirs = dag_.latest_of(in.author, next(dag_.highest_round())))
    answer.yours = theirs->ref;
  effects_.emplace_back(Send{after, in.from, AnswerLatest{answer}});
}

void Core::on(const LatestAnswered& in) {
  if (!amnesia_) return;
  if (const auto before = amnesia_->add(*in.answer)) forget_wants(*before);
  fetch_missing({});
}

// What an answer named counts no longer, and may not exist.
void Core::forget_wants(const model::LatestAnswer& answer) {
  for (const BlockRef& ref : {answer.latest, answer.yours.value_or(answer.latest)})
    if (!manager_.is_waited_for(ref)) fetcher_.forget(ref);
}

void Core::on(const OwnerConfirmed& in) {
  if (!amnesia_ || validators_.count() > 1) return;
  remember(in.after);
}

void Core::try_to_remember() {
  if (!amnesia_) return;
  const auto floor = amnesia_->floor(dag_);
  if (!floor) return;
  if (const DagBlock* own = dag_.latest_of(*settings_.self, next(dag_.highest_round())))
    own_last_ = own->block;
  remember(*floor);
}

// The floor becomes durable before any block signed above it, so that a crash in between forgets
// no more than before.
void Core::remember(Round floor) {
  proposer_.on_proposed(std::max(proposer_.proposed(), floor));
  batch_.floor = proposer_.proposed();
  for (const auto& [author, answer] : amnesia_->answers()) forget_wants(answer);
  amnesia_.reset();
}

}  // namespace holdfast::consensus
