// blocks.h: real blocks of an invented epoch for the tests: encoded, signed (by hashes only) and
// verified as any other, with a leader that the round alone names, so that a test can be read.
// Threads: one.
#pragma once

#include "consensus/block_rules.h"
#include "consensus/leader_schedule.h"
#include "consensus/lineariser.h"
#include "sim/random.h"

namespace holdfast::consensus {

// The epoch 0 of a vault with this many validators, whose keys differ.
[[nodiscard]] auto epoch_of(std::size_t validators) -> EpochRules;

// Validator r-1 modulo n leads round r: A leads round 1, D round 4. In place of SHAKE256.
void round_robin(base::ByteView seed, std::span<std::uint8_t> out);
[[nodiscard]] auto schedule_of(const EpochRules& epoch, Xof xof = round_robin) -> LeaderSchedule;
// Merkle root and ids as in production.
[[nodiscard]] auto primitives() -> Primitives;
[[nodiscard]] auto lineariser_of(const EpochRules& epoch) -> Lineariser;

// A header with no payload whose timestamp is its round.
[[nodiscard]] auto header_of(const EpochRules& epoch, Round round, AuthorIndex author,
                             std::vector<BlockRef> ancestors) -> model::Header;
// The block with this header, once its payload's root and length are filled in.
[[nodiscard]] auto seal(const EpochRules& epoch, model::Header header,
                        std::vector<base::Bytes> payload = {}) -> BlockPtr;

// Puts the own block first, as every header must.
[[nodiscard]] auto own_first(std::vector<BlockRef> ancestors, AuthorIndex author)
    -> std::vector<BlockRef>;

using sim::Random;
template <class T>
void shuffle(std::vector<T>& values, Random& random) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(i)]);
}

// Whether the long versions of the random tests run: HOLDFAST_CAMPAIGN=1.
[[nodiscard]] auto is_campaign() -> bool;

}  // namespace holdfast::consensus
