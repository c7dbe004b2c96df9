// disk.h: what a simulated node has stored: batches in order, each durable once synced. Power loss
// keeps what is synced and any prefix of what is not. The signer file is synced after the batch
// that holds the own block. Threads: one. Source: docs/design/consensus.md §9.
#pragma once

#include <deque>
#include <map>

#include "consensus/core.h"
#include "sim/random.h"

namespace holdfast::sim {

class Disk {
 public:
  void write(const consensus::Persist& persist) { unsynced_.push_back(persist); }
  // The oldest batch that is not synced becomes durable.
  auto sync_next() -> consensus::PersistId;
  [[nodiscard]] auto has_unsynced() const -> bool { return !unsynced_.empty(); }
  auto power_loss(Random& random) -> std::size_t;  // how many batches are gone
  void wipe();

  [[nodiscard]] auto recovered(const consensus::Parameters& parameters) const
      -> consensus::Recovered;
  [[nodiscard]] auto is_lost() const -> bool { return lost_; }  // and nothing remembered since

  // What a peer may be given: durable only.
  [[nodiscard]] auto block(const model::BlockRef& ref) const -> consensus::BlockPtr;
  [[nodiscard]] auto commits() const -> const std::deque<consensus::CommittedSubDag>& {
    return commits_;
  }
  [[nodiscard]] auto voters_for(const model::CommitVote& vote) const
      -> std::vector<consensus::BlockPtr>;
  [[nodiscard]] auto height() const -> model::Height;

 private:
  void apply(const consensus::Batch& batch);

  std::deque<consensus::Persist> unsynced_;
  std::map<model::BlockRef, consensus::BlockPtr> blocks_;
  std::map<model::Height, std::vector<consensus::BlockPtr>> voters_;
  std::deque<consensus::CommittedSubDag> commits_;
  consensus::BlockPtr own_last_;
  model::Round signer_round_{};
  bool lost_ = false;
};

}  // namespace holdfast::sim
