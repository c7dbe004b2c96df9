// Every DAG of a bounded family and every view of it that is closed: whoever sees a part of a DAG
// decides the beginning of what others decide, and each decision once. Four validators, one of them
// an equivocator. Guards: consensus.md §6.
//
// A layer is enumerated by what counts for one leader: who votes for which of its blocks, or who
// certifies which; two choices of parents that count alike are one case. Other layers leave out one
// author in common, which is what makes views differ.
#include "consensus/decision.h"

#include <gmock/gmock.h>

#include <cstdio>
#include <format>

#include "choices.h"
#include "consensus/blocks.h"
#include "consensus/dag_text.h"

namespace holdfast::consensus {
namespace {

enum class Layer : std::uint8_t { votes, certificates, common, full };

struct Family {
  std::size_t equivocator;
  std::vector<Layer> layers;  // of round 2, 3, …
  bool all_views;             // or only those of one author, of a quorum and of all
};

class Views {
 public:
  explicit Views(Family family) : family_{std::move(family)}, longest_(family_.layers.size() + 2) {}

  auto run(Choices& choices) -> Violation {
    made_.clear();
    layers_.assign(1, {});
    add_layer_one();
    for (const Layer layer : family_.layers) {
      add_layer(layer, choices);
      if (!choices.is_new() && !longest_[layers_.size() - 1].empty()) continue;
      longest_[layers_.size() - 1] = longest_[layers_.size() - 2];
      if (auto violation = check_views()) return violation;
    }
    return std::nullopt;
  }
  [[nodiscard]] auto views() const -> std::uint64_t { return views_; }
  [[nodiscard]] auto indirect() const -> std::uint64_t { return indirect_; }

 private:
  using Indices = std::vector<std::size_t>;  // into made_
  using Members = std::uint64_t;             // a bit an index
  static constexpr std::size_t kAuthors = 4;
  static constexpr std::size_t kQuorum = 3;

  struct Made {
    BlockPtr block;
    Indices parents;
    Members history;  // with itself
    [[nodiscard]] auto ref() const -> BlockRef { return (*block)->ref(); }
    [[nodiscard]] auto author() const -> std::size_t { return std::to_underlying(ref().author); }
  };

  [[nodiscard]] auto round() const -> Round { return Round{layers_.size() - 1}; }
  [[nodiscard]] auto of(const Indices& layer, std::size_t author) const -> Indices {
    Indices blocks;
    for (const std::size_t index : layer)
      if (made_[index].author() == author) blocks.push_back(index);
    return blocks;
  }
  void add(std::size_t author, std::size_t branch, Indices parents) {
    std::vector<BlockRef> refs;
    Members history = Members{1} << made_.size();
    for (const std::size_t parent : parents) {
      refs.push_back(made_[parent].ref());
      history |= made_[parent].history;
    }
    if (parents.empty()) refs = own_first(epoch_.genesis, AuthorIndex{author});
    BlockPtr& known = known_[{Slot{round(), AuthorIndex{author}}, {branch, refs}}];
    if (!known) {
      auto header = header_of(epoch_, round(), AuthorIndex{author}, refs);
      header.timestamp = model::TimeMs{std::to_underlying(round()) * 10 + branch};
      known = seal(epoch_, std::move(header));
    }
    layers_.back().push_back(made_.size());
    made_.push_back({known, std::move(parents), history});
  }
  void add_layer_one() {
    layers_.emplace_back();
    for (std::size_t author = 0; author < kAuthors; ++author) {
      add(author, 0, {});
      if (author == family_.equivocator) add(author, 1, {});
    }
  }

  // Every list of parents of a quorum or more, own block first.
  [[nodiscard]] auto parent_lists(std::size_t author) const -> std::vector<Indices> {
    const Indices& before = layers_[layers_.size() - 2];
    std::vector<Indices> lists;
    for (const std::size_t own : of(before, author)) {
      for (std::size_t left_out = 0; left_out <= kAuthors; ++left_out) {
        if (left_out == author) continue;
        for (std::size_t branch = 0; branch < 2; ++branch) {
          Indices list{own};
          bool chosen = branch == 0;
          for (std::size_t other = 0; other < kAuthors; ++other) {
            if (other == author || other == left_out) continue;
            const Indices branches = of(before, other);
            if (branches.size() > 1) chosen = true;
            list.push_back(branches[std::min(branch, branches.size() - 1)]);
          }
          if (chosen) lists.push_back(std::move(list));
        }
      }
    }
    return lists;
  }
  // The block of the leader that the parents name, or which they certify; SIZE_MAX: none.
  [[nodiscard]] auto what_counts(Layer layer, const Indices& parents) const -> std::size_t {
    const auto named = [&](const Indices& those, std::size_t distance) {
      const Indices& led = layers_[layers_.size() - 1 - distance];
      const std::size_t leader = (std::to_underlying(round()) - distance - 1) % kAuthors;
      for (const std::size_t block : of(led, leader))
        if (std::ranges::contains(those, block)) return block;
      return SIZE_MAX;
    };
    if (layer == Layer::votes) return named(parents, 1);
    std::map<std::size_t, std::size_t> votes;
    for (const std::size_t parent : parents) ++votes[named(made_[parent].parents, 2)];
    for (const auto& [block, count] : votes)
      if (block != SIZE_MAX && count >= kQuorum) return block;
    return SIZE_MAX;
  }
  [[nodiscard]] auto distinct_lists(Layer layer, std::size_t author) const -> std::vector<Indices> {
    std::map<std::size_t, Indices> by_value;
    for (Indices& list : parent_lists(author))
      by_value.try_emplace(what_counts(layer, list), std::move(list));
    std::vector<Indices> lists;
    for (auto& [value, list] : by_value) lists.push_back(std::move(list));
    return lists;
  }
  void add_layer(Layer layer, Choices& choices) {
    layers_.emplace_back();
    if (layer == Layer::common || layer == Layer::full) {
      const std::size_t left_out = layer == Layer::full ? kAuthors : choices.below(kAuthors + 1);
      for (std::size_t author = 0; author < kAuthors; ++author)
        add(author, 0, without(author, left_out));
      return;
    }
    for (std::size_t author = 0; author < kAuthors; ++author) {
      const auto lists = distinct_lists(layer, author);
      const std::size_t first = choices.below(lists.size());
      add(author, 0, lists[first]);
      if (author != family_.equivocator || first + 1 == lists.size()) continue;
      const std::size_t second = choices.below(lists.size() - first);  // 0: no other branch
      if (second > 0) add(author, 1, lists[first + second]);
    }
  }
  [[nodiscard]] auto without(std::size_t author, std::size_t left_out) const -> Indices {
    const Indices& before = layers_[layers_.size() - 2];
    Indices list{of(before, author).front()};
    for (std::size_t other = 0; other < kAuthors; ++other)
      if (other != author && other != left_out) list.push_back(of(before, other).front());
    return list;
  }

  // Views whose highest blocks lie in the last layer: with nothing but their history, or with all
  // of the rounds below or of those below these.
  auto check_views() -> Violation {
    const Indices& top = layers_.back();
    std::set<Members> seen;
    for (Members chosen = 1; chosen < Members{1} << top.size(); ++chosen) {
      std::set<std::size_t> authors;
      Members closure = 0;
      for (std::size_t i = 0; i < top.size(); ++i) {
        if ((chosen >> i & 1) == 0) continue;
        authors.insert(made_[top[i]].author());
        closure |= made_[top[i]].history;
      }
      if (!family_.all_views && authors.size() == 2) continue;
      for (std::size_t filled = 0; filled < 3 && filled < layers_.size(); ++filled) {
        Members view = closure;
        if (filled > 0)
          for (std::size_t layer = 1; layer < layers_.size() - filled; ++layer)
            for (const std::size_t index : layers_[layer]) view |= Members{1} << index;
        if (!seen.insert(view).second) continue;
        if (auto violation = check_view(view)) return violation;
        if (!family_.all_views && filled == 1) break;
      }
    }
    return std::nullopt;
  }
  auto check_view(Members view) -> Violation {
    ++views_;
    Dag dag{epoch_.validators()};
    Decider decider{schedule_, Round{0}};
    std::vector<Decision> decided;
    for (std::size_t i = 0; i < made_.size(); ++i) {
      if ((view >> i & 1) == 0) continue;
      dag.accept(made_[i].block);
      if (view >> i > 3) continue;  // decides before the last block, and after it
      const auto more = decider.advance(dag);
      if (!more) return drawn("two blocks of one leader are certified");
      decided.insert(decided.end(), more->begin(), more->end());
    }
    for (std::size_t i = 0; i < decided.size(); ++i)
      if (decided[i].slot.round != Round{i + 1}) return drawn("a decision was made twice");
    indirect_ += static_cast<std::uint64_t>(
        std::ranges::count_if(decided, [](const Decision& one) { return !one.direct; }));
    auto& longest = longest_[layers_.size() - 1];
    for (std::size_t i = 0; i < std::min(decided.size(), longest.size()); ++i)
      if (decided[i].status != longest[i].status || decided[i].block != longest[i].block)
        return drawn(std::format("round {} is decided in two ways", i + 1));
    if (decided.size() > longest.size()) longest = std::move(decided);
    return std::nullopt;
  }
  [[nodiscard]] auto drawn(const std::string& sentence) const -> std::string {
    std::vector<BlockPtr> blocks;
    for (const Made& made : made_) blocks.push_back(made.block);
    return sentence + '\n' + to_text(epoch_, blocks);
  }

  Family family_;
  EpochRules epoch_ = epoch_of(kAuthors);
  LeaderSchedule schedule_ = schedule_of(epoch_);
  std::vector<Made> made_;
  std::vector<Indices> layers_;  // by round
  std::map<std::pair<Slot, std::pair<std::size_t, std::vector<BlockRef>>>, BlockPtr> known_;
  std::vector<std::vector<Decision>> longest_;  // decided by a view, by round
  std::uint64_t views_ = 0, indirect_ = 0;
};

// A leads rounds 1 and 5, D leads 4. An equivocator A has two blocks in a round that it leads, an
// equivocator D votes and certifies twice.
auto families() -> std::vector<Family> {
  using enum Layer;
  std::vector<Family> made;
  for (const std::size_t equivocator : {0UZ, 3UZ}) {
    made.push_back({equivocator, {votes, certificates, common, common, full}, false});
    if (!is_campaign()) continue;
    made.push_back({equivocator, {votes, certificates, common, common, common}, true});
    made.push_back({equivocator, {votes, certificates, common, votes, certificates}, false});
    made.push_back({equivocator, {votes, certificates, common, common, common, common}, false});
  }
  return made;
}

class DecisionExplorer : public testing::Test {
 protected:
  ~DecisionExplorer() override { planted_bug = PlantedBug::none; }
};

TEST_F(DecisionExplorer, EveryViewDecidesTheBeginningOfWhatOthersDecide) {
  for (const Family& family : families()) {
    Views views{family};
    const Explored explored = explore([&](Choices& choices) { return views.run(choices); });
    ASSERT_EQ(explored.violation, std::nullopt);
    EXPECT_GT(views.indirect(), explored.cases) << "too little is decided by a later leader";
    std::printf("%llu DAGs of %zu rounds, validator %zu equivocates, %llu views: no two disagree\n",
                static_cast<unsigned long long>(explored.cases), family.layers.size() + 1,
                family.equivocator, static_cast<unsigned long long>(views.views()));
  }
}

class DecisionMutants : public testing::TestWithParam<PlantedBug> {
 protected:
  ~DecisionMutants() override { planted_bug = PlantedBug::none; }
};
TEST_P(DecisionMutants, AreFound) {
  planted_bug = GetParam();
  std::uint64_t cases = 0;
  for (const Family& family : families()) {
    Views views{family};
    const Explored explored = explore([&](Choices& choices) { return views.run(choices); });
    cases += explored.cases;
    if (!explored.violation) continue;
    std::printf("%s: found in case %llu\n",
                kPlantedBugNames.at(std::to_underlying(planted_bug)).data(),
                static_cast<unsigned long long>(cases));
    return;
  }
  FAIL() << "not found in " << cases << " cases";
}
INSTANTIATE_TEST_SUITE_P(ByName, DecisionMutants,
                         testing::Values(PlantedBug::anchor_one_round_later,
                                         PlantedBug::anchor_two_rounds_later,
                                         PlantedBug::quorum_less_one,
                                         PlantedBug::skip_by_one_candidate,
                                         PlantedBug::cursor_only_on_commits),
                         [](const auto& each) {
                           std::string name{kPlantedBugNames.at(std::to_underlying(each.param))};
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace holdfast::consensus
