// commit.h: blocks, commits and checkpoints: what the order plane signs and stores.
// Limits: as in docs/design/consensus.md (header 16 KiB, payload 3 MiB, validators 100, commit
// votes 100). Time: none. Threads: values. Errors: the codec's. Source: docs/formats.cddl,
// Mysticeti-C.
#pragma once

#include <optional>
#include <vector>

#include "crypto/sign.h"
#include "crypto/verified.h"
#include "model/ids.h"

namespace holdfast::model {

inline constexpr std::size_t kHeaderBytesMax = 16 << 10;
inline constexpr std::size_t kPayloadBytesMax = 3 << 20;
inline constexpr std::size_t kPayloadItemsMax = 4096;
inline constexpr std::size_t kCommitVotesMax = 100;
inline constexpr std::size_t kBlocksPerCommitMax = 10'000;
inline constexpr std::size_t kCommitteeMax = 100;

struct BlockRef {
  Round round{};
  AuthorIndex author{};
  BlockDigest digest;
  auto operator<=>(const BlockRef&) const = default;
};

struct CommitVote {
  Height height{};
  CommitDigest digest;
  auto operator==(const CommitVote&) const -> bool = default;
};

struct Header {
  VaultId vault;
  Epoch epoch{};
  Round round{};
  AuthorIndex author{};
  TimeMs timestamp{};
  std::vector<BlockRef> ancestors;  // 1 to n, own block first
  Digest payload_root;              // RFC 9162 root over the payload's items
  std::uint64_t payload_len = 0;    // bytes of all items
  std::vector<CommitVote> commit_votes;
  bool ready = false;
  auto operator==(const Header&) const -> bool = default;
};

// A block as it travels. `header` is kept as signed.
struct Block {
  Header fields;
  base::Bytes header;  // encoded, as signed
  crypto::Signature signature;
  std::vector<base::Bytes> payload;  // encoded transactions and system items
  BlockDigest digest;                // over header and signature

  [[nodiscard]] auto ref() const -> BlockRef { return {fields.round, fields.author, digest}; }
};

using VerifiedBlock = crypto::Verified<Block>;  // what consensus accepts: both halves verified

struct Commit {
  VaultId vault;
  Epoch epoch{};
  Height height{};
  CommitDigest previous;  // zero before height 1
  BlockRef leader;
  TimeMs timestamp{};
  std::vector<BlockRef> blocks;
  Digest tx_root;  // RFC 9162 root over the transaction ids in order
  auto operator==(const Commit&) const -> bool = default;
};

struct CommitteeMember {
  DeviceId device;
  crypto::PublicKey node_key;
  auto operator==(const CommitteeMember&) const -> bool = default;
};

struct Committee {
  Epoch epoch{};
  std::vector<CommitteeMember> members;  // 1 to kCommitteeMax
  auto operator==(const Committee&) const -> bool = default;
};

struct Checkpoint {
  VaultId vault;
  Epoch epoch{};
  Height height{};
  CommitDigest commit;
  Digest tx_root, state_root, audit_root;
  TimeMs timestamp{};
  std::optional<Committee> next;
  auto operator==(const Checkpoint&) const -> bool = default;
};

struct CheckpointVote {
  base::Bytes checkpoint;  // encoded, as signed
  DeviceId author;
  crypto::Signature signature;
};

using VerifiedCheckpointVote = crypto::Verified<CheckpointVote>;

// What a validator answers to a device that has lost its signer file: the newest own block, and the
// newest block it holds of the one who asks (docs/design/consensus.md §9).
struct LatestAnswer {
  VaultId vault;
  Epoch epoch{};
  base::FixedBytes<struct AmnesiaNonceTag, 16> nonce;
  AuthorIndex author{};
  BlockRef latest;                // the genesis block where it has signed none
  std::optional<BlockRef> yours;  // none held
  auto operator==(const LatestAnswer&) const -> bool = default;
};
using AmnesiaNonce = decltype(LatestAnswer::nonce);
using VerifiedLatestAnswer = crypto::Verified<LatestAnswer>;
[[nodiscard]] auto encode(const LatestAnswer& answer) -> base::Bytes;
[[nodiscard]] auto decode_latest_answer(base::ByteView encoded) -> base::Result<LatestAnswer>;

[[nodiscard]] auto encode(const Header& header) -> base::Bytes;
[[nodiscard]] auto decode_header(base::ByteView encoded) -> base::Result<Header>;
[[nodiscard]] auto header_message(const VaultId& vault, base::ByteView header) -> base::Bytes;
[[nodiscard]] auto block_digest(base::ByteView header, const crypto::Signature& signature)
    -> BlockDigest;
[[nodiscard]] auto encode(const Block& block) -> base::Bytes;
// SystemItem: two signed headers of one slot.
[[nodiscard]] auto encode_equivocation_proof(const Block& first, const Block& second)
    -> base::Bytes;
[[nodiscard]] auto decode_block(base::ByteView encoded) -> base::Result<Block>;
// The unsigned block of round 0 of one validator (docs/design/consensus.md §2).
[[nodiscard]] auto genesis_ref(const VaultId& vault, const Committee& committee, AuthorIndex author)
    -> BlockRef;

// What the leader of a round is drawn from; `schedule` counts the schedules of the epoch
// (docs/design/consensus.md §5).
[[nodiscard]] auto leader_seed(const VaultId& vault, Epoch epoch, const Digest& beacon,
                               std::uint64_t schedule, Round round) -> base::Bytes;

[[nodiscard]] auto encode(const Commit& commit) -> base::Bytes;
[[nodiscard]] auto decode_commit(base::ByteView encoded) -> base::Result<Commit>;
[[nodiscard]] auto commit_digest(base::ByteView encoded) -> CommitDigest;
[[nodiscard]] auto encode(const Committee& committee) -> base::Bytes;
[[nodiscard]] auto encode(const Checkpoint& checkpoint) -> base::Bytes;
[[nodiscard]] auto decode_checkpoint(base::ByteView encoded) -> base::Result<Checkpoint>;
[[nodiscard]] auto checkpoint_message(const VaultId& vault, base::ByteView checkpoint)
    -> base::Bytes;
[[nodiscard]] auto encode(const CheckpointVote& vote) -> base::Bytes;
[[nodiscard]] auto decode_checkpoint_vote(base::ByteView encoded) -> base::Result<CheckpointVote>;

}  // namespace holdfast::model
