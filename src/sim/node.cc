#include "sim/node.h"

#include <algorithm>

#include "base/overloaded.h"
#include "model/signing.h"

namespace holdfast::sim {
namespace {

using consensus::BlockPtr;
using consensus::PeerId;
using crypto::Purpose;
using ports::Column;

auto peer_id(NodeIndex node) -> PeerId { return PeerId{node}; }
auto node_of(PeerId peer) -> NodeIndex { return std::to_underlying(peer); }

auto amnesia_message(const model::LatestAnswer& answer) -> base::Bytes {
  return model::signed_message(answer.vault, {}, model::encode(answer));
}

}  // namespace

Node::Node(Host& host, NodeIndex index, NodeSettings settings)
    : host_{host}, index_{index}, settings_{std::move(settings)} {}

Node::~Node() = default;

auto Node::moment() const -> consensus::Moment {
  return {host_.agenda().now(), host_.wall_clock(index_)};
}

void Node::later(Instant delay, std::function<void()> action) {
  host_.agenda().after(delay, [this, life = life_, action = std::move(action)] {
    if (life == life_ && participant_) action();
  });
}

auto Node::settings() -> node::ParticipantSettings {
  return {.epoch = settings_.epoch,
          .self = model::AuthorIndex{index_},
          .beacon = {},
          .parameters = settings_.parameters,
          .primitives = settings_.primitives,
          .verify_block =
              [this](model::Block block) {
                return host_.verified(std::make_shared<const model::Block>(std::move(block)));
              },
          .verify_transaction =
              [this](model::SignedTransaction transaction, const crypto::PublicKey& author) {
                const base::Bytes message = transaction.signed_message;
                const crypto::Signature signature = transaction.signature;
                return host_.signatures().verify(author, Purpose::transaction, message, signature,
                                                 std::move(transaction));
              }};
}

auto Node::durable_height() const -> model::Height {
  const auto mark = node::read_dag_mark(store_, settings_.epoch.committee.epoch);
  return mark && *mark ? (*mark)->commit.height : model::Height{};
}

void Node::start() {
  CHECK(!participant_);
  const VaultWorld& world = host_.world();
  if (!*store_.get(Column::meta, node::name_key(node::kTipName))) {
    CHECK(node::Ledger::create(store_, world.genesis, world.state,
                               consensus::chain_start(world.vault, world.committee, world.created))
              .has_value());
  }
  auto ledger = node::Ledger::load(store_);
  CHECK(ledger.has_value());
  ledger_ = *std::move(ledger);
  std::optional<model::AmnesiaNonce> nonce;
  if (signer_.is_lost()) {
    nonce.emplace();
    for (auto& byte : nonce->bytes) byte = static_cast<std::uint8_t>(host_.random().next());
  }
  host_.checks().restarted(index_, durable_height(), signer_.is_lost());
  node::Surroundings& around = *this;
  participant_ = std::make_unique<node::Participant>(settings(), store_, *ledger_, signer_, around);
  CHECK(participant_->start(nonce, moment()).has_value());
}

auto Node::crash() -> std::size_t {
  participant_.reset();
  ledger_.reset();
  ++life_;
  const auto written = store_.write({}, ports::Durability::buffered);
  store_.crash(host_.random().next());
  if (!written) return 0;  // the store had failed
  return std::to_underlying(*written) - std::to_underlying(store_.last_synced());
}

void Node::fail_store() {
  store_.fail_write(1, base::Error::store_io);
  step(consensus::StoreFailed{});
}

void Node::lose_disk() {
  store_.wipe();
  signer_.wipe();
}

void Node::step(const consensus::Input& input) {
  participant_->step(input, moment());
  check_bounds();
}

void Node::check_bounds() {
  const auto& parameters = settings_.parameters;
  const std::size_t nodes = settings_.epoch.validators().count();
  host_.checks().bounded(index_, "suspended blocks", core().blocks().suspended_count(),
                         consensus::kSuspendedRefsMax * nodes);
  host_.checks().bounded(index_, "accepted blocks", core().dag().size(),
                         (parameters.gc_depth + consensus::kFutureRoundsMax) * nodes * 2);
}

void Node::sign(consensus::SignBlock request) {
  later(std::chrono::microseconds{600}, [this, request = std::move(request)] {
    const BlockPtr block = host_.sign(index_, request.header, request.payload);
    host_.reached(index_, CrashPoint::signed_not_stored);
    if (participant_) step(consensus::BlockSigned{request.id, block});
  });
}

void Node::sign(consensus::SignCheckpoint request) {
  later(std::chrono::microseconds{600}, [this, request = std::move(request)] {
    const auto message = model::checkpoint_message(settings_.epoch.vault, request.checkpoint);
    const auto signature = host_.signatures().sign(self().node_key, Purpose::checkpoint, message);
    model::CheckpointVote vote{request.checkpoint, self().device, signature};
    auto verified = host_.signatures().verify(self().node_key, Purpose::checkpoint, message,
                                              signature, std::move(vote));
    step(consensus::CheckpointSigned{request.id, *std::move(verified)});
  });
}

void Node::sync() {
  later(host_.disk_latency(), [this] {
    if (store_.write({}, ports::Durability::synced))
      host_.reached(index_, CrashPoint::stored_not_sent);
    if (!participant_) return;
    participant_->sync(moment());
    check_bounds();
  });
}

void Node::send_to(const std::optional<PeerId>& to, const Wire& message) {
  const std::size_t nodes = settings_.epoch.validators().count();
  for (NodeIndex peer = 0; peer < nodes; ++peer)
    if (peer != index_ && (!to || node_of(*to) == peer)) host_.send(index_, peer, message);
}

void Node::send(const consensus::Send& effect) {
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
            const auto signature =
                host_.signatures().sign(self().node_key, Purpose::amnesia, amnesia_message(given));
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

void Node::fetch(const consensus::FetchRequest& request) {
  host_.send(index_, node_of(request.from), BlocksWanted{request.refs});
}

void Node::fetch(const consensus::FetchCommits& request) {
  for (NodeIndex peer = 0; peer < settings_.epoch.validators().count(); ++peer)
    if (peer != index_ && host_.is_linked(index_, peer))
      host_.send(index_, peer, CommitsWanted{request.from.height});
}

void Node::set_timer(const consensus::SetTimer& timer) {
  const Instant delay = std::max(timer.at - host_.agenda().now(), Instant{0});
  const std::uint64_t set = ++timers_[std::to_underlying(timer.kind)];
  later(delay, [this, set, kind = timer.kind] {
    if (timers_[std::to_underlying(kind)] == set) step(consensus::TimerFired{kind});
  });
}

void Node::delivered(const consensus::CommittedSubDag& commit) {
  host_.checks().delivered(index_, commit);
  host_.on_delivered(index_, commit);
  host_.trace(index_, "deliver", std::to_underlying(commit.commit.height));
}

void Node::applied(const node::Tip& tip, std::span<const model::Digest> items,
                   std::span<const vault::Outcome> outcomes) {
  host_.checks().applied(index_, tip.chain.height,
                         crypto::sha256({tip.state_root.view(), tip.audit_root.view()}));
  for (std::size_t i = 0; i < items.size(); ++i)
    if (outcomes[i].kind != model::OutcomeKind::gap)
      host_.on_sequenced(index_, items[i], outcomes[i].kind);
}

void Node::refused(const model::Digest& item, base::Error /*reason*/) {
  host_.on_refused(index_, item);
}

void Node::certified(const consensus::CheckpointCertificate& certificate) {
  host_.trace(index_, "certified", std::to_underlying(certificate.checkpoint.height));
}

void Node::misconduct(const consensus::EquivocationProof& proof) {
  host_.trace(index_, "misconduct", std::to_underlying((**proof.first).fields.author));
}

void Node::epoch_ended(model::Height height) {
  host_.trace(index_, "epoch ended", std::to_underlying(height));
}

void Node::halted(consensus::HaltReason reason) {
  host_.trace(index_, "halt", std::to_underlying(reason));
  host_.checks().halted(index_, reason);
}

void Node::write(Users& users) {
  const node::StoredState state{store_};
  const auto transaction = users.write(index_, state, participant_->last_of(self().device),
                                       host_.wall_clock(index_), host_.random());
  host_.on_written(index_, *model::Digest::from(transaction.id.view()));
  participant_->submit(transaction, moment());
  check_bounds();
}

auto Node::content() const -> std::pair<model::Height, model::Digest> {
  crypto::Sha256 all;
  for (const Column column :
       {Column::state, Column::versions, Column::transactions, Column::audit}) {
    const auto read = store_.scan(column, {}, {}, [&](base::ByteView key, base::ByteView value) {
      all.update(crypto::sha256({key, value}).view());
      return true;
    });
    CHECK(read.has_value());
  }
  return {ledger_->height(), all.finish()};
}

void Node::link_up(NodeIndex peer, model::Round last_received) {
  if (participant_) step(consensus::PeerUp{peer_id(peer), last_received});
}

void Node::link_down(NodeIndex peer) {
  if (participant_) step(consensus::PeerDown{peer_id(peer)});
}

void Node::receive(NodeIndex from, const Wire& message) {
  if (!participant_) return;
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
    const auto twin = std::ranges::find_if(
        twins_, [&](const auto& entry) { return (*entry.second)->ref() == ref; });
    if (twin != twins_.end()) {
      found.blocks.push_back(raw(twin->second));
    } else if (auto block = participant_->block(ref); block && *block) {
      found.blocks.push_back(*std::move(block));
    }
  }
  host_.send(index_, from, std::move(found));
}

void Node::on(NodeIndex from, const CommitsWanted& message) {
  auto range = participant_->commits_after(message.from);
  if (!range || range->commits.empty()) return;
  host_.send(index_, from,
             Commits{message.from, std::make_shared<const node::CommitRange>(*std::move(range))});
}

void Node::on(NodeIndex /*from*/, const Commits& message) {
  participant_->receive(message.from, *message.range, moment());
  check_bounds();
}

void Node::on(NodeIndex /*from*/, const Vote& message) {
  const auto author = consensus::index_of(settings_.epoch.committee, message.vote.author);
  if (!author) return;
  const auto& key = settings_.epoch.committee.members[std::to_underlying(*author)].node_key;
  auto verified = host_.signatures().verify(
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
  auto verified = host_.signatures().verify(key, Purpose::amnesia, amnesia_message(message.answer),
                                            message.signature, message.answer);
  if (verified) step(consensus::LatestAnswered{*std::move(verified)});
}

}  // namespace holdfast::sim
