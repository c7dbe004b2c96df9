// lab.h: a few cores on one virtual clock. Signatures and syncs take no time; messages and timers
// wait in one list, and whoever runs the lab says which comes next. The first violation of what
// must always hold is kept: one header a slot, no round left out that may not be, own blocks and
// commits that wait for their sync, equal commits at equal heights, the last commit of an epoch
// behind its barrier, no halt.
// Limits: the caller's. Time: virtual. Threads: one.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "choices.h"
#include "consensus/blocks.h"
#include "consensus/core.h"

namespace holdfast::consensus {

using NodeIndex = std::size_t;

struct LabSettings {
  std::size_t validators = 4;
  // How long a message takes; the round is that of a block, 0 for anything else.
  std::function<milliseconds(NodeIndex from, NodeIndex to, Round round)> delay =
      [](NodeIndex, NodeIndex, Round) { return milliseconds{10}; };
  std::set<NodeIndex> silent{};       // never start
  std::set<NodeIndex> early_ready{};  // Byzantine: ready to close before the barrier
  std::set<NodeIndex> deniers{};      // Byzantine: say that they signed nothing, and serve nothing
};

class Lab {
 public:
  explicit Lab(LabSettings settings);

  void start();
  void submit(NodeIndex node, std::uint8_t number, bool closes_epoch = false);
  void hand(NodeIndex node, Input input) { step(node, std::move(input)); }
  // Loses store and signer file, and starts again.
  void forget(NodeIndex node);

  // ---- what waits: messages, timers; the one that is due first is number 0
  [[nodiscard]] auto waiting() const -> std::size_t { return events_.size(); }
  void carry_out(std::size_t number);
  void run_until(Instant end);
  // Carries out up to `steps`, the choices saying which of the first `window`.
  void run(Choices& choices, std::size_t steps, std::size_t window);
  // In their order until nothing waits or so many were carried out.
  void settle(std::size_t steps_max);

  [[nodiscard]] auto now() const -> Instant { return now_; }
  [[nodiscard]] auto core(NodeIndex node) const -> const Core& { return *nodes_.at(node).core; }
  [[nodiscard]] auto is_up(NodeIndex node) const -> bool { return nodes_.at(node).core != nullptr; }
  [[nodiscard]] auto height(NodeIndex node) const -> model::Height;
  [[nodiscard]] auto has_ordered(NodeIndex node, std::uint8_t number) const -> bool;
  [[nodiscard]] auto ended_at(NodeIndex node) const -> std::optional<model::Height> {
    return nodes_.at(node).ended_at;
  }
  [[nodiscard]] auto proposals() const -> std::uint64_t { return proposals_; }
  [[nodiscard]] auto violation() const -> const Violation& { return violation_; }
  void fail(std::string sentence);

 private:
  struct Node {
    std::unique_ptr<Core> core;
    std::uint64_t life = 0;
    std::map<BlockRef, BlockPtr> stored;
    std::map<BlockRef, PersistId> own;           // of this life, and the batch of each
    std::map<model::Height, PersistId> commits;  // likewise
    std::set<TxKey> ordered;
    std::optional<model::Height> closed_at, ended_at;
  };
  struct Event {
    NodeIndex node = 0;
    std::uint64_t life = 0;
    Input input;
  };

  void start(NodeIndex node, const Recovered& recovered);
  void plan(Instant at, NodeIndex node, Input input);
  void step(NodeIndex node, Input input);
  void on(NodeIndex node, const Persist& effect, std::vector<Input>& more);
  void on(NodeIndex node, const SignBlock& effect, std::vector<Input>& more);
  void on(NodeIndex node, const Send& effect);
  void on(NodeIndex node, const Fetch& effect);
  void on(NodeIndex node, const SetTimer& effect);
  void on(NodeIndex node, const Deliver& effect, std::vector<Input>& more);
  void send_to(NodeIndex from, NodeIndex to, const Message& message);
  [[nodiscard]] auto is_honest(NodeIndex node) const -> bool;

  LabSettings settings_;
  EpochRules epoch_;
  LeaderSchedule schedule_;
  std::vector<Node> nodes_;
  Instant now_{};
  std::map<std::pair<Instant, std::uint64_t>, Event> events_;
  std::uint64_t planned_ = 0;
  std::uint64_t proposals_ = 0;
  std::set<TxKey> closing_;
  std::map<std::pair<NodeIndex, Round>, base::Bytes> sent_;
  std::map<model::Height, model::CommitDigest> commits_;
  Violation violation_;
};

}  // namespace holdfast::consensus
