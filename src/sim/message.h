// message.h: what travels between simulated nodes. Blocks travel unverified: every receiver checks.
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "consensus/effects.h"
#include "node/dag_store.h"

namespace holdfast::sim {

using RawBlock = std::shared_ptr<const model::Block>;

struct Blocks {
  std::vector<RawBlock> blocks;
  consensus::Arrival arrival{};
};
struct BlocksWanted {
  std::vector<model::BlockRef> refs;
};
struct CommitsWanted {
  model::Height from{};
};
struct Commits {
  model::Height from{};
  std::shared_ptr<const node::CommitRange> range;
};
struct Vote {
  model::CheckpointVote vote;
};
struct LatestWanted {
  consensus::AskLatest ask;
};
struct Latest {
  model::LatestAnswer answer;
  crypto::Signature signature;
};
using Wire = std::variant<Blocks, BlocksWanted, CommitsWanted, Commits, Vote, LatestWanted, Latest>;

}  // namespace holdfast::sim
