#include "lab.h"

#include <format>

#include "base/overloaded.h"
#include "sim/signatures.h"

namespace holdfast::consensus {
namespace {

auto peer_id(NodeIndex node) -> PeerId { return PeerId{node}; }

auto transaction(std::uint8_t number) -> Submit {
  Submit submit{.id = {}, .transaction = base::Bytes(40, number)};
  submit.id = primitives().item_id(submit.transaction);
  return submit;
}

}  // namespace

Lab::Lab(LabSettings settings)
    : settings_{std::move(settings)},
      epoch_{epoch_of(settings_.validators)},
      schedule_{schedule_of(epoch_)},
      nodes_(settings_.validators) {}

void Lab::fail(std::string sentence) {
  if (!violation_) violation_ = std::move(sentence);
}

auto Lab::is_honest(NodeIndex node) const -> bool {
  return !settings_.early_ready.contains(node) && !settings_.deniers.contains(node);
}

auto Lab::height(NodeIndex node) const -> model::Height {
  return nodes_.at(node).core->committed().height;
}

auto Lab::has_ordered(NodeIndex node, std::uint8_t number) const -> bool {
  return nodes_.at(node).ordered.contains(transaction(number).id);
}

void Lab::start() {
  for (NodeIndex node = 0; node < nodes_.size(); ++node)
    if (!settings_.silent.contains(node)) start(node, {});
}

void Lab::start(NodeIndex node, const Recovered& recovered) {
  ++nodes_[node].life;
  nodes_[node].core = std::make_unique<Core>(CoreSettings{.epoch = epoch_,
                                                          .self = AuthorIndex{node},
                                                          .beacon = {},
                                                          .parameters = {},
                                                          .primitives = primitives()},
                                             recovered, Moment{now_, {}});
  step(node, Started{});
  for (NodeIndex peer = 0; peer < nodes_.size(); ++peer) {
    if (peer == node || !is_up(peer)) continue;
    step(node, PeerUp{peer_id(peer), {}});
    step(peer, PeerUp{peer_id(node), {}});
  }
}

void Lab::forget(NodeIndex node) {
  for (NodeIndex peer = 0; peer < nodes_.size(); ++peer)
    if (peer != node && is_up(peer)) step(peer, PeerDown{peer_id(node)});
  const std::uint64_t life = nodes_[node].life;
  nodes_[node] = {};
  nodes_[node].life = life;
  Recovered recovered;
  recovered.amnesia.emplace().bytes.fill(static_cast<std::uint8_t>(nodes_[node].life));
  start(node, recovered);
}

void Lab::submit(NodeIndex node, std::uint8_t number, bool closes_epoch) {
  const Submit submitted = transaction(number);
  if (closes_epoch) closing_.insert(submitted.id);
  step(node, submitted);
}

void Lab::plan(Instant at, NodeIndex node, Input input) {
  events_.emplace(std::pair{at, planned_++}, Event{node, nodes_[node].life, std::move(input)});
}

void Lab::carry_out(std::size_t number) {
  const auto it = std::next(events_.begin(), static_cast<std::ptrdiff_t>(number));
  now_ = std::max(now_, it->first.first);
  Event event = std::move(it->second);
  events_.erase(it);
  if (event.life == nodes_[event.node].life) step(event.node, std::move(event.input));
}

void Lab::run_until(Instant end) {
  while (!events_.empty() && events_.begin()->first.first <= end) carry_out(0);
  now_ = std::max(now_, end);
}

void Lab::run(Choices& choices, std::size_t steps, std::size_t window) {
  for (std::size_t i = 0; i < steps && !violation_ && waiting() > 0; ++i)
    carry_out(choices.below(std::min(window, waiting())));
}

void Lab::settle(std::size_t steps_max) {
  for (std::size_t i = 0; i < steps_max && !violation_ && waiting() > 0; ++i) carry_out(0);
}

void Lab::step(NodeIndex node, Input input) {
  std::vector<Input> open{std::move(input)};
  for (std::size_t i = 0; i < open.size(); ++i) {
    const Input next_input = std::move(open[i]);
    for (const Effect& effect : nodes_[node].core->step(next_input, Moment{now_, {}})) {
      std::visit(
          base::Overloaded{
              [&](const SignBlock& what) { on(node, what, open); },
              [&](const Persist& what) { on(node, what, open); },
              [&](const Send& what) { on(node, what); }, [&](const Fetch& what) { on(node, what); },
              [&](const SetTimer& what) { on(node, what); },
              [&](const Deliver& what) { on(node, what, open); },
              [&](const EpochEnded& what) { nodes_[node].ended_at = what.height; },
              [&](const Halt& what) {
                if (is_honest(node))
                  fail(std::format("node {} halted for reason {}", node,
                                   std::to_underlying(what.reason)));
              },
              [](const auto&) {},  // checkpoints and commit sync: not explored here
          },
          effect);
    }
  }
}

void Lab::on(NodeIndex node, const SignBlock& effect, std::vector<Input>& more) {
  const model::Header header = *model::decode_header(effect.header);
  const Core& core = *nodes_[node].core;
  for (Round left_out = next(core.signed_round()); left_out < header.round;
       left_out = next(left_out)) {
    const bool may =
        core.decider().is_decided(earlier(left_out, 2)) &&
        (schedule_.leader(left_out) != AuthorIndex{node} || core.decider().is_decided(left_out));
    if (!may && is_honest(node))
      fail(std::format("node {} left out round {}", node, std::to_underlying(left_out)));
  }
  ++proposals_;
  more.emplace_back(BlockSigned{effect.id, seal(epoch_, header, effect.payload)});
}

void Lab::on(NodeIndex node, const Persist& effect, std::vector<Input>& more) {
  for (const BlockPtr& block : effect.batch.blocks) nodes_[node].stored[(*block)->ref()] = block;
  if (effect.batch.own) nodes_[node].own[(*effect.batch.own)->ref()] = effect.id;
  for (const CommittedSubDag& commit : effect.batch.commits)
    nodes_[node].commits[commit.commit.height] = effect.id;
  more.emplace_back(Persisted{effect.id});
}

void Lab::on(NodeIndex node, const Send& effect) {
  if (const auto* sent = std::get_if<BlockMessage>(&effect.message)) {
    const model::Block& block = **sent->block;
    const auto own = nodes_[node].own.find(block.ref());
    if (own != nodes_[node].own.end() && effect.after < own->second)
      fail(std::format("node {} sent a block before it was stored", node));
    const auto [known, first] = sent_.emplace(std::pair{node, block.fields.round}, block.header);
    if (!first && known->second != block.header)
      fail(std::format("node {} signed two headers for round {}", node,
                       std::to_underlying(block.fields.round)));
  }
  for (NodeIndex peer = 0; peer < nodes_.size(); ++peer)
    if (peer != node && is_up(peer) && (!effect.to || *effect.to == peer_id(peer)))
      send_to(node, peer, effect.message);
}

void Lab::send_to(NodeIndex from, NodeIndex to, const Message& message) {
  const auto arrival = [&](Round round) { return now_ + settings_.delay(from, to, round); };
  std::visit(base::Overloaded{
                 [&](const BlockMessage& block) {
                   plan(arrival((*block.block)->ref().round), to,
                        BlocksVerified{peer_id(from), {block.block}, Arrival::pushed});
                 },
                 [&](const CheckpointMessage&) {},
                 [&](const AskLatest& ask) {
                   plan(arrival({}), to, LatestAsked{peer_id(from), ask.author, ask.nonce});
                 },
                 [&](const AnswerLatest& answer) {
                   model::LatestAnswer given = answer.answer;
                   if (settings_.deniers.contains(from)) {
                     given.latest = epoch_.genesis[from];
                     given.yours.reset();
                   }
                   plan(arrival({}), to,
                        LatestAnswered{crypto::SimulatedSignatures::trust(std::move(given))});
                 },
             },
             message);
}

void Lab::on(NodeIndex node, const Fetch& effect) {
  const NodeIndex from = std::to_underlying(effect.request.from);
  const Instant answered = now_ + settings_.delay(node, from, {}) + settings_.delay(from, node, {});
  BlocksVerified found{effect.request.from, {}, Arrival::requested};
  for (const BlockRef& ref : effect.request.refs)
    if (settings_.deniers.contains(from))
      break;
    else if (const auto it = nodes_[from].stored.find(ref); it != nodes_[from].stored.end())
      found.blocks.push_back(it->second);
  if (found.blocks.empty())
    plan(answered, node, FetchFailed{effect.request.id});
  else
    plan(answered, node, std::move(found));
}

// In place of the one of its kind that runs.
void Lab::on(NodeIndex node, const SetTimer& effect) {
  std::erase_if(events_, [&](const auto& entry) {
    const auto* timer = std::get_if<TimerFired>(&entry.second.input);
    return entry.second.node == node && timer != nullptr && timer->kind == effect.kind;
  });
  plan(std::max(effect.at, now_), node, TimerFired{effect.kind});
}

void Lab::on(NodeIndex node, const Deliver& effect, std::vector<Input>& more) {
  const model::Height height = effect.commit.commit.height;
  const auto [known, first] = commits_.emplace(height, effect.commit.digest);
  if (!first && known->second != effect.commit.digest && is_honest(node))
    fail(std::format("node {} committed something else at height {}", node,
                     std::to_underlying(height)));
  Node& self = nodes_[node];
  if (!self.commits.contains(height) || effect.after < self.commits[height])
    fail(std::format("node {} delivered a commit before it was stored", node));
  self.ordered.insert(effect.commit.item_ids.begin(), effect.commit.item_ids.end());
  if (effect.last_of_epoch && !self.closed_at && is_honest(node))
    fail(std::format("node {} ended the epoch at height {} before its barrier", node,
                     std::to_underlying(height)));
  const bool closes =
      std::ranges::any_of(closing_, [&](const TxKey& id) { return self.ordered.contains(id); });
  if (closes && !self.closed_at) self.closed_at = height;
  more.emplace_back(
      Applied{height, {}, {}, closes || settings_.early_ready.contains(node), std::nullopt});
}

}  // namespace holdfast::consensus
