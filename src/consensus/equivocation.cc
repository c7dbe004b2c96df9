#include "consensus/equivocation.h"

namespace holdfast::consensus {

auto EquivocationWatch::on_accepted(const Dag& dag, const DagBlock& block)
    -> std::optional<EquivocationProof> {
  for (const auto& other : dag.at({block.ref.round, block.ref.author})) {
    if (other.get() == &block) continue;
    if ((**other->block).header == (**block.block).header) {
      ++signed_again_;
      continue;
    }
    if (!proved_.insert(block.ref.author).second) return std::nullopt;
    return EquivocationProof{other->block, block.block};
  }
  return std::nullopt;
}

}  // namespace holdfast::consensus
