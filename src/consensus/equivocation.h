// equivocation.h: proof that a validator signed two different headers for one slot.
// Invariant: equal headers with different signatures prove nothing: whoever breaks one half of the
// composite signature could sign another's message again; they only raise an alarm.
// Limits: one proof an author. Time: none. Threads: one. Errors: none. Source:
// docs/design/consensus.md §9; docs/formats.cddl, SystemItem.
#pragma once

#include <optional>
#include <set>

#include "consensus/dag.h"

namespace holdfast::consensus {

struct EquivocationProof {
  BlockPtr first, second;  // of one slot, with different headers
};

class EquivocationWatch {
 public:
  // Compares a block with those accepted for its slot.
  [[nodiscard]] auto on_accepted(const Dag& dag, const DagBlock& block)
      -> std::optional<EquivocationProof>;
  // Slots signed twice with one header: an alarm, never a proof.
  [[nodiscard]] auto signed_again() const -> std::uint64_t { return signed_again_; }

 private:
  std::set<AuthorIndex> proved_;
  std::uint64_t signed_again_ = 0;
};

}  // namespace holdfast::consensus
