// node.h: one simulated device: a consensus core, a disk, and the application of commits. It
// carries out the core's effects as a product does: what must wait for a sync waits. Threads: one.
// Source: docs/design/consensus.md §9, §12.
#pragma once

#include <memory>
#include <set>

#include "sim/disk.h"
#include "sim/host.h"

namespace holdfast::sim {

struct NodeSettings {
  consensus::EpochRules epoch;
  consensus::Parameters parameters;
  consensus::Primitives primitives;
  Behaviour behaviour = Behaviour::honest;
};

class Node {
 public:
  Node(Host& host, NodeIndex index, NodeSettings settings);

  void start();
  auto crash() -> std::size_t;  // power loss: how many writes were not synced and are gone
  void fail_store();            // no write succeeds until it starts again
  void lose_disk();             // while down
  [[nodiscard]] auto is_up() const -> bool { return core_ != nullptr; }
  void link_up(NodeIndex peer, model::Round last_received);  // of our blocks, by the peer
  void link_down(NodeIndex peer);
  void receive(NodeIndex from, const Wire& message);
  void submit(base::Bytes transaction);

  [[nodiscard]] auto core() const -> const consensus::Core& { return *core_; }
  [[nodiscard]] auto disk() const -> const Disk& { return disk_; }
  [[nodiscard]] auto life() const -> std::uint64_t { return life_; }
  [[nodiscard]] auto index() const -> NodeIndex { return index_; }
  [[nodiscard]] auto has_applied(const consensus::TxKey& id) const -> bool {
    return applied_.contains(id);
  }

 private:
  void step(const consensus::Input& input);
  void carry_out(consensus::Effect effect);
  void on(consensus::SignBlock effect);
  void on(const consensus::SignCheckpoint& effect);
  void on(const consensus::Persist& effect);
  void on(const consensus::Send& effect);
  void on(const consensus::Fetch& effect);
  void on(const consensus::FetchCommits& effect);
  void on(const consensus::SetTimer& effect);
  void on(const consensus::Deliver& effect);
  void on(const consensus::TxStatus& effect);
  void on(const consensus::CheckpointCertified& effect);
  void on(const consensus::Misconduct& effect);
  void on(const consensus::EpochEnded& effect);
  void on(const consensus::Halt& effect);

  void on(NodeIndex from, const Blocks& message);
  void on(NodeIndex from, const BlocksWanted& message);
  void on(NodeIndex from, const CommitsWanted& message);
  void on(NodeIndex from, const Commits& message);
  void on(NodeIndex from, const Vote& message);
  void on(NodeIndex from, const LatestWanted& message);
  void on(NodeIndex from, const Latest& message);

  void sync_later();
  void synced();
  void release();
  void send_to(const std::optional<consensus::PeerId>& to, const Wire& message);
  void send_own_block(const std::optional<consensus::PeerId>& to, const consensus::BlockPtr& block);
  void apply(const consensus::CommittedSubDag& commit);
  void later(Instant delay, std::function<void()> action);  // unless it crashes before
  [[nodiscard]] auto moment() const -> consensus::Moment;
  [[nodiscard]] auto twin_of(const consensus::BlockPtr& block) -> consensus::BlockPtr;
  [[nodiscard]] auto altered(const consensus::BlockPtr& block) -> consensus::BlockPtr;

  Host& host_;
  NodeIndex index_;
  NodeSettings settings_;
  Disk disk_;
  std::unique_ptr<consensus::Core> core_;
  std::uint64_t life_ = 0;  // counts crashes, so that what was planned before is void
  std::array<std::uint64_t, 2> timers_{};  // how often each was set: the last one counts
  bool syncing_ = false;
  bool store_failed_ = false;
  consensus::PersistId persisted_{};
  std::deque<consensus::Effect> held_;  // Send and Deliver that wait for a sync, in order
  std::set<consensus::TxKey> applied_;
  model::Digest root_{};
  model::Height applied_height_{};
  std::map<model::BlockRef, consensus::BlockPtr> twins_;  // of an equivocator
};

}  // namespace holdfast::sim
