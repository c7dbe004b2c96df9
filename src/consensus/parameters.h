// parameters.h: the constants of the protocol (part of an epoch: equal on all validators) and the
// local ones. Tests and the simulator may shorten them. Threads: values.
// Source: docs/design/consensus.md §13.
#pragma once

#include <chrono>
#include <cstdint>

#include "model/commit.h"

namespace holdfast::consensus {

using std::chrono::milliseconds;
// Monotonic time since any fixed moment; given from outside, never read.
using Instant = std::chrono::nanoseconds;

inline constexpr std::uint64_t kWaveRounds = 3;         // propose, vote, certify
inline constexpr std::uint64_t kAnchorDistance = 3;     // an anchor is at least this much later
inline constexpr std::size_t kSuspendedRefsMax = 2000;  // missing, per author
inline constexpr std::size_t kSuspendedBytesMax = std::size_t{16} << 20;    // per author
inline constexpr std::size_t kUnsequencedBytesMax = std::size_t{16} << 20;  // own payload
inline constexpr std::uint64_t kFutureRoundsMax = 1000;
inline constexpr std::size_t kFetchRefsMax = 1000;
inline constexpr std::size_t kBranchesMax = 2;       // of one slot, unless others refer to more
inline constexpr std::size_t kVotableMax = 1000;     // own commits not voted for: the newest
inline constexpr std::size_t kUnappliedMax = 1000;   // commits; beyond it nothing is taken in
inline constexpr std::size_t kPendingMax = 100'000;  // transactions that wait for a block
inline constexpr std::size_t kPendingBytesMax = std::size_t{64} << 20;

struct Parameters {
  // of the epoch
  std::uint64_t gc_depth = 60;
  // local
  milliseconds timeout_start{250};  // 2 Delta
  milliseconds timeout_max{60'000};
  milliseconds pace{3};
  milliseconds fetch_timeout{2000};
  milliseconds fetch_patience{100};  // before a second peer is asked for one block
  milliseconds fetch_period{500};    // between later requests for one block
  milliseconds commit_stall{5000};
  std::uint64_t stall_rounds = 12;
  std::size_t payload_bytes_max = model::kPayloadBytesMax;
  std::size_t payload_items_max = model::kPayloadItemsMax;
};

}  // namespace holdfast::consensus
