// What goes wrong in a run: each fault is counted only where it did something.
#include <algorithm>

#include "sim/cluster.h"

namespace holdfast::sim {

using std::chrono::hours;

void Cluster::draw_weather() {
  static constexpr std::array<Latency, 3> kProfiles{
      Latency{milliseconds{10}, milliseconds{20}, milliseconds{10}, milliseconds{20}, 0},
      Latency{milliseconds{30}, milliseconds{40}, milliseconds{300}, milliseconds{800}, 1},
      Latency{milliseconds{60}, milliseconds{80}, milliseconds{500}, milliseconds{1500}, 1}};
  weather_.latency = kProfiles.at(random_.below(kProfiles.size()));
  if (!options_.faults) return;
  if (random_.percent(40)) weather_.loss_percent = random_.between(1, 30);
  if (random_.percent(20)) weather_.replay_percent = random_.between(1, 50);
  weather_.reorder = random_.percent(30);
  if (random_.percent(20)) weather_.disk_high = milliseconds{random_.between(50, 1000)};
  for (Clock& clock : clocks_)
    clock.offset_ms = static_cast<std::int64_t>(random_.between(0, 240)) - 120;
  count(Fault::clock_drift);
}

void Cluster::plan_faults(Instant until) {
  const Instant next = agenda_.now() + random_.between(milliseconds{200}, milliseconds{4000});
  if (next > until) return;
  agenda_.at(next, [this, until] {
    one_fault();
    plan_faults(until);
  });
}

void Cluster::one_fault() {
  switch (random_.below(14)) {
    case 0:
    case 1:
    case 2:
      crash_one();
      break;
    case 3:
    case 4:
    case 5:
      cut_some();
      break;
    case 6:
    case 7:
      heal();
      break;
    case 8:
      disturb_a_clock();
      break;
    case 9:
      flap(random_.below(options_.nodes), random_.below(options_.nodes), 2 * random_.between(2, 5));
      break;
    case 10:
      fail_a_store();
      break;
    case 11:
      crash_some_at_a_point();
      break;
    case 12:
      restart_all();
      break;
    default:
      restart_in_turn(0);
  }
}

void Cluster::take_down(NodeIndex node) {
  trace(node, "crash", 0);
  if (nodes_[node]->crash() > 0) count(Fault::lost_write);
  for (NodeIndex peer = 0; peer < options_.nodes; ++peer)
    if (peer != node && nodes_[peer]->is_up()) nodes_[peer]->link_down(node);
}

void Cluster::crash_one() {
  const NodeIndex node = random_.below(options_.nodes);
  if (!nodes_[node]->is_up()) return;
  count(Fault::crash);
  take_down(node);
  // One lost disk beside the Byzantine nodes, as long as together they are at most f.
  const bool may_lose = options_.byzantine + 1 <= (options_.nodes - 1) / 3 && !disk_was_lost_;
  if (is_honest(node) && may_lose && random_.percent(30)) {
    disk_was_lost_ = true;
    count(Fault::disk_loss);
    trace(node, "disk lost", 0);
    nodes_[node]->lose_disk();
  }
  boot_after(node, milliseconds{50}, milliseconds{5000});
}

void Cluster::boot_after(NodeIndex node, milliseconds low, milliseconds high) {
  agenda_.after(random_.between(low, high), [this, node] { boot(node); });
}

// The whole cluster loses power at once.
void Cluster::restart_all() {
  count(Fault::cold_restart);
  for (NodeIndex node = 0; node < options_.nodes; ++node) {
    if (nodes_[node]->is_up()) take_down(node);
    boot_after(node, milliseconds{50}, milliseconds{3000});
  }
}

// One after the other, as for an upgrade.
void Cluster::restart_in_turn(NodeIndex node) {
  if (node == options_.nodes || !stormy_) return;
  if (nodes_[node]->is_up()) {
    if (node == 0) count(Fault::rolling_restart);
    take_down(node);
    agenda_.after(milliseconds{100}, [this, node] { boot(node); });
  }
  agenda_.after(milliseconds{300}, [this, node] { restart_in_turn(node + 1); });
}

// A write fails: the node signs nothing more until it is started again.
void Cluster::fail_a_store() {
  const NodeIndex node = random_.below(options_.nodes);
  if (!nodes_[node]->is_up() || nodes_[node]->core().is_halted()) return;
  count(Fault::store_failure);
  trace(node, "store failed", 0);
  nodes_[node]->fail_store();
  const model::Round signed_round = nodes_[node]->core().signed_round();
  const std::uint64_t life = nodes_[node]->life();
  agenda_.after(random_.between(milliseconds{50}, milliseconds{3000}), [=, this] {
    if (nodes_[node]->life() != life) return;  // crashed meanwhile
    if (nodes_[node]->core().signed_round() != signed_round)
      checks_.fail("signed: node " + std::to_string(node) + " went on after its store had failed");
    take_down(node);
    boot_after(node, milliseconds{50}, milliseconds{500});
  });
}

// Correlated crashes: each of some nodes goes down when it comes to this point next.
void Cluster::crash_some_at_a_point() {
  const auto point = static_cast<CrashPoint>(random_.below(kCrashPoints));
  for (NodeIndex node = 0; node < options_.nodes; ++node)
    if (random_.percent(60)) doomed_[node] = point;
}

void Cluster::reached(NodeIndex node, CrashPoint point) {
  const auto found = doomed_.find(node);
  if (found == doomed_.end() || found->second != point) return;
  doomed_.erase(found);
  count(point == CrashPoint::signed_not_stored ? Fault::crash_after_signing
                                               : Fault::crash_before_sending);
  take_down(node);
  boot_after(node, milliseconds{50}, milliseconds{2000});
}

void Cluster::disturb_a_clock() {
  Clock& clock = clocks_[random_.below(options_.nodes)];
  if (random_.percent(30)) {
    clock.frozen = !clock.frozen;
    clock.frozen_at = agenda_.now();
    if (clock.frozen) count(Fault::frozen_clock);
    return;
  }
  static constexpr auto kJumps = std::to_array<milliseconds>(
      {hours{1}, -hours{1}, hours{24 * 3652}, -hours{24 * 3652}});  // ten years
  clock.offset_ms = kJumps.at(random_.below(kJumps.size())).count();
  count(Fault::clock_jump);
}

// Counts only what cuts a link that was whole.
void Cluster::cut_some() {
  const std::size_t before = cut_.size();
  const auto each_pair = [&](auto&& cuts) {
    for (NodeIndex a = 0; a < options_.nodes; ++a)
      for (NodeIndex b = 0; b < options_.nodes; ++b)
        if (a != b && cuts(a, b)) set_cut(a, b, true);
  };
  switch (random_.below(4)) {
    case 0: {
      const NodeIndex from = random_.below(options_.nodes), to = random_.below(options_.nodes);
      each_pair([&](NodeIndex a, NodeIndex b) { return a == from && b == to; });
      if (cut_.size() > before) count(Fault::one_way_cut);
      break;
    }
    case 1: {
      const NodeIndex alone = random_.below(options_.nodes);
      each_pair([&](NodeIndex a, NodeIndex b) { return a == alone || b == alone; });
      if (cut_.size() > before) count(Fault::partition);
      break;
    }
    case 2: {
      std::vector<std::uint64_t> group(options_.nodes);
      const std::uint64_t groups = random_.between(2, 3);
      for (auto& of : group) of = random_.below(groups);
      each_pair([&](NodeIndex a, NodeIndex b) { return group[a] != group[b]; });
      if (cut_.size() > before) count(Fault::partition);
      break;
    }
    default: {  // neither side has a quorum
      const NodeIndex half = options_.nodes / 2;
      each_pair([&](NodeIndex a, NodeIndex b) { return (a < half) != (b < half); });
      if (cut_.size() > before) count(Fault::halves);
    }
  }
  agenda_.after(random_.between(milliseconds{200}, milliseconds{6000}), [this] { heal(); });
}

// One direction of a link comes and goes.
void Cluster::flap(NodeIndex from, NodeIndex to, std::uint64_t times) {
  if (from == to || times == 0 || !stormy_) return;
  const bool cut = times % 2 == 0;
  if (cut && !cut_.contains({from, to})) count(Fault::flap);
  set_cut(from, to, cut);
  agenda_.after(random_.between(milliseconds{20}, milliseconds{400}),
                [=, this] { flap(from, to, times - 1); });
}

void Cluster::heal() {
  const auto cuts = cut_;
  for (const auto& [from, to] : cuts) set_cut(from, to, false);
}

void Cluster::calm_weather() {
  heal();
  doomed_.clear();
  stormy_ = false;
  weather_ = {};
  for (NodeIndex node = 0; node < options_.nodes; ++node)
    if (nodes_[node]->is_up() && nodes_[node]->core().is_halted()) take_down(node);
  start_all();
}

}  // namespace holdfast::sim
