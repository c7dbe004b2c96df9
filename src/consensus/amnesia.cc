#include "consensus/amnesia.h"

#include <algorithm>

namespace holdfast::consensus {
namespace {

auto counts(const Dag& dag, const model::LatestAnswer& answer) -> bool {
  return dag.is_known(answer.latest);
}

}  // namespace

auto Amnesia::add(const model::LatestAnswer& answer) -> std::optional<model::LatestAnswer> {
  if (answer.nonce != nonce_ || answer.author == self_) return std::nullopt;
  if (!validators_.contains(answer.author)) return std::nullopt;
  if (answer.latest.author != answer.author) return std::nullopt;
  const auto [known, first] = answers_.try_emplace(answer.author, answer);
  if (first) return std::nullopt;
  return std::exchange(known->second, answer);
}

auto Amnesia::answers_needed() const -> std::size_t {
  if (planted(PlantedBug::amnesia_of_f_plus_one)) return validators_.faults() + 1;
  return std::min(validators_.quorum(), validators_.count() - 1);
}

auto Amnesia::floor(const Dag& dag) const -> std::optional<Round> {
  if (validators_.count() == 1) return std::nullopt;
  std::size_t counted = 0;
  Round highest{0};
  for (const auto& [author, answer] : answers_) {
    if (!counts(dag, answer)) continue;
    ++counted;
    highest = std::max(highest, answer.latest.round);
    if (answer.yours && answer.yours->author == self_ && dag.is_known(*answer.yours))
      highest = std::max(highest, answer.yours->round);
  }
  if (counted < answers_needed()) return std::nullopt;
  if (const DagBlock* own = dag.latest_of(self_, next(dag.highest_round())); own != nullptr)
    highest = std::max(highest, own->ref.round);
  return next(highest);
}

auto Amnesia::missing(const Dag& dag) const -> std::vector<BlockRef> {
  std::vector<BlockRef> refs;
  for (const auto& [author, answer] : answers_) {
    if (!dag.is_known(answer.latest)) refs.push_back(answer.latest);
    if (answer.yours && answer.yours->author == self_ && !dag.is_known(*answer.yours))
      refs.push_back(*answer.yours);
  }
  return refs;
}

}  // namespace holdfast::consensus
