#include "consensus/leader_schedule.h"

namespace holdfast::consensus {

auto LeaderSchedule::leader(Round round) const -> AuthorIndex {
  CHECK(round > Round{0});
  Known& known = known_[std::to_underlying(round) % kWindow];
  if (known.round != round) known = {round, elect(round)};
  return known.leader;
}

auto LeaderSchedule::elect(Round round) const -> AuthorIndex {
  const base::Bytes seed = model::leader_seed(vault_, epoch_, beacon_, 0, round);
  const std::uint64_t count = validators_.count();
  const std::uint64_t rest = (UINT64_MAX % count + 1) % count;  // 2^64 mod n
  // A word is passed over with a probability below n / 2^64, so that eight suffice; the ninth draw
  // would come from a longer output that begins with the same words.
  for (std::size_t words = 8;; words *= 2) {
    base::Bytes stream(words * 8);
    xof_(seed, stream);
    for (std::size_t at = 0; at < stream.size(); at += 8) {
      std::uint64_t word = 0;
      for (std::size_t i = 8; i-- > 0;) word = word << 8 | stream[at + i];
      if (word <= UINT64_MAX - rest) return AuthorIndex{word % count};
    }
  }
}

}  // namespace holdfast::consensus
