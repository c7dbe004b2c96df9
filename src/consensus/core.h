// core.h: one validator, or one follower, of one epoch: inputs go in, ordered effects come out.
// Invariant: no clock, no randomness, no store, no sockets, no threads: equal inputs give equal
// effects. What is sent or delivered names the Persist that guards it. One proposal is in flight
// at a time: sign, persist, send. After a Halt nothing is signed any more.
// Limits: parameters.h and each part's own. Time: monotonic and wall time are arguments. Threads:
// one. Errors: none are returned; what a peer does wrong is dropped and counted.
// Source: Mysticeti-C (2310.14821), docs/design/consensus.md §12.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "consensus/amnesia.h"
#include "consensus/block_manager.h"
#include "consensus/decision.h"
#include "consensus/effects.h"
#include "consensus/input.h"
#include "consensus/leader_timeout.h"
#include "consensus/lineariser.h"
#include "consensus/proposer.h"
#include "consensus/threshold_clock.h"
#include "consensus/transaction_pool.h"

namespace holdfast::consensus {

struct Moment {
  Instant monotonic{};
  model::TimeMs wall{};  // for the timestamps of own blocks only
};

// What is durable when the core starts. A fresh epoch has none of it.
struct Recovered {
  Round signed_round{};  // P: the higher one of signer file and store
  BlockPtr last_own;     // null: none
  CommitState commit;    // the last one; its leader decides where the cursor and gc_round stand
  std::vector<BlockPtr> blocks;       // above gc_round, in order of rounds
  std::vector<BlockRef> committed;    // which of them were
  std::vector<AuthorIndex> ready;     // authors of committed blocks that were ready to close
  model::Height checkpoint_height{};  // where the last one was due
  model::TimeMs checkpoint_at{};
  bool items_since_checkpoint = false;
  std::optional<model::AmnesiaNonce> amnesia;  // signer file or store were lost
};

// How much a core holds of everything that comes and goes; all of it is bounded.
struct Held {
  std::size_t blocks = 0, suspended = 0, missing = 0, wanted = 0;
  std::size_t undecided = 0;  // leader slots that were looked at and not given out
  std::size_t transactions = 0, own_blocks = 0;
  std::size_t votable = 0, unapplied = 0;
  std::size_t checkpoint_votes = 0, own_checkpoints = 0;
  std::size_t system_items = 0;
};

struct CoreSettings {
  EpochRules epoch;
  std::optional<AuthorIndex> self;  // nothing: a follower
  model::Digest beacon;             // digest of the previous epoch's last commit
  Parameters parameters;
  Primitives primitives;
};

class Core {
 public:
  Core(CoreSettings settings, const Recovered& recovered, Moment now);
  ~Core();
  Core(const Core&) = delete;
  auto operator=(const Core&) -> Core& = delete;

  // Started comes first, once.
  [[nodiscard]] auto step(const Input& input, Moment now) -> std::vector<Effect>;

  // ---- for metrics, status and tests
  [[nodiscard]] auto dag() const -> const Dag& { return dag_; }
  [[nodiscard]] auto committed() const -> const CommitState& { return lineariser_.state(); }
  [[nodiscard]] auto signed_round() const -> Round { return proposer_.proposed(); }
  [[nodiscard]] auto clock_round() const -> Round { return clock_.round(); }
  [[nodiscard]] auto pool() const -> const TransactionPool& { return pool_; }
  [[nodiscard]] auto blocks() const -> const BlockManager& { return manager_; }
  [[nodiscard]] auto fetcher() const -> const Fetcher& { return fetcher_; }
  [[nodiscard]] auto decider() const -> const Decider& { return decider_; }
  [[nodiscard]] auto is_busy() const -> bool;
  [[nodiscard]] auto is_in_amnesia() const -> bool { return amnesia_.has_value(); }
  [[nodiscard]] auto is_halted() const -> bool { return halted_; }
  [[nodiscard]] auto has_ended() const -> bool { return ended_; }
  [[nodiscard]] auto refused_blocks() const -> std::uint64_t { return refused_blocks_; }
  [[nodiscard]] auto held() const -> Held;
  [[nodiscard]] auto leader_timeout() const -> milliseconds { return timeout_.wait(); }

 private:
  // core.cc
  void on(const Started& in);
  void on(const BlocksVerified& in);
  void on(const CommitsCertified& in);
  void on(const Persisted& in);
  void on(const StoreFailed& in);
  void on(const TimerFired& in);
  void on(const Submit& in);
  void on(const PeerUp& in);
  void on(const PeerDown& in);
  void on(const FetchFailed& in);
  void on_accepted(const std::vector<DagBlock*>& blocks);
  void decide_and_commit();
  void record(CommittedSubDag sub_dag);
  void collect();
  void fetch_missing(std::optional<PeerId> from);
  void set_timer(TimerKind kind, Instant at);
  void flush();
  void halt(HaltReason reason);
  // core_propose.cc
  void on(const BlockSigned& in);
  void propose();
  void build(const ProposalPlan& plan);
  void nudge();
  void send_own_since(PeerId peer, Round last_received);
  [[nodiscard]] auto own_last_ref() const -> BlockRef;
  [[nodiscard]] auto may_sign() const -> bool;
  [[nodiscard]] auto take_payload(Round round) -> std::vector<base::Bytes>;
  [[nodiscard]] auto take_commit_votes() -> std::vector<model::CommitVote>;
  // core_recovery.cc
  void recover(const Recovered& recovered);
  void on(const LatestAsked& in);
  void on(const LatestAnswered& in);
  void on(const OwnerConfirmed& in);
  void try_to_remember();
  void remember(Round floor);
  void ask_latest();
  void forget_wants(const model::LatestAnswer& answer);
  // core_checkpoint.cc
  void on(const Applied& in);
  void on(const CheckpointSigned& in);
  void on(const CheckpointVoted& in);
  void count_vote(const model::VerifiedCheckpointVote& vote);

  struct InFlight {  // the proposal
    SignId sign{};
    Round round{};
    base::Bytes header;
    std::optional<PersistId> persist;  // signed, not yet durable
  };
  struct Unapplied {  // a delivered commit whose roots are not known yet
    model::CommitDigest digest;
    model::Digest tx_root;
    model::TimeMs timestamp{};
    bool has_items = false;
    bool last_of_epoch = false;
  };
  struct Votable {
    PersistId persist{};
    model::CommitVote vote;
  };

  const CoreSettings settings_;
  const Validators validators_;
  const LeaderSchedule schedule_;
  Dag dag_;
  BlockManager manager_;
  ThresholdClock clock_;
  Decider decider_;
  Lineariser lineariser_;
  Proposer proposer_;
  LeaderTimeout timeout_;
  TransactionPool pool_;
  Fetcher fetcher_;
  CommitVotes commit_votes_;
  CheckpointVotes checkpoints_;
  EquivocationWatch watch_;
  std::optional<Amnesia> amnesia_;

  Moment now_{};  // of the step that runs
  std::vector<Effect> effects_;
  Batch batch_;
  PersistId last_persist_{};
  PersistId persisted_{};
  SignId last_sign_{};

  BlockPtr own_last_;
  std::optional<InFlight> in_flight_;
  std::deque<Votable> votable_;
  std::vector<base::Bytes> system_items_;
  Instant last_commit_at_{};
  Instant nudge_at_{};
  std::array<std::optional<Instant>, kTimerKinds> timers_;  // as set, by kind; fired ones are gone
  std::optional<Instant> sync_asked_until_;

  std::map<model::Height, Unapplied> unapplied_;
  model::Height checkpoint_height_{};
  model::TimeMs checkpoint_at_{};
  bool items_since_checkpoint_ = false;

  bool closing_ = false;  // the barrier was applied: own blocks are ready and carry no transactions
  AuthorSet ready_;       // authors of committed blocks that were ready
  bool ended_ = false;
  bool halted_ = false;
  std::uint64_t refused_blocks_ = 0;
};

}  // namespace holdfast::consensus
