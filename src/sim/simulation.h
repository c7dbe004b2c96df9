// simulation.h: one run of a whole cluster: a seed fixes every choice. First anything may fail
// within the limits (safety), then faults stop and the cluster must make progress (liveness).
// Invariant: equal options give equal traces, on every machine. Limits: kCommitteeMax nodes; the
// simulated time. Time: virtual. Threads: one. Source: docs/design/reliability.md §2.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "sim/host.h"

namespace holdfast::sim {

struct Options {
  std::uint64_t seed = 1;
  std::size_t nodes = 4;
  std::size_t absent = 0;               // crashed before it began; the last ones
  std::size_t byzantine = 0;            // at most f unless the run is to show what happens then
  seconds duration{60};                 // of the safety phase
  bool faults = true;                   // crashes, partitions, slow disks, clocks
  std::optional<milliseconds> delay{};  // fixed one-way delay instead of a drawn one
  std::uint64_t transactions_per_second = 20;
  bool real_signatures = false;  // of blocks, checkpoints and transactions; slow
};

enum class Fault : std::uint8_t {
  crash,
  crash_after_signing,   // before it was stored
  crash_before_sending,  // after it was stored
  cold_restart,
  rolling_restart,
  late_joiner,
  disk_loss,
  lost_write,  // not synced when the power went
  store_failure,
  slow_disk,
  partition,
  halves,
  one_way_cut,
  flap,
  lost_message,
  replayed_message,
  reordered_message,
  late_message,
  clock_drift,
  clock_jump,
  frozen_clock,
  idle_period,
  byzantine_node,
};
inline constexpr auto kFaultNames = std::to_array<std::string_view>({"crash",
                                                                     "crash after signing",
                                                                     "crash before sending",
                                                                     "cold restart",
                                                                     "rolling restart",
                                                                     "late joiner",
                                                                     "disk loss",
                                                                     "lost write",
                                                                     "store failure",
                                                                     "slow disk",
                                                                     "partition",
                                                                     "halves",
                                                                     "one-way cut",
                                                                     "flap",
                                                                     "lost message",
                                                                     "replayed message",
                                                                     "reordered message",
                                                                     "late message",
                                                                     "clock drift",
                                                                     "clock jump",
                                                                     "frozen clock",
                                                                     "idle period",
                                                                     "Byzantine node"});
static_assert(kFaultNames.size() == std::size_t{std::to_underlying(Fault::byzantine_node)} + 1);

struct Report {
  std::optional<std::string> violation;  // a sentence; NoProgress is one, too
  std::array<std::uint64_t, kFaultNames.size()> faults{};
  std::uint64_t commits = 0;       // heights reached
  std::uint64_t transactions = 0;  // ordered and settled by the rules
  std::uint64_t applied = 0;       // of those: they changed the state
  std::uint64_t commits_checked = 0;
  Instant simulated{};
  std::string trace;                      // digest of everything that happened, hexadecimal
  std::vector<Instant> latencies;         // of transactions, from submission to delivery there
  std::vector<Instant> leader_latencies;  // of blocks that led a commit, from signing to delivery
  std::vector<Instant> other_latencies;   // of the other blocks, both at their author
};

// `lines`: where to print the trace itself, or null.
[[nodiscard]] auto simulate(const Options& options, std::string* lines = nullptr) -> Report;
// The command that runs it again.
[[nodiscard]] auto replay_command(const Options& options, std::string_view bug) -> std::string;

}  // namespace holdfast::sim
