// node.h: one simulated device: the participant and the ledger of the product on a simulated disk,
// clock and network. Threads: one. Source: docs/design/reliability.md §2.
#pragma once

#include "node/participant.h"
#include "sim/host.h"
#include "sim/signer_disk.h"
#include "store/memory_store.h"

namespace holdfast::sim {

struct NodeSettings {
  consensus::EpochRules epoch;
  consensus::Parameters parameters;
  consensus::Primitives primitives;
  Behaviour behaviour = Behaviour::honest;
};

class Node final : private node::Surroundings {
 public:
  Node(Host& host, NodeIndex index, NodeSettings settings);
  ~Node() override;

  void start();
  auto crash() -> std::size_t;  // power loss: how many writes were not synced and are gone
  void fail_store();            // no write succeeds until it starts again
  void lose_disk();             // while down
  [[nodiscard]] auto is_up() const -> bool { return participant_ != nullptr; }
  void link_up(NodeIndex peer, model::Round last_received);  // of our blocks, by the peer
  void link_down(NodeIndex peer);
  void receive(NodeIndex from, const Wire& message);
  // What the user of this device writes next.
  void write(Users& users);

  [[nodiscard]] auto core() const -> const consensus::Core& { return participant_->core(); }
  [[nodiscard]] auto life() const -> std::uint64_t { return life_; }
  [[nodiscard]] auto index() const -> NodeIndex { return index_; }
  [[nodiscard]] auto durable_height() const -> model::Height;
  // What was submitted here and still waits.
  [[nodiscard]] auto unsettled() const -> std::size_t {
    return std::max(core().pool().size(), participant_->pending());
  }
  // Of all that is replicated, as it is on disk, with the height up to which it is applied.
  [[nodiscard]] auto content() const -> std::pair<model::Height, model::Digest>;

 private:
  // ---- node::Surroundings
  void sign(consensus::SignBlock request) override;
  void sign(consensus::SignCheckpoint request) override;
  void sync() override;
  void set_timer(const consensus::SetTimer& timer) override;
  void send(const consensus::Send& what) override;
  void fetch(const consensus::FetchRequest& request) override;
  void fetch(const consensus::FetchCommits& request) override;
  void delivered(const consensus::CommittedSubDag& commit) override;
  void applied(const node::Tip& tip, std::span<const model::Digest> items,
               std::span<const vault::Outcome> outcomes) override;
  void refused(const model::Digest& item, base::Error reason) override;
  void certified(const consensus::CheckpointCertificate& certificate) override;
  void misconduct(const consensus::EquivocationProof& proof) override;
  void epoch_ended(model::Height height) override;
  void halted(consensus::HaltReason reason) override;

  void on(NodeIndex from, const Blocks& message);
  void on(NodeIndex from, const BlocksWanted& message);
  void on(NodeIndex from, const CommitsWanted& message);
  void on(NodeIndex from, const Commits& message);
  void on(NodeIndex from, const Vote& message);
  void on(NodeIndex from, const LatestWanted& message);
  void on(NodeIndex from, const Latest& message);

  [[nodiscard]] auto settings() -> node::ParticipantSettings;
  void step(const consensus::Input& input);
  void check_bounds();
  void send_to(const std::optional<consensus::PeerId>& to, const Wire& message);
  void send_own_block(const std::optional<consensus::PeerId>& to, const consensus::BlockPtr& block);
  void later(Instant delay, std::function<void()> action);  // unless it crashes before
  [[nodiscard]] auto moment() const -> consensus::Moment;
  [[nodiscard]] auto self() const -> const model::CommitteeMember& {
    return settings_.epoch.committee.members[index_];
  }
  [[nodiscard]] auto twin_of(const consensus::BlockPtr& block) -> consensus::BlockPtr;
  [[nodiscard]] auto altered(const consensus::BlockPtr& block) -> consensus::BlockPtr;

  Host& host_;
  NodeIndex index_;
  NodeSettings settings_;
  store::MemoryStore store_;
  SignerDisk signer_;
  std::unique_ptr<node::Ledger> ledger_;
  std::unique_ptr<node::Participant> participant_;
  std::uint64_t life_ = 0;  // counts crashes, so that what was planned before is void
  std::array<std::uint64_t, 2> timers_{};  // how often each was set: the last one counts
  std::map<model::BlockRef, consensus::BlockPtr> twins_;  // of an equivocator
};

}  // namespace holdfast::sim
