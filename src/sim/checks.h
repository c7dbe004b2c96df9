// checks.h: what must hold in every run, judged apart from the workload and from the nodes.
// The first violation is kept as a sentence; the run stops. Threads: one.
// Source: docs/design/reliability.md §1.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consensus/effects.h"

namespace holdfast::sim {

using NodeIndex = std::size_t;

class Checks {
 public:
  explicit Checks(std::set<NodeIndex> honest) : honest_{std::move(honest)} {}

  // I1: no two honest nodes commit different things at one height; each node's heights are dense.
  void delivered(NodeIndex node, const consensus::CommittedSubDag& commit);
  // What an honest node lets out for one slot has one header, whatever it forgot in between.
  void sent(NodeIndex node, const model::Block& block);
  // I2: what was delivered is still there after a restart.
  void restarted(NodeIndex node, model::Height height, bool lost_its_disk);
  // I4: equal roots at equal heights.
  void applied(NodeIndex node, model::Height height, const model::Digest& root);
  // Honest nodes stop for nothing but a failed write as long as at most f nodes are faulty.
  void halted(NodeIndex node, consensus::HaltReason reason);
  // I6
  void bounded(NodeIndex node, const char* what, std::size_t value, std::size_t limit);
  void fail(std::string sentence);

  [[nodiscard]] auto violation() const -> const std::optional<std::string>& { return violation_; }
  [[nodiscard]] auto highest() const -> model::Height { return highest_; }
  [[nodiscard]] auto delivered_height(NodeIndex node) const -> model::Height;
  [[nodiscard]] auto commits_checked() const -> std::uint64_t { return commits_checked_; }

 private:
  [[nodiscard]] auto is_honest(NodeIndex node) const -> bool { return honest_.contains(node); }

  std::set<NodeIndex> honest_;
  std::map<model::Height, model::CommitDigest> commits_;
  std::map<model::Height, model::Digest> roots_;
  std::map<NodeIndex, model::Height> heights_;
  std::map<std::pair<NodeIndex, std::pair<model::Epoch, model::Round>>, base::Bytes> headers_;
  model::Height highest_{};
  std::uint64_t commits_checked_ = 0;
  std::optional<std::string> violation_;
};

}  // namespace holdfast::sim
