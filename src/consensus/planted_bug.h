// planted_bug.h: the bugs that the simulator can switch on by name, to prove that its checkers can
// fail. Only the simulator's own build of this module has them: everywhere else planted() is
// constant and the compiler removes what it guards.
// Threads: the choice is made once, before anything runs. Source: docs/design/reliability.md §5.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace holdfast::consensus {

enum class PlantedBug : std::uint8_t {
  none,
  anchor_one_round_later,    // an anchor at r+1 decides round r
  anchor_two_rounds_later,   // at r+2
  quorum_less_one,           // Q - 1
  quorum_two_f_plus_one,     // differs from n - f where n is not 3f + 1
  count_blocks_not_authors,  // an equivocator counts twice
  send_before_sync,          // own blocks leave before they are durable
  sign_again_after_restart,  // the last round is proposed again
  amnesia_of_f_plus_one,     // too few answers are taken for enough
  sort_without_digest,       // two blocks of one slot come in the order of arrival
  cursor_only_on_commits,    // skipped slots are looked at again
  jump_rounds,               // the naive pacemaker: propose at the threshold clock
  leave_out_led_rounds,      // a validator that comes late leaves out the round that it leads
  skip_by_one_candidate,     // a slot is skipped once one of its blocks cannot be certified
  end_at_first_ready,        // one ready block ends the epoch
  deliver_before_sync,       // commits are acknowledged before they are durable
};
inline constexpr auto kPlantedBugNames = std::to_array<std::string_view>(
    {"none", "anchor-one-round-later", "anchor-two-rounds-later", "quorum-less-one",
     "quorum-two-f-plus-one", "count-blocks-not-authors", "send-before-sync",
     "sign-again-after-restart", "amnesia-of-f-plus-one", "sort-without-digest",
     "cursor-only-on-commits", "jump-rounds", "leave-out-led-rounds", "skip-by-one-candidate",
     "end-at-first-ready", "deliver-before-sync"});
static_assert(kPlantedBugNames.size() ==
              std::size_t{std::to_underlying(PlantedBug::deliver_before_sync)} + 1);

#ifdef HOLDFAST_PLANTED_BUGS
extern PlantedBug planted_bug;  // set by the simulator's command line
[[nodiscard]] inline auto planted(PlantedBug bug) -> bool { return planted_bug == bug; }
#else
[[nodiscard]] constexpr auto planted(PlantedBug /*bug*/) -> bool { return false; }
#endif

}  // namespace holdfast::consensus
