// Random DAGs with equivocators, seen in many orders and in part: whoever sees them decides the
// same. Seeds are printed on failure; HOLDFAST_CAMPAIGN=1 runs the long version.
#include <gmock/gmock.h>

#include <format>

#include "consensus/block_manager.h"
#include "consensus/decision.h"
#include "crypto/xof.h"
#include "dag_text.h"

namespace holdfast::consensus {
namespace {

struct Shape {
  std::size_t validators;
  std::uint64_t rounds;
  std::size_t equivocators;   // the last ones; at most f
  bool slow_authors = false;  // for a few rounds at a time hardly anybody hears one of them
};

class RandomDag {
 public:
  RandomDag(const Shape& shape, std::uint64_t seed)
      : shape_{shape},
        random_{seed},
        epoch_{epoch_of(shape.validators)},
        schedule_{schedule_of(epoch_, crypto::shake256)} {
    for (const BlockRef& ref : epoch_.genesis) slots_[{ref.round, ref.author}] = {ref};
    for (std::uint64_t round = 1; round <= shape.rounds; ++round) add_round(Round{round});
  }
  [[nodiscard]] auto epoch() const -> const EpochRules& { return epoch_; }
  [[nodiscard]] auto schedule() const -> const LeaderSchedule& { return schedule_; }
  [[nodiscard]] auto blocks() const -> const std::vector<BlockPtr>& { return blocks_; }

 private:
  [[nodiscard]] auto quorum() const -> std::size_t {
    return shape_.validators - (shape_.validators - 1) / 3;
  }
  // At most f validators leave a round out.
  void add_round(Round round) {
    std::size_t may_rest = shape_.validators - quorum();
    for (std::size_t i = 0; i < shape_.validators; ++i) {
      const AuthorIndex author{i};
      if (may_rest > 0 && random_.percent(10)) {
        --may_rest;
        continue;
      }
      const bool equivocates = i + shape_.equivocators >= shape_.validators;
      const std::size_t branches = equivocates && random_.percent(50) ? 2 : 1;
      for (std::size_t branch = 0; branch < branches; ++branch) {
        auto header = header_of(epoch_, round, author, ancestors(round, author));
        header.timestamp = model::TimeMs{std::to_underlying(round) * 10 + branch};
        std::vector<base::Bytes> payload;
        if (random_.percent(30)) payload.push_back({static_cast<std::uint8_t>(random_.next())});
        const BlockPtr block = blocks_.emplace_back(seal(epoch_, std::move(header), payload));
        slots_[{round, author}].push_back((*block)->ref());
      }
    }
  }
  auto any_of(const Slot& slot) -> const std::vector<BlockRef>* {
    const auto it = slots_.find(slot);
    return it == slots_.end() ? nullptr : &it->second;
  }
  auto pick(const std::vector<BlockRef>& branches) -> BlockRef {
    return branches[random_.below(branches.size())];
  }
  auto latest(AuthorIndex author, Round below) -> BlockRef {
    for (Round round = earlier(below, 1);; round = earlier(round, 1))
      if (const auto* branches = any_of({round, author}); branches != nullptr)
        return pick(*branches);
  }
  auto ancestors(Round round, AuthorIndex author) -> std::vector<BlockRef> {
    const Round before = earlier(round, 1);
    std::vector<BlockRef> chosen{latest(author, round)};
    std::vector<AuthorIndex> others;
    for (std::size_t i = 0; i < shape_.validators; ++i)
      if (AuthorIndex{i} != author && any_of({before, AuthorIndex{i}}) != nullptr)
        others.push_back(AuthorIndex{i});
    shuffle(others, random_);
    if (shape_.slow_authors) {
      const AuthorIndex slow{slow_of(round)};
      std::ranges::stable_partition(
          others, [&](AuthorIndex other) { return other != slow || random_.percent(10); });
    }
    // the leader comes first or last, so that it is among a mere quorum half of the time
    const auto leader =
        before == Round{0} ? others.end() : std::ranges::find(others, schedule_.leader(before));
    if (leader != others.end() && !shape_.slow_authors)
      std::iter_swap(leader, random_.percent(50) ? others.begin() : std::prev(others.end()));
    const std::size_t own = chosen.front().round == before ? 1 : 0;
    const std::size_t needed = quorum() - own;
    const std::size_t strong = random_.percent(shape_.slow_authors ? 80 : 50)
                                   ? needed
                                   : needed + random_.below(others.size() - needed + 1);
    for (std::size_t i = 0; i < others.size(); ++i) {
      if (i < strong) chosen.push_back(pick(*any_of({before, others[i]})));
      if (i >= strong && before > Round{0} && random_.percent(20))
        chosen.push_back(latest(others[i], before));
    }
    std::ranges::sort(chosen, {}, [](const BlockRef& ref) { return std::pair{ref.author, ref}; });
    return own_first(std::move(chosen), author);
  }

  [[nodiscard]] auto slow_of(Round round) const -> std::uint64_t {
    return Random{std::to_underlying(round) / 4 + salt_}.below(shape_.validators);
  }

  Shape shape_;
  Random random_;
  std::uint64_t salt_ = random_.next();
  EpochRules epoch_;
  LeaderSchedule schedule_;
  std::vector<BlockPtr> blocks_;
  std::map<Slot, std::vector<BlockRef>> slots_;
};

// What a validator makes of the blocks: the pure parts, joined as the core joins them.
class View {
 public:
  View(const RandomDag& source, std::uint64_t gc_depth)
      : dag_{source.epoch().validators()},
        manager_{source.epoch().validators()},
        decider_{source.schedule(), Round{0}},
        lineariser_{lineariser_of(source.epoch())},
        gc_depth_{gc_depth} {}

  // False: has no room for it now.
  auto receive(const BlockPtr& block) -> bool {
    const auto added = manager_.add(dag_, block, Arrival::pushed, dag_.highest_round());
    if (!added && added.error() == base::Error::round_collected) return true;
    if (!added) return false;
    if (!added->empty()) decide();
    return true;
  }
  [[nodiscard]] auto commits() const -> const std::vector<model::CommitDigest>& { return commits_; }

 private:
  void decide() {
    for (bool more = true; more;) {
      more = false;
      const auto decided = decider_.advance(dag_);
      ASSERT_TRUE(decided.has_value()) << base::error_text(decided.error());
      for (const Decision& decision : *decided) {
        if (decision.status != SlotStatus::committed) continue;
        const CommittedSubDag commit = lineariser_.commit(dag_, decision.block);
        commits_.push_back(commit.digest);
        dag_.collect(gc_round_after(decision.slot.round, gc_depth_));
        if (!manager_.release(dag_).empty()) more = true;
      }
    }
  }

  Dag dag_;
  BlockManager manager_;
  Decider decider_;
  Lineariser lineariser_;
  std::uint64_t gc_depth_;
  std::vector<model::CommitDigest> commits_;
};

// Blocks come up to `spread` rounds early or late; in every second order one author is much slower.
auto shuffled(const RandomDag& dag, std::size_t validators, std::uint64_t seed)
    -> std::vector<BlockPtr> {
  Random random{seed};
  const std::uint64_t spread = 1 + random.below(30);
  const AuthorIndex slow{random.below(validators)};
  const std::uint64_t delay = random.percent(50) ? random.below(40) : 0;
  std::vector<std::pair<std::pair<std::uint64_t, std::uint64_t>, BlockPtr>> keyed;
  for (const BlockPtr& block : dag.blocks()) {
    const model::Header& header = (**block).fields;
    const std::uint64_t arrival = std::to_underlying(header.round) + random.below(spread) +
                                  (header.author == slow ? delay : 0);
    keyed.push_back({{arrival, random.next()}, block});
  }
  std::ranges::sort(keyed, {}, [](const auto& entry) { return entry.first; });
  std::vector<BlockPtr> blocks;
  blocks.reserve(keyed.size());
  for (auto& [key, block] : keyed) blocks.push_back(std::move(block));
  return blocks;
}

void deliver(View& view, std::vector<BlockPtr> blocks) {
  while (!blocks.empty()) {
    const std::size_t before = blocks.size();
    std::erase_if(blocks, [&](const BlockPtr& block) { return view.receive(block); });
    ASSERT_LT(blocks.size(), before) << "blocks are refused for ever";
  }
}

void all_orders_agree(const Shape& shape, std::uint64_t gc_depth, std::uint64_t orders,
                      std::uint64_t seed) {
  SCOPED_TRACE(std::format("{} validators, {} rounds, {} equivocators, gc depth {}, seed {}",
                           shape.validators, shape.rounds, shape.equivocators, gc_depth, seed));
  const RandomDag dag{shape, seed};
  for (const BlockPtr& block : dag.blocks())
    ASSERT_TRUE(check_header((**block).fields, dag.epoch())) << "the test's own blocks are valid";
  View straight{dag, gc_depth};
  deliver(straight, dag.blocks());
  EXPECT_GT(straight.commits().size(), shape.rounds / 10) << "too little was decided to tell";
  for (std::uint64_t order = 1; order <= orders; ++order) {
    SCOPED_TRACE(std::format("order {}", order));
    View view{dag, gc_depth};
    deliver(view, shuffled(dag, shape.validators, seed * 1000 + order));
    ASSERT_EQ(view.commits(), straight.commits());
  }
}

TEST(RandomDags, GiveEqualCommitsInEveryOrderOfArrival) {
  const std::uint64_t orders = is_campaign() ? 100 : 20;
  const std::uint64_t of_four = is_campaign() ? 6000 : 600;
  const std::uint64_t of_seven = is_campaign() ? 2000 : 200;
  for (const std::uint64_t gc_depth : {6U, 60U}) {
    all_orders_agree({4, of_four, 0}, gc_depth, orders, 1);
    all_orders_agree({4, of_four, 1}, gc_depth, orders, 2);
    all_orders_agree({7, of_seven, 0}, gc_depth, orders, 3);
    all_orders_agree({7, of_seven, 2}, gc_depth, orders, 4);
  }
}

TEST(RandomDags, ReadBackFromTheirText) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Shape shape{7, 12, 2};
    const RandomDag dag{shape, seed};
    const std::string text = to_text(dag.epoch(), dag.blocks());
    Drawing drawing{shape.validators};
    drawing.draw(text);
    ASSERT_EQ(to_text(drawing.epoch(), drawing.blocks()), text) << "seed " << seed;
    ASSERT_EQ(drawing.blocks().size(), dag.blocks().size()) << "seed " << seed;
  }
}

// ---- views that hold only a part

class Sparse {
 public:
  explicit Sparse(const RandomDag& dag) : source_{dag} {
    for (const BlockPtr& block : dag.blocks()) by_ref_[(*block)->ref()] = block;
  }
  // What a validator knows that has heard only of up to a quorum of the blocks of one round.
  auto decide(std::size_t validators, Round last, Random& random) const
      -> base::Result<std::vector<Decision>> {
    const Round top = earlier(last, random.below(std::to_underlying(last) - 3));
    std::vector<AuthorIndex> authors;
    authors.reserve(validators);
    for (std::size_t i = 0; i < validators; ++i) authors.push_back(AuthorIndex{i});
    shuffle(authors, random);
    std::set<BlockRef> closure;
    std::size_t tops = 1 + random.below(validators - (validators - 1) / 3);
    for (const AuthorIndex author : authors) {
      std::vector<BlockRef> branches;
      for (auto it = by_ref_.lower_bound({top, author, {}});
           it != by_ref_.end() && it->first.round == top && it->first.author == author; ++it)
        branches.push_back(it->first);
      if (branches.empty() || tops == 0) continue;
      --tops;
      add(branches[random.below(branches.size())], closure);
    }
    Dag dag{source_.epoch().validators()};
    for (const BlockRef& ref : closure) dag.accept(by_ref_.at(ref));  // in order of rounds
    Decider decider{source_.schedule(), Round{0}};
    return decider.advance(dag);
  }

 private:
  void add(const BlockRef& ref, std::set<BlockRef>& closure) const {
    if (ref.round == Round{0} || !closure.insert(ref).second) return;
    for (const BlockRef& ancestor : (**by_ref_.at(ref)).fields.ancestors) add(ancestor, closure);
  }

  const RandomDag& source_;
  std::map<BlockRef, BlockPtr> by_ref_;
};

auto is_prefix(const std::vector<Decision>& a, const std::vector<Decision>& b) -> bool {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    if (a[i].status != b[i].status || a[i].block != b[i].block) return false;
  return true;
}

TEST(RandomDags, AreDecidedAlikeByWhoeverHoldsAPart) {
  const std::uint64_t dags = is_campaign() ? 10'000 : 2'000;
  constexpr auto kSizes = std::to_array<std::size_t>({4, 4, 4, 5, 6, 7, 7, 10});
  std::size_t indirect = 0, views_that_differ = 0;
  for (std::uint64_t seed = 1; seed <= dags; ++seed) {
    Random random{seed};
    const std::size_t validators = kSizes[random.below(kSizes.size())];
    const Shape shape{validators, 8 + random.below(6), random.below((validators - 1) / 3 + 1),
                      random.percent(70)};
    const RandomDag dag{shape, seed};
    const Sparse sparse{dag};
    std::vector<std::vector<Decision>> views;
    for (std::size_t i = 0; i < 8; ++i) {
      auto decided = sparse.decide(validators, Round{shape.rounds}, random);
      ASSERT_TRUE(decided.has_value())
          << "seed " << seed << ": " << base::error_text(decided.error());
      views.push_back(*std::move(decided));
    }
    for (const auto& a : views) {
      indirect += static_cast<std::size_t>(
          std::ranges::count_if(a, [](const Decision& decision) { return !decision.direct; }));
      if (a.size() != views.front().size()) ++views_that_differ;
      for (const auto& b : views)
        ASSERT_TRUE(is_prefix(a, b)) << "seed " << seed << '\n'
                                     << to_text(dag.epoch(), dag.blocks());
    }
  }
  EXPECT_GT(indirect, dags) << "the DAGs are too easy";
  EXPECT_GT(views_that_differ, dags) << "the views are too alike";
}

}  // namespace
}  // namespace holdfast::consensus
