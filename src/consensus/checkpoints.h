// checkpoints.h: when a checkpoint is made, and when the votes of a quorum certify one.
// Invariant: a vote counts once an author and height; only votes for equal bytes add up. An own
// checkpoint that differs from a certified one means that this node's state is wrong.
// Limits: kOpenVotesMax heights an author; the oldest go first. Time: none. Threads: one.
// Errors: none; own_differs() is fatal to the caller. Source: docs/design/consensus.md §11.
#pragma once

#include <map>
#include <optional>

#include "consensus/validators.h"

namespace holdfast::consensus {

inline constexpr std::uint64_t kCheckpointMs = 1000;
inline constexpr std::uint64_t kCheckpointHeights = 100;
inline constexpr std::size_t kOpenVotesMax = 16;

// Whether a checkpoint is made at this commit, given the last one (or the beginning).
[[nodiscard]] auto checkpoint_due(model::Height last, model::TimeMs last_at, model::Height height,
                                  model::TimeMs timestamp) -> bool;

struct CheckpointCertificate {
  model::Checkpoint checkpoint;
  base::Bytes checkpoint_bytes;
  std::vector<model::CheckpointVote> votes;  // of a quorum of distinct authors
};

class CheckpointVotes {
 public:
  explicit CheckpointVotes(const model::Committee& committee) : committee_{committee} {}

  // An own checkpoint counts by its vote like any other; this remembers what we found.
  void own(model::Height height, base::Bytes checkpoint_bytes);
  // The certificate, once: when this vote completes it.
  [[nodiscard]] auto add(const model::VerifiedCheckpointVote& vote)
      -> std::optional<CheckpointCertificate>;
  [[nodiscard]] auto own_differs(const CheckpointCertificate& certificate) const -> bool;
  [[nodiscard]] auto open_votes() const -> std::size_t { return votes_.size(); }
  [[nodiscard]] auto own_count() const -> std::size_t { return own_.size(); }
  [[nodiscard]] auto certified_height() const -> model::Height { return certified_; }

 private:
  using Key = std::pair<model::Height, base::Bytes>;  // height, checkpoint as signed

  const model::Committee& committee_;
  std::map<Key, std::map<model::AuthorIndex, model::CheckpointVote>> votes_;
  std::map<model::Height, base::Bytes> own_;
  model::Height certified_{};
};

// A checkpoint signed by a quorum of this committee, each vote verified and of a distinct member.
[[nodiscard]] auto is_certified(const model::Committee& committee, base::ByteView checkpoint_bytes,
                                const std::vector<model::VerifiedCheckpointVote>& votes) -> bool;
[[nodiscard]] auto index_of(const model::Committee& committee, const model::DeviceId& device)
    -> std::optional<model::AuthorIndex>;

}  // namespace holdfast::consensus
