#include "sim/cluster.h"

#include <algorithm>

#include "crypto/log_tree.h"
#include "crypto/xof.h"

namespace holdfast::sim {
namespace {

using consensus::BlockPtr;
using crypto::Purpose;

constexpr std::uint64_t kStartMs = 1'760'000'000'000;
constexpr std::size_t kVerifiedMax = 50'000;

constexpr std::uint64_t kRealSuiteEvery = 50;  // seeds

auto suite_for(const Options& options) -> std::unique_ptr<Signatures> {
  const bool real = options.real_signatures || options.seed % kRealSuiteEvery == 0;
  return real ? real_signatures() : hashed_signatures();
}

auto honest_nodes(const Options& options) -> std::set<NodeIndex> {
  std::set<NodeIndex> honest;
  for (NodeIndex node = options.byzantine; node < options.nodes; ++node) honest.insert(node);
  return honest;
}

}  // namespace

Cluster::Cluster(const Options& options, std::string* lines)
    : options_{options},
      lines_{lines},
      random_{options.seed},
      checks_{honest_nodes(options)},
      signatures_{suite_for(options)},
      world_{options.nodes, *signatures_},
      users_{world_, *signatures_},
      last_arrival_(options.nodes * options.nodes),
      clocks_(options.nodes) {
  epoch_ = std::make_unique<consensus::EpochRules>(world_.vault, world_.committee);
  draw_weather();
  for (NodeIndex node = 0; node < options.nodes; ++node) {
    const Behaviour behaviour = is_honest(node)
                                    ? Behaviour::honest
                                    : static_cast<Behaviour>(random_.between(1, kBehaviours - 1));
    if (!is_honest(node)) count(Fault::byzantine_node);
    nodes_.push_back(std::make_unique<Node>(
        *this, node,
        NodeSettings{
            *epoch_, {}, {crypto::log_root_of, crypto::shake256, node::item_id}, behaviour}));
  }
}

Cluster::~Cluster() = default;

auto Cluster::delay() -> Instant {
  const Latency& latency = weather_.latency;
  if (options_.delay) return *options_.delay;
  if (!random_.percent(latency.tail_percent)) return random_.between(latency.low, latency.high);
  count(Fault::late_message);
  return random_.between(latency.tail_low, latency.tail_high);
}

void Cluster::send(NodeIndex from, NodeIndex to, Wire message) {
  if (cut_.contains({from, to})) return;
  if (stormy_ && random_.percent(weather_.loss_percent)) {
    count(Fault::lost_message);
    return;
  }
  Instant arrival = agenda_.now() + delay();
  Instant& last = last_arrival_[from * options_.nodes + to];
  if (arrival < last && weather_.reorder) count(Fault::reordered_message);
  if (!weather_.reorder) arrival = std::max(arrival, last);
  last = std::max(last, arrival);
  if (stormy_ && random_.percent(weather_.replay_percent)) {
    count(Fault::replayed_message);
    arrive(arrival + random_.between(milliseconds{1}, milliseconds{5000}), from, to, message);
  }
  arrive(arrival, from, to, std::move(message));
}

void Cluster::arrive(Instant when, NodeIndex from, NodeIndex to, Wire message) {
  agenda_.at(when, [this, from, to, message = std::move(message)] {
    if (nodes_[to]->is_up()) nodes_[to]->receive(from, message);
  });
}

auto Cluster::is_linked(NodeIndex a, NodeIndex b) const -> bool {
  return !cut_.contains({a, b}) && !cut_.contains({b, a}) && nodes_[b]->is_up();
}

auto Cluster::wall_clock(NodeIndex node) const -> model::TimeMs {
  const Clock& clock = clocks_[node];
  const Instant now = clock.frozen ? clock.frozen_at : agenda_.now();
  const auto elapsed = std::chrono::duration_cast<milliseconds>(now).count();
  return model::TimeMs{kStartMs +
                       static_cast<std::uint64_t>(std::max<std::int64_t>(
                           elapsed + clock.offset_ms, -static_cast<std::int64_t>(kStartMs)))};
}

auto Cluster::disk_latency() -> Instant {
  if (weather_.disk_high > milliseconds{3}) count(Fault::slow_disk);
  return options_.delay ? Instant{std::chrono::microseconds{200}}
                        : random_.between(milliseconds{0}, weather_.disk_high);
}

auto Cluster::verified(const RawBlock& block) -> BlockPtr {
  if (verified_.size() > kVerifiedMax) verified_.clear();
  const auto [known, first] = verified_.try_emplace(block.get(), block, nullptr);
  if (!first) return known->second.second;
  const auto& fields = block->fields;
  if (!consensus::check_header(fields, *epoch_)) return nullptr;
  if (!consensus::check_payload(*block, crypto::log_root_of)) return nullptr;
  const auto& key = world_.committee.members[std::to_underlying(fields.author)].node_key;
  auto good =
      signatures_->verify(key, Purpose::block, model::header_message(world_.vault, block->header),
                          block->signature, *block);
  if (good) known->second.second = std::make_shared<const model::VerifiedBlock>(*std::move(good));
  return known->second.second;
}

auto Cluster::sign(NodeIndex node, base::Bytes header, std::vector<base::Bytes> payload)
    -> BlockPtr {
  model::Block block;
  block.fields = *model::decode_header(header);
  block.signature = signatures_->sign(world_.committee.members[node].node_key, Purpose::block,
                                      model::header_message(world_.vault, header));
  block.digest = model::block_digest(header, block.signature);
  block.header = std::move(header);
  block.payload = std::move(payload);
  auto signed_block = std::make_shared<const model::VerifiedBlock>(
      crypto::SimulatedSignatures::trust(std::move(block)));
  const RawBlock content = raw(signed_block);
  // What its maker trusts, others check for themselves: an honest one is good by construction.
  if (is_honest(node)) verified_[content.get()] = {content, signed_block};
  if (!(*signed_block)->payload.empty()) proposed_[(*signed_block)->ref()] = agenda_.now();
  return signed_block;
}

void Cluster::on_delivered(NodeIndex node, const consensus::CommittedSubDag& commit) {
  for (const model::BlockRef& ref : commit.commit.blocks) {
    if (std::to_underlying(ref.author) != node) continue;
    const auto proposed = proposed_.find(ref);
    if (proposed == proposed_.end()) continue;
    auto& latencies =
        ref == commit.commit.leader ? report_.leader_latencies : report_.other_latencies;
    latencies.push_back(agenda_.now() - proposed->second);
    proposed_.erase(proposed);
  }
}

void Cluster::on_written(NodeIndex node, const consensus::TxKey& id) {
  pending_[id] = {node, agenda_.now()};
}

void Cluster::on_sequenced(NodeIndex node, const consensus::TxKey& id, model::OutcomeKind outcome) {
  const auto found = pending_.find(id);
  if (found == pending_.end() || found->second.node != node) return;
  report_.latencies.push_back(agenda_.now() - found->second.since);
  pending_.erase(found);
  ++report_.transactions;
  if (outcome == model::OutcomeKind::applied) ++report_.applied;
}

void Cluster::on_refused(NodeIndex /*node*/, const consensus::TxKey& id) { pending_.erase(id); }

void Cluster::trace(NodeIndex node, std::string_view what, std::uint64_t number) {
  const std::string line = std::to_string(agenda_.now().count()) + " node " + std::to_string(node) +
                           " " + std::string{what} + " " + std::to_string(number) + "\n";
  trace_.update(base::view_of(line));
  if (lines_ != nullptr) *lines_ += line;
}

void Cluster::set_cut(NodeIndex from, NodeIndex to, bool cut) {
  const bool was = cut_.contains({from, to});
  if (was == cut) return;
  if (cut) {
    cut_.insert({from, to});
    nodes_[from]->link_down(to);
    nodes_[to]->link_down(from);
  } else {
    cut_.erase({from, to});
    connect(from, to);
  }
}

// Both ends learn of each other, and from where on to send.
void Cluster::connect(NodeIndex a, NodeIndex b) {
  if (!nodes_[a]->is_up() || !nodes_[b]->is_up()) return;
  if (cut_.contains({a, b}) || cut_.contains({b, a})) return;
  const auto last_of = [&](NodeIndex author, NodeIndex holder) {
    const auto& dag = nodes_[holder]->core().dag();
    const auto* block = dag.latest_of(model::AuthorIndex{author}, next(dag.highest_round()));
    return block == nullptr ? model::Round{} : block->ref.round;
  };
  const model::Round at_b = last_of(a, b), at_a = last_of(b, a);
  nodes_[a]->link_up(b, at_b);
  nodes_[b]->link_up(a, at_a);
}

void Cluster::boot(NodeIndex node) {
  if (nodes_[node]->is_up() || is_absent(node)) return;
  trace(node, "start", std::to_underlying(nodes_[node]->durable_height()));
  nodes_[node]->start();
  for (NodeIndex peer = 0; peer < options_.nodes; ++peer)
    if (peer != node) connect(node, peer);
}

void Cluster::start_all() {
  for (NodeIndex node = 0; node < options_.nodes; ++node) boot(node);
}

// One node joins when the others have gone ahead.
void Cluster::start_most() {
  const NodeIndex late = random_.below(options_.nodes);
  for (NodeIndex node = 0; node < options_.nodes; ++node)
    if (node != late) boot(node);
  agenda_.after(options_.duration * 2 / 3, [this, late] {
    if (nodes_[late]->is_up()) return;
    count(Fault::late_joiner);
    boot(late);
  });
}

void Cluster::submit_one() {
  const NodeIndex node = random_.below(options_.nodes);
  if (!nodes_[node]->is_up() || nodes_[node]->core().is_halted()) return;
  nodes_[node]->write(users_);
}

void Cluster::plan_workload(Instant until) {
  const auto gap =
      milliseconds{2000 / std::max<std::uint64_t>(options_.transactions_per_second, 1)};
  Instant next = agenda_.now() + random_.between(milliseconds{0}, gap);
  if (options_.faults && random_.below(1000) < 2) {  // a quiet vault rests
    count(Fault::idle_period);
    next += random_.between(milliseconds{3000}, milliseconds{10'000});
  }
  if (next > until) return;
  agenda_.at(next, [this, until] {
    submit_one();
    plan_workload(until);
  });
}

// It stands at the highest height and nothing waits there.
auto Cluster::has_everything(NodeIndex node) const -> bool {
  const auto& core = nodes_[node]->core();
  if (core.is_in_amnesia()) return true;  // may wait for ever with f others faulty
  return nodes_[node]->unsettled() == 0 && checks_.delivered_height(node) == checks_.highest();
}

auto Cluster::all_have_everything() const -> bool {
  for (NodeIndex node = options_.byzantine; node < options_.nodes; ++node) {
    if (is_absent(node)) continue;
    if (!nodes_[node]->is_up() || !has_everything(node)) return false;
  }
  return true;
}

auto Cluster::first_laggard() const -> std::string {
  for (NodeIndex node = options_.byzantine; node < options_.nodes; ++node) {
    if (is_absent(node) || (nodes_[node]->is_up() && has_everything(node))) continue;
    const std::string name = "node " + std::to_string(node);
    if (!nodes_[node]->is_up()) return name + " is down";
    const auto held = nodes_[node]->core().held();
    return name + " is at height " +
           std::to_string(std::to_underlying(checks_.delivered_height(node))) + " of " +
           std::to_string(std::to_underlying(checks_.highest())) + ", " +
           std::to_string(held.transactions) + " transactions wait, " +
           std::to_string(held.suspended) + " blocks for " + std::to_string(held.missing) +
           " others";
  }
  return "nobody";
}

// I4 once more, byte for byte on every disk.
void Cluster::compare_contents() {
  std::map<model::Height, model::Digest> contents;
  for (NodeIndex node = options_.byzantine; node < options_.nodes; ++node) {
    if (!nodes_[node]->is_up()) continue;
    const auto [height, content] = nodes_[node]->content();
    if (contents.emplace(height, content).first->second != content)
      checks_.fail("content differs: node " + std::to_string(node));
  }
}

auto Cluster::run() -> Report {
  const auto stop = [this] { return checks_.violation().has_value(); };
  if (options_.faults && options_.nodes > 1 && random_.percent(20))
    start_most();
  else
    start_all();
  const Instant safety_ends = options_.duration;
  plan_workload(safety_ends);
  if (options_.faults) plan_faults(safety_ends);
  agenda_.run(safety_ends, stop);

  if (!stop()) {
    trace(0, "calm", 0);
    calm_weather();
    const model::Height before = checks_.highest();
    for (int i = 0; i < 5; ++i) submit_one();
    const Instant liveness_ends = agenda_.now() + seconds{300};
    const auto done = [&] {
      return stop() || (checks_.highest() > before && all_have_everything());
    };
    agenda_.run(liveness_ends, done);
    if (!stop() && checks_.highest() == before) checks_.fail("no progress: nothing was committed");
    if (!stop() && !all_have_everything()) checks_.fail("not converged: " + first_laggard());
  }
  if (!stop()) compare_contents();
  report_.violation = checks_.violation();
  report_.commits = std::to_underlying(checks_.highest());
  report_.commits_checked = checks_.commits_checked();
  report_.simulated = agenda_.now();
  report_.trace = trace_.finish().hex();
  return std::move(report_);
}

auto simulate(const Options& options, std::string* lines) -> Report {
  return Cluster{options, lines}.run();
}

auto replay_command(const Options& options, std::string_view bug) -> std::string {
  std::string command = "./dev sim --seed " + std::to_string(options.seed) + " --nodes " +
                        std::to_string(options.nodes) + " --byzantine " +
                        std::to_string(options.byzantine) + " --seconds " +
                        std::to_string(options.duration.count());
  if (options.absent > 0) command += " --absent " + std::to_string(options.absent);
  if (!options.faults) command += " --calm";
  if (options.real_signatures) command += " --real-signatures";
  if (bug != "none") command += " --bug " + std::string{bug};
  return command;
}

}  // namespace holdfast::sim
