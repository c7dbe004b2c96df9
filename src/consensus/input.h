// input.h: everything that can happen to the core. What came from outside is verified by type
// before it can be put into one of these. Threads: values. Source: docs/design/consensus.md §12.
#pragma once

#include <variant>

#include "consensus/block_manager.h"
#include "consensus/checkpoints.h"
#include "consensus/commit_sync.h"
#include "consensus/fetcher.h"
#include "consensus/transaction_pool.h"

namespace holdfast::consensus {

enum class SignId : std::uint64_t {};
enum class PersistId : std::uint64_t {};
enum class TimerKind : std::uint8_t { propose, fetch };
inline constexpr std::size_t kTimerKinds = 2;

struct Started {};  // once, first: proposes, asks, resends
struct BlocksVerified {
  PeerId from{};
  std::vector<BlockPtr> blocks;  // both signature halves, header and payload rules
  Arrival arrival = Arrival::pushed;
};
struct CommitsCertified {
  std::vector<CertifiedCommit> commits;
};
struct BlockSigned {  // the own block, verified like any other
  SignId id{};
  BlockPtr block;
};
struct CheckpointSigned {
  SignId id{};
  model::VerifiedCheckpointVote vote;
};
struct Persisted {  // it and everything before it is synced; for own blocks also the signer file
  PersistId id{};
};
struct StoreFailed {};
struct TimerFired {
  TimerKind kind{};
};
struct Submit {
  TxKey id;
  base::Bytes transaction;
};
struct PeerUp {
  PeerId peer{};
  Round last_received{};  // of our blocks, by the peer
};
struct PeerDown {
  PeerId peer{};
};
struct FetchFailed {
  FetchId id{};
};
struct LatestAsked {  // by a validator in amnesia
  PeerId from{};
  AuthorIndex author{};
  model::AmnesiaNonce nonce;
};
struct LatestAnswered {
  model::VerifiedLatestAnswer answer;
};
struct OwnerConfirmed {  // a committee of one in amnesia: nobody else signs, go on after this round
  Round after{};
};
struct Applied {  // durably, by the vault
  model::Height height{};
  model::Digest state_root, audit_root;
  bool close_epoch = false;              // CloseEpoch was applied here or before
  std::optional<model::Committee> next;  // staged for the next epoch
};
struct CheckpointVoted {
  model::VerifiedCheckpointVote vote;
};

using Input =
    std::variant<Started, BlocksVerified, CommitsCertified, BlockSigned, CheckpointSigned,
                 Persisted, StoreFailed, TimerFired, Submit, PeerUp, PeerDown, FetchFailed,
                 LatestAsked, LatestAnswered, OwnerConfirmed, Applied, CheckpointVoted>;

}  // namespace holdfast::consensus
