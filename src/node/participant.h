// participant.h: one device's part in ordering one epoch: it carries out what consensus::Core asks
// for. Batches go to the store in order; what must wait for a sync waits; delivered commits are
// applied by the ledger; a restart begins from the store. The daemon and the simulator run this.
// Invariant: nothing is sent, delivered or voted for before what guards it is synced, own blocks
// not before their round is in the signer record, too; a transaction submitted here stays pending
// until the rules settle it. After a failed write or sync nothing more is signed.
// Limits: the core's, the transaction pool's. Time: an argument. Threads: one. Errors: the store's
// on start; later they halt the core. Source: docs/design/consensus.md §9, §12.
#pragma once

#include <deque>
#include <map>

#include "node/dag_store.h"
#include "node/ledger.h"
#include "ports/signer_record.h"

namespace holdfast::node {

// What a participant asks of the world around it. Nothing here may call the participant back before
// it has returned.
class Surroundings {
 public:
  Surroundings() = default;
  Surroundings(const Surroundings&) = delete;
  auto operator=(const Surroundings&) -> Surroundings& = delete;
  virtual ~Surroundings() = default;

  virtual void sign(consensus::SignBlock request) = 0;       // answered by BlockSigned
  virtual void sign(consensus::SignCheckpoint request) = 0;  // answered by CheckpointSigned
  virtual void sync() = 0;                                   // answered by Participant::sync()
  virtual void set_timer(const consensus::SetTimer& timer) = 0;
  virtual void send(const consensus::Send& what) = 0;
  virtual void fetch(const consensus::FetchRequest& request) = 0;
  virtual void fetch(const consensus::FetchCommits& request) = 0;

  // News.
  virtual void delivered(const consensus::CommittedSubDag& commit) = 0;
  virtual void applied(const Tip& tip, std::span<const model::Digest> items,
                       std::span<const vault::Outcome> outcomes) = 0;
  virtual void refused(const model::Digest& item, base::Error reason) = 0;  // submitted here
  virtual void certified(const consensus::CheckpointCertificate& certificate) = 0;
  virtual void misconduct(const consensus::EquivocationProof& proof) = 0;
  virtual void epoch_ended(model::Height height) = 0;
  virtual void halted(consensus::HaltReason reason) = 0;
};

struct ParticipantSettings {
  consensus::EpochRules epoch;
  std::optional<model::AuthorIndex> self;  // nothing: a follower
  model::Digest beacon;                    // digest of the previous epoch's last commit
  consensus::Parameters parameters;
  consensus::Primitives primitives;
  VerifyBlock verify_block;
  VerifyTransaction verify_transaction;
};

// The id of a transaction; of anything else in a payload its hash.
[[nodiscard]] auto item_id(base::ByteView item) -> model::Digest;

class Participant {
 public:
  Participant(ParticipantSettings settings, ports::KeyValueStore& store, Ledger& ledger,
              ports::SignerRecord& signer, Surroundings& around);
  ~Participant();
  Participant(const Participant&) = delete;
  auto operator=(const Participant&) -> Participant& = delete;

  // Once, first: applies what was committed and not applied, then goes on from there. With a
  // nonce: signer record or store were lost.
  [[nodiscard]] auto start(const std::optional<model::AmnesiaNonce>& amnesia, consensus::Moment now)
      -> base::Result<void>;
  void step(const consensus::Input& input, consensus::Moment now);
  // The disk is ready: syncs what was written, then lets go of what waited for it.
  void sync(consensus::Moment now);
  // Keeps it as pending and offers it; known ones are taken as they are.
  void submit(const model::SignedTransaction& transaction, consensus::Moment now);

  // What a peer sent as following `from`; dropped unless a quorum has voted for it.
  void receive(model::Height from, const CommitRange& range, consensus::Moment now);

  // ---- for peers who ask: what is durable
  [[nodiscard]] auto block(const model::BlockRef& ref) const
      -> base::Result<std::shared_ptr<const model::Block>>;  // null: not here
  [[nodiscard]] auto commits_after(model::Height from) const -> base::Result<CommitRange>;

  [[nodiscard]] auto core() const -> const consensus::Core& { return *core_; }
  [[nodiscard]] auto pending() const -> std::size_t { return pending_.size(); }
  // The number that the author's next transaction has, after those that are pending here.
  [[nodiscard]] auto last_of(const model::DeviceId& author) const -> model::AuthorState;

 private:
  struct Pending {
    std::uint64_t number = 0;  // its key in the store: in order of submission
    base::Bytes bytes;
    model::DeviceId author;
    model::AuthorSeq seq{};
    std::optional<model::TxId> previous{};
    bool offered = false;  // to the core
  };

  void carry_out(consensus::Effect effect);
  [[nodiscard]] auto must_wait(const consensus::Effect& effect) const -> bool;
  void on(consensus::SignBlock effect) { around_.sign(std::move(effect)); }
  void on(consensus::SignCheckpoint effect) { around_.sign(std::move(effect)); }
  void on(const consensus::Persist& effect);
  void on(const consensus::Send& effect) { around_.send(effect); }
  void on(const consensus::Fetch& effect) { around_.fetch(effect.request); }
  void on(const consensus::FetchCommits& effect) { around_.fetch(effect); }
  void on(const consensus::SetTimer& effect) { around_.set_timer(effect); }
  void on(const consensus::Deliver& effect);
  void on(const consensus::TxStatus& effect);
  void on(const consensus::CheckpointCertified& effect);
  void on(const consensus::Misconduct& effect) { around_.misconduct(effect.proof); }
  void on(const consensus::EpochEnded& effect) { around_.epoch_ended(effect.height); }
  void on(const consensus::Halt& effect) { around_.halted(effect.reason); }

  struct Commit {  // to apply
    const model::Commit& commit;
    const model::CommitDigest& digest;
    std::vector<base::ByteView> items;
    std::vector<model::Digest> item_ids;
    bool last_of_epoch = false;
  };
  auto apply(const Commit& commit) -> base::Result<void>;
  auto apply_unapplied(const consensus::Recovered& recovered) -> base::Result<void>;
  auto sign_last_checkpoint_again() -> base::Result<void>;
  void keep_own_vote(const consensus::CheckpointSigned& vote);
  void write(const ports::Batch& batch);
  auto sync_all() -> base::Result<void>;
  void offer_again(consensus::Moment now);
  void settle(const model::Digest& item, base::ByteView bytes, model::OutcomeKind kind,
              ports::Batch& batch);
  void drop(const model::Digest& item, base::Error reason);
  auto load_pending() -> base::Result<void>;

  const ParticipantSettings settings_;
  ports::KeyValueStore& store_;
  Ledger& ledger_;
  ports::SignerRecord& signer_;
  Surroundings& around_;
  DagStore dag_;
  std::unique_ptr<consensus::Core> core_;

  consensus::PersistId written_{};
  consensus::PersistId persisted_{};
  bool syncing_ = false;
  bool failed_ = false;
  std::optional<ports::SignerState> to_note_;  // of what is written and not synced
  std::deque<consensus::Effect> held_;         // Send and Deliver that wait for a sync, in order
  std::vector<consensus::Applied> applied_;    // applied, not synced
  std::map<model::Digest, Pending> pending_;
  std::uint64_t next_pending_ = 1;
  bool may_offer_ = false;  // something was applied since they were offered
};

}  // namespace holdfast::node
