// dag.h: the accepted blocks of one epoch, by round and author.
// Invariant: every ancestor of a block above gc_round is here before it. A slot may hold several
// blocks (an equivocation), in the order in which they were accepted.
// Limits: rounds above gc_round only; branches are limited before they come here (block_manager.h).
// Time: none. Threads: one. Errors: none; what is wrong with a block was found before.
// Source: Mysticeti (2310.14821) §3, docs/design/consensus.md §3.
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "consensus/validators.h"

namespace holdfast::consensus {

using model::BlockRef;
using model::Round;
using BlockPtr = std::shared_ptr<const model::VerifiedBlock>;

struct Slot {
  Round round{};
  AuthorIndex author{};
  auto operator<=>(const Slot&) const = default;
};

[[nodiscard]] constexpr auto later(Round round, std::uint64_t rounds) -> Round {
  return Round{std::to_underlying(round) + rounds};
}
[[nodiscard]] constexpr auto earlier(Round round, std::uint64_t rounds) -> Round {  // not below 0
  const auto number = std::to_underlying(round);
  return Round{number < rounds ? 0 : number - rounds};
}

struct DagBlock {
  BlockPtr block;
  BlockRef ref;
  // By author: the ancestor of the round before, its vote in that slot; null: none. Null again once
  // that round is collected.
  std::vector<const DagBlock*> strong;
  bool committed = false;

  [[nodiscard]] auto header() const -> const model::Header& { return (**block).fields; }
  [[nodiscard]] auto is_work() const -> bool {
    return !(**block).payload.empty() || header().ready;
  }
  [[nodiscard]] auto votes_for(const DagBlock& candidate) const -> bool {
    return strong[std::to_underlying(candidate.ref.author)] == &candidate;
  }
};
using SlotView = std::span<const std::unique_ptr<DagBlock>>;

class Dag {
 public:
  explicit Dag(Validators validators) : validators_{validators} {}

  // Every ancestor above gc_round must be here, the round above gc_round, the block new.
  auto accept(BlockPtr block) -> DagBlock&;
  [[nodiscard]] auto find(const BlockRef& ref) -> DagBlock*;
  [[nodiscard]] auto find(const BlockRef& ref) const -> const DagBlock*;
  [[nodiscard]] auto contains(const BlockRef& ref) const -> bool { return find(ref) != nullptr; }
  // An ancestor that need not be waited for: accepted, collected, or of round 0.
  [[nodiscard]] auto is_known(const BlockRef& ref) const -> bool {
    return ref.round <= gc_round_ || contains(ref);
  }

  [[nodiscard]] auto at(Slot slot) const -> SlotView;
  [[nodiscard]] auto authors_of(Round round) const -> std::size_t;  // with a block of this round
  [[nodiscard]] auto highest_round() const -> Round { return highest_; }
  // The first accepted block of the author's highest round below `below`.
  [[nodiscard]] auto latest_of(AuthorIndex author, Round below) const -> const DagBlock*;

  // The leader's history takes it; once.
  void mark_committed(DagBlock& block);
  // Whether an accepted block that no commit has taken carries a payload or is ready to close.
  [[nodiscard]] auto has_work() const -> bool { return work_ > 0; }

  // Drops every block of this round and below. gc_round starts at 0: round 0 is never held.
  void collect(Round gc_round);
  [[nodiscard]] auto gc_round() const -> Round { return gc_round_; }
  [[nodiscard]] auto validators() const -> const Validators& { return validators_; }
  [[nodiscard]] auto size() const -> std::size_t { return size_; }
  // Blocks ever accepted: where it is unchanged, so is everything above gc_round.
  [[nodiscard]] auto accepted() const -> std::uint64_t { return accepted_; }

  // In order of rounds, authors and arrival.
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    for (const auto& round : rounds_)
      for (const auto& slot : round.slots)
        for (const auto& block : slot) visit(*block);
  }

 private:
  struct RoundBlocks {
    std::vector<std::vector<std::unique_ptr<DagBlock>>> slots;  // by author
    std::size_t authors = 0;                                    // with a block
  };

  [[nodiscard]] auto round_at(Round round) const -> const RoundBlocks*;

  Validators validators_;
  std::deque<RoundBlocks> rounds_;  // the first is gc_round_ + 1
  Round gc_round_{};
  Round highest_{};
  std::size_t size_ = 0;
  std::uint64_t accepted_ = 0;
  std::size_t work_ = 0;  // blocks that has_work() speaks of
};

}  // namespace holdfast::consensus
