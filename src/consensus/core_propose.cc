// Own blocks: when, on what, and their way out: sign, persist, send.
#include <algorithm>

#include "consensus/core.h"

namespace holdfast::consensus {

auto Core::may_sign() const -> bool {
  return settings_.self && !halted_ && !ended_ && !amnesia_ && !in_flight_;
}

auto Core::own_last_ref() const -> BlockRef {
  if (own_last_) return (*own_last_)->ref();
  return settings_.epoch.genesis[std::to_underlying(*settings_.self)];
}

void Core::propose() {
  if (!may_sign()) return;
  const ProposerView view{.now = now_.monotonic,
                          .busy = is_busy(),
                          .timeout = timeout_.wait(),
                          .clock = clock_.round()};
  if (const auto plan = proposer_.plan(dag_, decider_, view)) {
    build(*plan);
    return;
  }
  auto wake = proposer_.wake_at();
  if (view.busy)
    wake = std::min(wake.value_or(Instant::max()), std::max(nudge_at_, now_.monotonic));
  if (wake) set_timer(TimerKind::propose, *wake);
}

auto Core::take_payload(Round round) -> std::vector<base::Bytes> {
  std::vector<base::Bytes> payload = std::exchange(system_items_, {});
  // A block that comes late only helps others on.
  const bool late = clock_.round() > next(round);
  if (closing_ || late) return payload;
  std::size_t bytes_left = settings_.parameters.payload_bytes_max;
  for (const base::Bytes& item : payload) bytes_left -= std::min(bytes_left, item.size());
  const std::size_t items_left = settings_.parameters.payload_items_max - payload.size();
  std::ranges::move(pool_.take(round, bytes_left, items_left), std::back_inserter(payload));
  return payload;
}

auto Core::take_commit_votes() -> std::vector<model::CommitVote> {
  std::vector<model::CommitVote> votes;
  auto each = votable_.begin();
  for (; each != votable_.end() && each->persist <= persisted_; ++each) {
    if (votes.size() == model::kCommitVotesMax) break;
    votes.push_back(each->vote);
  }
  votable_.erase(votable_.begin(), each);
  return votes;
}

void Core::build(const ProposalPlan& plan) {
  const BlockRef own_last = own_last_ref();
  std::span<const BlockRef> covered;
  if (own_last_) covered = (**own_last_).fields.ancestors;
  model::Header header{.vault = settings_.epoch.vault,
                       .epoch = settings_.epoch.committee.epoch,
                       .round = plan.round,
                       .author = *settings_.self,
                       .timestamp = now_.wall,
                       .ancestors = parents_for(dag_, plan.round, own_last, covered),
                       .payload_root = {},
                       .payload_len = 0,
                       .commit_votes = take_commit_votes(),
                       .ready = closing_};
  if (plan.round == Round{1}) {
    for (const BlockRef& genesis : settings_.epoch.genesis)
      if (genesis.author != header.author) header.ancestors.push_back(genesis);
  }
  if (own_last_) header.timestamp = std::max(header.timestamp, (**own_last_).fields.timestamp);
  std::vector<base::Bytes> payload = take_payload(plan.round);
  std::vector<base::ByteView> leaves;
  for (const base::Bytes& item : payload) {
    leaves.emplace_back(item);
    header.payload_len += item.size();
  }
  header.payload_root = settings_.primitives.merkle_root(leaves);
  last_sign_ = SignId{std::to_underlying(last_sign_) + 1};
  in_flight_ = InFlight{last_sign_, plan.round, model::encode(header), {}};
  effects_.emplace_back(SignBlock{last_sign_, in_flight_->header, std::move(payload)});
}

void Core::on(const BlockSigned& in) {
  if (halted_) return;
  CHECK(in_flight_.has_value());
  CHECK(in.id == in_flight_->sign);
  CHECK((**in.block).header == in_flight_->header);
  const auto accepted = manager_.add(dag_, in.block, Arrival::requested, in_flight_->round);
  CHECK(accepted.has_value());
  own_last_ = in.block;
  batch_.own = in.block;
  const PersistId persist{std::to_underlying(last_persist_) + 1};
  in_flight_->persist = persist;
  const PersistId after = planted(PlantedBug::send_before_sync) ? PersistId{} : persist;
  effects_.emplace_back(Send{after, {}, BlockMessage{in.block}});
  on_accepted(*accepted);
  decide_and_commit();
}

// The last own block once more to everyone: a quiet peer may not have it. What went before it, a
// peer asks for by itself.
void Core::nudge() {
  nudge_at_ = now_.monotonic + timeout_.wait();
  const bool durable = !in_flight_ || !in_flight_->persist;
  if (own_last_ && durable) effects_.emplace_back(Send{persisted_, {}, BlockMessage{own_last_}});
}

void Core::send_own_since(PeerId peer, Round last_received) {
  if (!settings_.self) return;
  const PersistId after = in_flight_ && in_flight_->persist ? *in_flight_->persist : persisted_;
  for (Round round = std::max(next(last_received), next(dag_.gc_round()));
       round <= dag_.highest_round(); round = next(round)) {
    for (const auto& block : dag_.at({round, *settings_.self}))
      effects_.emplace_back(Send{after, peer, BlockMessage{block->block}});
  }
}

}  // namespace holdfast::consensus
