// effects.h: everything the core asks for, as ordered data. An effect that must wait names the
// Persist it waits for; whoever carries effects out holds it back until that one is synced.
// Threads: values. Source: docs/design/consensus.md §12.
#pragma once

#include <variant>

#include "consensus/equivocation.h"
#include "consensus/input.h"

namespace holdfast::consensus {

// ---- signatures, asked for once each
struct SignBlock {
  SignId id{};
  base::Bytes header;  // encoded; the message is model::header_message
  std::vector<base::Bytes> payload;
};
struct SignCheckpoint {
  SignId id{};
  base::Bytes checkpoint;
};

// ---- storage, in order
struct Batch {
  std::vector<BlockPtr> blocks;  // accepted
  BlockPtr own;                  // the own block, also for the signer file; or null
  std::optional<Round> floor;    // for the signer file: what was forgotten ended at most here
  std::vector<CommittedSubDag> commits;  // their blocks were in this or an earlier batch
  Round gc_round{};
};
struct Persist {
  PersistId id{};
  Batch batch;
};

// ---- messages
struct BlockMessage {
  BlockPtr block;  // its stored bytes
};
struct CheckpointMessage {
  model::CheckpointVote vote;
};
struct AskLatest {
  model::AmnesiaNonce nonce;
  AuthorIndex author{};
};
struct AnswerLatest {  // to be signed by the node key, purpose amnesia
  model::LatestAnswer answer;
};
using Message = std::variant<BlockMessage, CheckpointMessage, AskLatest, AnswerLatest>;
struct Send {
  PersistId after{};
  std::optional<PeerId> to;  // nothing: every connected peer
  Message message;
};
struct Fetch {
  FetchRequest request;
};
struct FetchCommits {
  CommitState from;
  model::Height to{};
};

// ---- the rest
struct SetTimer {  // in place of the one of this kind that runs
  TimerKind kind{};
  Instant at{};
};
struct Deliver {
  PersistId after{};
  CommittedSubDag commit;
  bool last_of_epoch = false;
};
enum class TxFate : std::uint8_t { sequenced, collected, refused };
struct TxStatus {
  TxKey id;
  TxFate fate{};
  model::Height height{};             // sequenced
  std::optional<base::Error> reason;  // refused
};
struct CheckpointCertified {
  CheckpointCertificate certificate;
};
struct Misconduct {
  EquivocationProof proof;
};
struct EpochEnded {
  model::Height height{};
  std::vector<std::pair<TxKey, base::Bytes>> unordered;  // for the next epoch
};
enum class HaltReason : std::uint8_t {
  two_leader_blocks_certified,
  own_slot_conflict,  // somebody else signs with this key, or this node forgot that it did
  checkpoint_differs,
  store_failed,
};
struct Halt {
  HaltReason reason{};
};

using Effect = std::variant<SignBlock, SignCheckpoint, Persist, Send, Fetch, FetchCommits, SetTimer,
                            Deliver, TxStatus, CheckpointCertified, Misconduct, EpochEnded, Halt>;

}  // namespace holdfast::consensus
