// cluster.h: the nodes of one simulation, the links between them, and what goes wrong with both.
// Threads: one. Source: docs/design/reliability.md §2, §3.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "crypto/hash.h"
#include "sim/node.h"
#include "sim/simulation.h"

namespace holdfast::sim {

class Cluster final : public Host {
 public:
  explicit Cluster(const Options& options, std::string* lines);
  ~Cluster() override;

  auto run() -> Report;

  // ---- Host
  [[nodiscard]] auto agenda() -> Agenda& override { return agenda_; }
  [[nodiscard]] auto random() -> Random& override { return random_; }
  [[nodiscard]] auto checks() -> Checks& override { return checks_; }
  void send(NodeIndex from, NodeIndex to, Wire message) override;
  [[nodiscard]] auto is_linked(NodeIndex a, NodeIndex b) const -> bool override;
  [[nodiscard]] auto wall_clock(NodeIndex node) const -> model::TimeMs override;
  [[nodiscard]] auto disk_latency() -> Instant override;
  [[nodiscard]] auto verified(const RawBlock& block) -> consensus::BlockPtr override;
  [[nodiscard]] auto sign(NodeIndex node, base::Bytes header, std::vector<base::Bytes> payload)
      -> consensus::BlockPtr override;
  void on_delivered(NodeIndex node, const consensus::CommittedSubDag& commit) override;
  [[nodiscard]] auto world() const -> const VaultWorld& override { return world_; }
  [[nodiscard]] auto signatures() -> Signatures& override { return *signatures_; }
  void on_written(NodeIndex node, const consensus::TxKey& id) override;
  void on_sequenced(NodeIndex node, const consensus::TxKey& id,
                    model::OutcomeKind outcome) override;
  void on_refused(NodeIndex node, const consensus::TxKey& id) override;
  void reached(NodeIndex node, CrashPoint point) override;
  void trace(NodeIndex node, std::string_view what, std::uint64_t number) override;

 private:
  struct Latency {
    milliseconds low{10}, high{20}, tail_low{10}, tail_high{20};
    std::uint64_t tail_percent = 0;
  };
  // One draw from the ranges of the design a run.
  struct Weather {
    Latency latency;
    std::uint64_t loss_percent = 0;
    std::uint64_t replay_percent = 0;
    bool reorder = false;
    milliseconds disk_high{3};
  };
  struct Clock {  // what a node reads, beside the true time
    std::int64_t offset_ms = 0;
    bool frozen = false;
    Instant frozen_at{};
  };
  struct Pending {
    NodeIndex node{};
    Instant since{};
  };

  void start_all();
  void start_most();
  void plan_workload(Instant until);
  void boot(NodeIndex node);
  void connect(NodeIndex a, NodeIndex b);
  void set_cut(NodeIndex from, NodeIndex to, bool cut);
  void count(Fault fault) { ++report_.faults[std::to_underlying(fault)]; }
  void submit_one();
  void arrive(Instant when, NodeIndex from, NodeIndex to, Wire message);
  [[nodiscard]] auto delay() -> Instant;
  [[nodiscard]] auto is_absent(NodeIndex node) const -> bool {
    return node + options_.absent >= options_.nodes;  // the last ones never start
  }
  [[nodiscard]] auto is_honest(NodeIndex node) const -> bool {
    return node >= options_.byzantine;  // the first ones are not
  }
  void compare_contents();
  [[nodiscard]] auto has_everything(NodeIndex node) const -> bool;
  [[nodiscard]] auto all_have_everything() const -> bool;
  [[nodiscard]] auto first_laggard() const -> std::string;
  // cluster_faults.cc
  void draw_weather();
  void plan_faults(Instant until);
  void one_fault();
  void take_down(NodeIndex node);
  void boot_after(NodeIndex node, milliseconds low, milliseconds high);
  void crash_one();
  void restart_all();
  void restart_in_turn(NodeIndex node);
  void fail_a_store();
  void crash_some_at_a_point();
  void disturb_a_clock();
  void cut_some();
  void flap(NodeIndex from, NodeIndex to, std::uint64_t times);
  void heal();
  void calm_weather();

  const Options options_;
  std::string* lines_;
  Agenda agenda_;
  Random random_;
  Checks checks_;
  crypto::Sha256 trace_;
  std::unique_ptr<Signatures> signatures_;
  VaultWorld world_;
  Users users_;
  std::unique_ptr<consensus::EpochRules> epoch_;
  std::vector<std::unique_ptr<Node>> nodes_;
  Weather weather_;
  std::set<std::pair<NodeIndex, NodeIndex>> cut_;  // from, to
  std::vector<Instant> last_arrival_;              // by from * nodes + to
  std::vector<Clock> clocks_;
  std::map<NodeIndex, CrashPoint> doomed_;  // goes down when it comes there
  std::map<const model::Block*, std::pair<RawBlock, consensus::BlockPtr>> verified_;
  std::map<consensus::TxKey, Pending> pending_;
  std::map<model::BlockRef, Instant> proposed_;  // with a payload, not yet delivered
  bool stormy_ = true;
  bool disk_was_lost_ = false;
  Report report_;
};

}  // namespace holdfast::sim
