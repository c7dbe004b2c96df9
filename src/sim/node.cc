#include "sim/node.h"

#include <algorithm>

#include "base/overloaded.h"
#include "model/signing.h"
#include "sim/signatures.h"

namespace holdfast::sim {
namespace {

using consensus::BlockPtr;
using consensus::PeerId;
using crypto::Purpose;
using crypto::SimulatedSignatures;

auto peer_id(NodeIndex node) -> PeerId { return PeerId{node}; }
auto node_of(PeerId peer) -> NodeIndex { return std::to_underlying(peer); }

auto amnesia_message(const model::LatestAnswer& answer) -> base::Bytes {
  return model::signed_message(answer.vault, {}, model::encode(answer));
}

}  // namespace

Node::Node(Host& host, NodeIndex index, NodeSettings settings)
    : host_{host}, index_{index}, settings_{std::move(settings)} {}

auto Node::moment() const -> consensus::Moment {
  return {host_.agenda().now(), host_.wall_clock(index_)};
}

void Node::later(Instant delay, std::function<void()> action) {
  host_.agenda().after(delay, [this, life = life_, action = std::move(action)] {
    if (life == life_ && core_) action();
  });
}

void Node::start() {
  CHECK(!core_);
  consensus::Recovered recovered = disk_.recovered(settings_.parameters);
  if (disk_.is_lost()) {
    model::AmnesiaNonce nonce;
    for (auto& byte : nonce.bytes) byte = static_cast<std::uint8_t>(host_.random().next());
    recovered.amnesia = nonce;
  }
  host_.checks().restarted(index_, disk_.height(), disk_.is_lost());
  applied_.clear();
  root_ = {};
  applied_height_ = {};
  for (const auto& commit : disk_.commits()) apply(commit);
  core_ =
      std::make_unique<consensus::Core>(consensus::CoreSettings{.epoch = settings_.epoch,
                                                                .self = model::AuthorIndex{index_},
                                                                .beacon = {},
                                                                .parameters = settings_.parameters,
                                                                .primitives = settings_.primitives},
                                        recovered, moment());
  step(consensus::Started{});
}

auto Node::crash() -> std::size_t {
  core_.reset();
  store_failed_ = false;
  ++life_;
  syncing_ = false;
  persisted_ = {};
  held_.clear();
  return disk_.power_loss(host_.random());
}

void Node::fail_store() {
  store_failed_ = true;
  step(consensus::StoreFailed{});
}

void Node::lose_disk() { disk_.wipe(); }

void Node::step(const consensus::Input& input) {
  for (consensus::Effect& effect : core_->step(input, moment())) {
    if (!core_) return;
    carry_out(std::move(effect));
  }
  if (!core_) return;
  const auto& parameters = settings_.parameters;
  const std::size_t nodes = settings_.epoch.validators().count();
  host_.checks().bounded(index_, "suspended blocks", core_->blocks().suspended_count(),
                         consensus::kSuspendedRefsMax * nodes);
  host_.checks().bounded(index_, "accepted blocks", core_->dag().size(),
                         (parameters.gc_depth + consensus::kFutureRoundsMax) * nodes * 2);
}

void Node::carry_out(consensus::Effect effect) {
  const auto waits = [&](const auto& guarded) {
    return std::to_underlying(guarded.after) > std::to_underlying(persisted_);
  };
  const bool held =
      std::visit(base::Overloaded{[&](const consensus::Send& send) { return waits(send); },
                                  [&](const consensus::Deliver& deliver) { return waits(deliver); },
                                  [](const auto&) { return false; }},
                 effect);
  if (held) {
    held_.push_back(std::move(effect));
    return;
  }
  std::visit([this](auto&& what) { on(std::forward<decltype(what)>(what)); }, std::move(effect));
}

void Node::on(consensus::SignBlock effect) {
  later(std::chrono::microseconds{600}, [this, effect = std::move(effect)] {
    const BlockPtr block = host_.sign(index_, effect.header, effect.payload);
    host_.reached(index_, CrashPoint::signed_not_stored);
    if (core_) step(consensus::BlockSigned{effect.id, block});
  });
}

void Node::on(const consensus::SignCheckpoint& effect) {
  later(std::chrono::microseconds{600}, [this, effect] {
    const auto& member = settings_.epoch.committee.members[index_];
    const auto message = model::checkpoint_message(settings_.epoch.vault, effect.checkpoint);
    const auto signature = SimulatedSignatures::sign(member.node_key, Purpose::checkpoint, message);
    model::CheckpointVote vote{effect.checkpoint, member.device, signature};
    auto verified = SimulatedSignatures::verify(member.node_key, Purpose::checkpoint, message,
                                                signature, std::move(vote));
    step(consensus::CheckpointSigned{effect.id, *std::move(verified)});
  });
}

void Node::on(const consensus::Persist& effect) {
  disk_.write(effect);
  sync_later();
}

void Node::sync_later() {
  if (syncing_ || store_failed_ || !disk_.has_unsynced()) return;
  syncing_ = true;
  later(host_.disk_latency(), [this] { synced(); });
}

void Node::synced() {
  syncing_ = false;
  if (store_failed_) return;
  persisted_ = disk_.sync_next();
  host_.reached(index_, CrashPoint::stored_not_sent);
  if (!core_) return;
  release();
  if (!core_) return;
  step(consensus::Persisted{persisted_});
  if (core_) sync_later();
}

// What waited for this sync, in the order in which it was asked for.
void Node::release() {
  std::deque<consensus::Effect> held = std::exchange(held_, {});
  for (consensus::Effect& effect : held) {
    if (!core_) return;
    carry_out(std::move(effect));
  }
}

void Node::send_to(const std::optional<PeerId>& to, const Wire& message) {
  const std::size_t nodes = settings_.epoch.validators().count();
  for (NodeIndex peer = 0; peer < nodes; ++peer)
    if (peer != index_ && (!to || node_of(*to) == peer)) host_.send(index_, peer, message);
}

void Node::on(const consensus::Send& effect) {
  std::visit(
      base::Overloaded{
          [&](const consensus::BlockMessage& message) { send_own_block(effect.to, message.block); },
          [&](const consensus::CheckpointMessage& message) {
            send_to(effect.to, Vote{message.vote});
          },
          [&](const consensus::AskLatest& ask) { send_to(effect.to, LatestWanted{ask}); },
          [&](const consensus::AnswerLatest& answer) {
            model::LatestAnswer given = answer.answer;
            if (settings_.behaviour != Behaviour::honest) {  // as if it had seen nothing
              given.latest = settings_.epoch.genesis[index_];
              given.yours.reset();
            }
            const auto& key = settings_.epoch.committee.members[index_].node_key;
            const auto signature =
                SimulatedSignatures::sign(key, Purpose::amnesia, amnesia_message(given));
            send_to(effect.to, Latest{given, signature});
          }},
      effect.message);
}

void Node::send_own_block(const std::optional<PeerId>& to, const BlockPtr& block) {
  host_.checks().sent(index_, **block);
  const auto pushed = [](const BlockPtr& one) {
    return Blocks{{raw(one)}, consensus::Arrival::pushed};
  };
  const std::size_t nodes = settings_.epoch.validators().count();
  for (NodeIndex peer = 0; peer < nodes; ++peer) {
    if (peer == index_ || (to && node_of(*to) != peer)) continue;
    switch (settings_.behaviour) {
      case Behaviour::honest:
        host_.send(index_, peer, pushed(block));
        break;
      case Behaviour::equivocate:
        host_.send(index_, peer, pushed(peer % 2 == 0 ? block : twin_of(block)));
        break;
      case Behaviour::withhold:
        if (host_.random().percent(40)) host_.send(index_, peer, pushed(block));
        break;
      case Behaviour::delay:
        later(host_.random().between(milliseconds{50}, milliseconds{900}),
              [this, peer, message = pushed(block)] { host_.send(index_, peer, message); });
        break;
      case Behaviour::invent_parents:
      case Behaviour::forge_votes:
        host_.send(index_, peer, pushed(block));
        if (host_.random().percent(30)) host_.send(index_, peer, pushed(altered(block)));
        break;
    }
  }
}

// Another header for the same slot.
auto Node::twin_of(const BlockPtr& block) -> BlockPtr {
  BlockPtr& twin = twins_[(*block)->ref()];
  if (!twin) {
    model::Header header = (**block).fields;
    header.timestamp = next(header.timestamp);
    twin = host_.sign(index_, model::encode(header), (**block).payload);
  }
  return twin;
}

auto Node::altered(const BlockPtr& block) -> BlockPtr {
  model::Header header = (**block).fields;
  Random& random = host_.random();
  const auto scramble = [&](auto& bytes) {
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
  };
  if (settings_.behaviour == Behaviour::forge_votes) {
    model::CommitVote vote;
    vote.height = model::Height{random.between(1, 100'000)};
    scramble(vote.digest.bytes);
    header.commit_votes = {vote};
  } else {
    for (model::BlockRef& ancestor : header.ancestors)
      if (ancestor.round > model::Round{0} && random.percent(50)) scramble(ancestor.digest.bytes);
  }
  return host_.sign(index_, model::encode(header), (**block).payload);
}

void Node::on(const consensus::Fetch& effect) {
  host_.send(index_, node_of(effect.request.from), BlocksWanted{effect.request.refs});
}

void Node::on(const consensus::FetchCommits& effect) {
  for (NodeIndex peer = 0; peer < settings_.epoch.validators().count(); ++peer)
    if (peer != index_ && host_.is_linked(index_, peer))
      host_.send(index_, peer, CommitsWanted{effect.from, effect.to});
}

void Node::on(const consensus::SetTimer& effect) {
  const Instant delay = std::max(effect.at - host_.agenda().now(), Instant{0});
  const std::uint64_t set = ++timers_[std::to_underlying(effect.kind)];
  later(delay, [this, set, kind = effect.kind] {
    if (timers_[std::to_underlying(kind)] == set) step(consensus::TimerFired{kind});
  });
}

void Node::apply(const consensus::CommittedSubDag& commit) {
  base::Bytes leaves = base::to_bytes(root_.view());
  for (const consensus::TxKey& id : commit.item_ids)
    if (applied_.insert(id).second) base::append(leaves, id.view());
  root_ = crypto::sha256({leaves, commit.digest.view()});
  applied_height_ = commit.commit.height;
  host_.checks().applied(index_, applied_height_, root_);
}

void Node::on(const consensus::Deliver& effect) {
  host_.checks().delivered(index_, effect.commit);
  host_.on_delivered(index_, effect.commit);
  host_.trace(index_, "deliver", std::to_underlying(effect.commit.commit.height));
  apply(effect.commit);
  const consensus::Applied applied{.height = applied_height_,
                                   .state_root = root_,
                                   .audit_root = root_,
                                   .close_epoch = false,
                                   .next = {}};
  later(Instant{0}, [this, applied] { step(applied); });
}

void Node::on(const consensus::TxStatus& effect) {
  if (effect.fate == consensus::TxFate::sequenced) host_.on_sequenced(index_, effect.id);
  if (effect.fate == consensus::TxFate::refused) host_.on_refused(index_, effect.id);
}

void Node::on(const consensus::CheckpointCertified& effect) {
  host_.trace(index_, "certified", std::to_underlying(effect.certificate.checkpoint.height));
}

void Node::on(const consensus::Misconduct& effect) {
  host_.trace(index_, "misconduct", std::to_underlying((**effect.proof.first).fields.author));
}

void Node::on(const consensus::EpochEnded& effect) {
  host_.trace(index_, "epoch ended", std::to_underlying(effect.height));
}

void Node::on(const consensus::Halt& effect) {
  host_.trace(index_, "halt", std::to_underlying(effect.reason));
  host_.checks().halted(index_, effect.reason);
}

void Node::link_up(NodeIndex peer, model::Round last_received) {
  if (core_) step(consensus::PeerUp{peer_id(peer), last_received});
}

void Node::link_down(NodeIndex peer) {
  if (core_) step(consensus::PeerDown{peer_id(peer)});
}

void Node::submit(base::Bytes transaction) {
  const auto id = settings_.primitives.item_id(transaction);
  step(consensus::Submit{id, std::move(transaction)});
}

void Node::receive(NodeIndex from, const Wire& message) {
  if (!core_) return;
  std::visit([&](const auto& what) { on(from, what); }, message);
}

void Node::on(NodeIndex from, const Blocks& message) {
  consensus::BlocksVerified verified{peer_id(from), {}, message.arrival};
  for (const RawBlock& block : message.blocks)
    if (BlockPtr good = host_.verified(block)) verified.blocks.push_back(std::move(good));
  step(verified);
}

void Node::on(NodeIndex from, const BlocksWanted& message) {
  Blocks found{{}, consensus::Arrival::requested};
  for (const model::BlockRef& ref : message.refs) {
    if (const auto twin = std::ranges::find_if(
            twins_, [&](const auto& entry) { return (*entry.second)->ref() == ref; });
        twin != twins_.end()) {
      found.blocks.push_back(raw(twin->second));
    } else if (const BlockPtr block = disk_.block(ref)) {
      found.blocks.push_back(raw(block));
    }
  }
  host_.send(index_, from, std::move(found));
}

void Node::on(NodeIndex from, const CommitsWanted& message) {
  Commits answer{message.from, {}, {}};
  const auto first = std::to_underlying(message.from.height);  // commits()[0] is height 1
  const auto& commits = disk_.commits();
  std::vector<BlockPtr> voters;
  std::size_t last = 0;
  for (std::size_t end = std::min<std::size_t>(commits.size(), first + consensus::kSyncRangeMax);
       end > first && last == 0; --end) {
    const auto& commit = commits[end - 1];
    voters = disk_.voters_for({commit.commit.height, commit.digest});
    if (voters.size() >= settings_.epoch.validators().quorum()) last = end;
  }
  for (std::size_t i = first; i < last; ++i) answer.range.push_back(commits[i]);
  for (const BlockPtr& voter : voters) answer.voters.push_back(raw(voter));
  if (!answer.range.empty()) host_.send(index_, from, std::move(answer));
}

void Node::on(NodeIndex /*from*/, const Commits& message) {
  if (core_->committed() != message.from) return;  // another answer came first
  std::vector<BlockPtr> voters;
  for (const RawBlock& block : message.voters)
    if (BlockPtr good = host_.verified(block)) voters.push_back(std::move(good));
  auto certified = consensus::certify(settings_.epoch, message.from, message.range, voters);
  if (certified) step(consensus::CommitsCertified{*std::move(certified)});
}

void Node::on(NodeIndex /*from*/, const Vote& message) {
  const auto author = consensus::index_of(settings_.epoch.committee, message.vote.author);
  if (!author) return;
  const auto& key = settings_.epoch.committee.members[std::to_underlying(*author)].node_key;
  auto verified = SimulatedSignatures::verify(
      key, Purpose::checkpoint,
      model::checkpoint_message(settings_.epoch.vault, message.vote.checkpoint),
      message.vote.signature, message.vote);
  if (verified) step(consensus::CheckpointVoted{*std::move(verified)});
}

void Node::on(NodeIndex from, const LatestWanted& message) {
  step(consensus::LatestAsked{peer_id(from), message.ask.author, message.ask.nonce});
}

void Node::on(NodeIndex /*from*/, const Latest& message) {
  if (!settings_.epoch.validators().contains(message.answer.author)) return;
  const auto& key =
      settings_.epoch.committee.members[std::to_underlying(message.answer.author)].node_key;
  auto verified = SimulatedSignatures::verify(
      key, Purpose::amnesia, amnesia_message(message.answer), message.signature, message.answer);
  if (verified) step(consensus::LatestAnswered{*std::move(verified)});
}

}  // namespace holdfast::sim
