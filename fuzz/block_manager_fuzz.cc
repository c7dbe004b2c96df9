// The block manager beside a plain model of it that looks at all blocks each time: equal blocks are
// accepted, suspended and missing after any sequence of arrivals and collections.
#include <cstdint>
#include <cstdlib>

#include "consensus/block_manager.h"
#include "consensus/blocks.h"

using namespace holdfast;
using namespace holdfast::consensus;

namespace {

constexpr std::size_t kValidators = 4;
constexpr std::size_t kRounds = 8;
constexpr std::size_t kBlocksMax = 80;

void require(bool holds) {
  if (!holds) std::abort();
}

// The rules of consensus.md §3 and §8 as they are written there.
class Model {
 public:
  auto add(const BlockPtr& block) -> base::Result<void> {
    const BlockRef ref = (*block)->ref();
    if (accepted.contains(ref) || suspended.contains(ref)) return {};
    if (ref.round <= gc_round) return base::fail(base::Error::round_collected);
    if (!waited_for().contains(ref) && branches(ref) >= kBranchesMax)
      return base::fail(base::Error::too_many_branches);
    suspended[ref] = block;
    accept_all();
    return {};
  }
  void collect(Round round) {
    gc_round = std::max(gc_round, round);
    std::erase_if(accepted, [&](const BlockRef& ref) { return ref.round <= gc_round; });
    std::erase_if(suspended, [&](const auto& entry) { return entry.first.round <= gc_round; });
    accept_all();
  }
  [[nodiscard]] auto missing() const -> std::vector<BlockRef> {
    std::vector<BlockRef> refs;
    for (const BlockRef& ref : waited_for())
      if (!suspended.contains(ref)) refs.push_back(ref);
    return refs;
  }

  std::set<BlockRef> accepted;
  std::map<BlockRef, BlockPtr> suspended;
  Round gc_round{};

 private:
  [[nodiscard]] auto is_known(const BlockRef& ref) const -> bool {
    return ref.round <= gc_round || accepted.contains(ref);
  }
  [[nodiscard]] auto waited_for() const -> std::set<BlockRef> {
    std::set<BlockRef> refs;
    for (const auto& [ref, block] : suspended)
      for (const BlockRef& ancestor : (**block).fields.ancestors)
        if (!is_known(ancestor)) refs.insert(ancestor);
    return refs;
  }
  [[nodiscard]] auto branches(const BlockRef& ref) const -> std::size_t {
    const auto of_slot = [&](const BlockRef& other) {
      return other.round == ref.round && other.author == ref.author;
    };
    return static_cast<std::size_t>(
        std::ranges::count_if(accepted, of_slot) +
        std::ranges::count_if(suspended, [&](const auto& entry) { return of_slot(entry.first); }));
  }
  void accept_all() {
    const auto is_ready = [&](const auto& entry) {
      return std::ranges::all_of((**entry.second).fields.ancestors,
                                 [&](const BlockRef& ancestor) { return is_known(ancestor); });
    };
    for (auto it = suspended.begin(); it != suspended.end();) {  // in order of rounds: one pass
      if (is_ready(*it)) {
        accepted.insert(it->first);
        it = suspended.erase(it);
      } else {
        ++it;
      }
    }
  }
};

class Run {
 public:
  explicit Run(base::ByteView input) : bytes_{input} {
    make_blocks();
    while (at_ < bytes_.size()) {
      const std::size_t choice = take();
      if (choice >= 250)
        collect(Round{choice - 249});
      else
        add(made_[choice % made_.size()]);
      compare();
    }
  }

 private:
  auto take() -> std::size_t { return at_ < bytes_.size() ? bytes_[at_++] : 0; }

  // Blocks of each round on blocks of rounds before, by the bytes: which parents, which branch, and
  // whether the block of some parent was never made.
  void make_blocks() {
    const std::size_t count = 1 + take() % kBlocksMax;
    for (std::size_t i = 0; i < count; ++i) {
      const Round round{1 + i * kRounds / count};
      const AuthorIndex author{take() % kValidators};
      std::vector<BlockRef> ancestors;
      for (std::size_t other = 0; other < kValidators; ++other) {
        const AuthorIndex of{(std::to_underlying(author) + other) % kValidators};
        ancestors.push_back(parent(of, round, take()));
      }
      auto header = header_of(epoch_, round, author, std::move(ancestors));
      header.timestamp = model::TimeMs{i};
      made_.push_back(seal(epoch_, std::move(header)));
    }
  }
  auto parent(AuthorIndex author, Round below, std::size_t choice) -> BlockRef {
    std::vector<BlockRef> candidates;
    for (const BlockPtr& block : made_) {
      const BlockRef ref = (*block)->ref();
      if (ref.author == author && ref.round < below) candidates.push_back(ref);
    }
    if (candidates.empty() || choice % 16 == 0) {
      BlockRef ref = epoch_.genesis[std::to_underlying(author)];
      if (below > Round{1} && choice == 16) ref = {earlier(below, 1), author, {}};  // never made
      return ref;
    }
    return candidates[candidates.size() - 1 - choice % std::min(candidates.size(), 3UZ)];
  }
  void add(const BlockPtr& block) {
    const std::size_t before = dag_.size();
    const auto added = manager_.add(dag_, block, Arrival::pushed, dag_.highest_round());
    const auto expected = model_.add(block);
    require(added.has_value() == expected.has_value());
    if (!added) {
      require(added.error() == expected.error());
      return;
    }
    require(dag_.size() == before + added->size());
  }
  void collect(Round round) {
    dag_.collect(round);
    (void)manager_.release(dag_);
    model_.collect(round);
  }
  void compare() const {
    std::set<BlockRef> accepted;
    dag_.for_each([&](const DagBlock& block) { accepted.insert(block.ref); });
    require(accepted == model_.accepted);
    require(manager_.suspended_count() == model_.suspended.size());
    for (const auto& [ref, block] : model_.suspended) require(manager_.is_suspended(ref));
    require(manager_.missing(SIZE_MAX) == model_.missing());
    if (model_.suspended.empty())
      for (std::size_t author = 0; author < kValidators; ++author)
        require(manager_.suspended_bytes(AuthorIndex{author}) == 0);
  }

  base::ByteView bytes_;
  std::size_t at_ = 0;
  EpochRules epoch_ = epoch_of(kValidators);
  std::vector<BlockPtr> made_;
  Dag dag_{epoch_.validators()};
  BlockManager manager_{epoch_.validators()};
  Model model_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Run run{{data, size}};
  return 0;
}
