// Runs every drawing of tests/scenarios/consensus. A scenario names the sizes of committee it holds
// for, draws rounds, and says what is decided at that point:
//   emit: commit 1-3, skip 4     the decisions, by leader round, since the last `emit`; or
//   `nothing` expect D4: undecided         of one slot: undecided, skip, commit, or commit D4'
#include <gmock/gmock.h>

#include <filesystem>
#include <format>
#include <fstream>
#include <sstream>

#include "consensus/decision.h"
#include "dag_text.h"

namespace holdfast::consensus {
namespace {

namespace fs = std::filesystem;

class ScenarioRun {
 public:
  explicit ScenarioRun(std::size_t validators)
      : drawing_{validators},
        schedule_{schedule_of(drawing_.epoch())},
        dag_{drawing_.epoch().validators()},
        decider_{schedule_, Round{0}} {}

  void draw(const std::string& text) {
    for (const BlockPtr& block : drawing_.draw(text)) {
      const auto valid = check_header((**block).fields, drawing_.epoch());
      ASSERT_TRUE(valid.has_value()) << base::error_text(valid.error()) << " in " << text;
      dag_.accept(block);
    }
  }
  void emit(const std::string& expected) {
    const auto decided = decider_.advance(dag_);
    ASSERT_TRUE(decided.has_value()) << base::error_text(decided.error());
    std::ranges::copy(*decided, std::back_inserter(emitted_));
    EXPECT_EQ(written(*decided), expected) << drawn();
  }
  // What a decider that begins at this slot says of it.
  void expect(const std::string& slot, const std::string& status) {
    const Round round{std::stoull(slot.substr(1))};
    ASSERT_EQ(schedule_.leader(round), AuthorIndex{static_cast<std::uint64_t>(slot[0] - 'A')});
    Decider decider{schedule_, earlier(round, 1)};
    const auto decided = decider.advance(dag_);
    ASSERT_TRUE(decided.has_value()) << base::error_text(decided.error());
    if (status == "undecided") {
      EXPECT_TRUE(decided->empty()) << slot << '\n' << drawn();
      return;
    }
    ASSERT_FALSE(decided->empty()) << slot << " is undecided\n" << drawn();
    const Decision& first = decided->front();
    EXPECT_EQ(first.status == SlotStatus::skipped, status == "skip") << slot << '\n' << drawn();
    if (status.starts_with("commit ")) {
      EXPECT_EQ(first.block, drawing_.ref(status.substr(7))) << slot << '\n' << drawn();
    }
  }
  // Whatever the order of arrival and however often it is asked: the same decisions.
  void deliver_in_other_orders() {
    const auto rest = decider_.advance(dag_);
    ASSERT_TRUE(rest.has_value());
    std::ranges::copy(*rest, std::back_inserter(emitted_));
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      Random random{seed};
      Dag dag{drawing_.epoch().validators()};
      Decider decider{schedule_, Round{0}};
      std::vector<Slot> slots;
      std::vector<BlockRef> blocks;
      std::vector<BlockPtr> open = drawing_.blocks();
      while (!open.empty()) {
        shuffle(open, random);
        const auto ready = std::ranges::find_if(open, [&](const BlockPtr& block) {
          return std::ranges::all_of((**block).fields.ancestors,
                                     [&](const BlockRef& ref) { return dag.is_known(ref); });
        });
        dag.accept(*ready);
        open.erase(ready);
        const auto decided = decider.advance(dag);
        ASSERT_TRUE(decided.has_value());
        for (const Decision& decision : *decided) {
          slots.push_back(decision.slot);
          blocks.push_back(decision.block);
        }
      }
      ASSERT_EQ(slots.size(), emitted_.size()) << "seed " << seed;
      for (std::size_t i = 0; i < slots.size(); ++i) {
        ASSERT_EQ(slots[i], emitted_[i].slot) << "seed " << seed;
        ASSERT_EQ(blocks[i], emitted_[i].block) << "seed " << seed;
      }
    }
  }
  void print_and_draw_again() const {
    Drawing again{drawing_.epoch().validators().count()};
    again.draw(drawn());
    EXPECT_EQ(to_text(again.epoch(), again.blocks()), drawn());
    std::vector<BlockRef> refs, refs_again;
    for (const BlockPtr& block : drawing_.blocks()) refs.push_back((*block)->ref());
    for (const BlockPtr& block : again.blocks()) refs_again.push_back((*block)->ref());
    EXPECT_THAT(refs_again, testing::UnorderedElementsAreArray(refs));
  }
  [[nodiscard]] auto emitted() const -> std::size_t { return emitted_.size(); }

 private:
  auto drawn() const -> std::string { return to_text(drawing_.epoch(), drawing_.blocks()); }
  static auto written(const std::vector<Decision>& decisions) -> std::string {
    if (decisions.empty()) return "nothing";
    std::string text;
    for (std::size_t from = 0, to = 0; from < decisions.size(); from = to) {
      while (to < decisions.size() && decisions[to].status == decisions[from].status) ++to;
      const bool skipped = decisions[from].status == SlotStatus::skipped;
      text += std::format("{}{} {}", text.empty() ? "" : ", ", skipped ? "skip" : "commit",
                          std::to_underlying(decisions[from].slot.round));
      if (to - from > 1)
        text += std::format("-{}", std::to_underlying(decisions[to - 1].slot.round));
    }
    return text;
  }

  Drawing drawing_;
  LeaderSchedule schedule_;
  Dag dag_;
  Decider decider_;
  std::vector<Decision> emitted_;
};

class ScenarioTest : public testing::TestWithParam<fs::path> {
 protected:
  struct Statement {
    std::string key, value;  // of "key: value"; a drawing is its own value
  };
  static auto read(const fs::path& path) -> std::vector<Statement> {
    std::ifstream file{path};
    std::vector<Statement> statements;
    for (std::string line; std::getline(file, line);) {
      if (line.empty() || line[0] == '#') continue;
      const auto colon = line.find(": ");
      const bool goes_on = colon == std::string::npos || line[0] == ' ';
      if (goes_on) {
        statements.back().value += "\n" + line;
      } else if (line.starts_with("Round")) {
        statements.push_back({"Round", line});
      } else {
        statements.push_back({line.substr(0, colon), line.substr(colon + 2)});
      }
    }
    return statements;
  }
  static void run(const std::vector<Statement>& statements, std::size_t validators) {
    SCOPED_TRACE(std::format("{} validators", validators));
    ScenarioRun scenario{validators};
    std::size_t claims = 0;
    for (const auto& [key, value] : statements) {
      SCOPED_TRACE(std::format("{}: {}", key, value));
      if (key == "Round") {
        scenario.draw(value);
      } else if (key == "emit") {
        ++claims;
        scenario.emit(value);
      } else if (key.starts_with("expect ")) {
        ++claims;
        scenario.expect(key.substr(7), value);
      } else {
        ASSERT_EQ(key, "Validators");
      }
      if (testing::Test::HasFatalFailure()) return;
    }
    EXPECT_GT(claims, 0U) << "a scenario that expects nothing";
    scenario.deliver_in_other_orders();
    scenario.print_and_draw_again();
  }
};

TEST_P(ScenarioTest, DecidesAsDrawn) {
  std::ifstream file{GetParam()};
  std::string rule;
  std::getline(file, rule);
  EXPECT_TRUE(rule.starts_with("# ")) << "the first line says which rule it guards";
  EXPECT_THAT(rule, testing::HasSubstr("Guards: "));
  const auto statements = read(GetParam());
  ASSERT_FALSE(statements.empty());
  ASSERT_EQ(statements.front().key, "Validators");
  std::istringstream sizes{statements.front().value};
  for (std::size_t size = 0; sizes >> size;) run(statements, size);
}

auto scenarios() -> std::vector<fs::path> {
  std::vector<fs::path> paths;
  for (const auto& entry :
       fs::directory_iterator{fs::path{HOLDFAST_SOURCE_DIR} / "tests/scenarios/consensus"})
    if (entry.path().extension() == ".txt") paths.push_back(entry.path());
  std::ranges::sort(paths);
  return paths;
}
INSTANTIATE_TEST_SUITE_P(Consensus, ScenarioTest, testing::ValuesIn(scenarios()),
                         [](const auto& param) {
                           std::string name = param.param.stem().string();
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(DagText, ReadsAllWhatTheLanguageHas) {
  Drawing drawing{4};
  drawing.draw("Rounds 1-3: { * }");
  drawing.draw("Round 4: { A->[-D3], B->[*], C->[A3,B3,C3], D->[last Q], A4'->[A3,B3,C3] }");
  const auto parents = [&](const std::string& name) {
    return (**drawing.block(name)).fields.ancestors;
  };
  const auto refs = [&](std::initializer_list<const char*> names) {
    std::vector<BlockRef> all;
    for (const char* name : names) all.push_back(drawing.ref(name));
    return all;
  };
  EXPECT_EQ(parents("A1"), refs({"A0", "B0", "C0", "D0"}));
  EXPECT_EQ(parents("A4"), refs({"A3", "B3", "C3"}));
  EXPECT_EQ(parents("B4"), refs({"B3", "A3", "C3", "D3"})) << "own block first";
  EXPECT_EQ(parents("C4"), refs({"C3", "A3", "B3"}));
  EXPECT_EQ(parents("D4"), refs({"D3", "B3", "C3"}));
  EXPECT_EQ(parents("A4'"), parents("A4"));
  EXPECT_NE(drawing.ref("A4'"), drawing.ref("A4")) << "another branch is another block";
}

TEST(DagText, PrintsWhatItReadInTheShortestForm) {
  const std::string text =
      "Round 1: { * }\n"
      "Round 2: { A->[-D1], B->[*], C->[*] }\n"
      "Round 3: { A2->[*] }\n";
  const std::string drawn =
      "Round 1: { * }\n"
      "Round 2: { A->[-D1], A2'->[*], B->[*], C->[-A1], D->[D1,C1] }\n"
      "Round 3: { A->[A2,B2], B->[-A2,A2'], C->[*], D->[-C2,C1] }\n";
  Drawing drawing{4};
  drawing.draw(drawn);
  EXPECT_EQ(to_text(drawing.epoch(), drawing.blocks()), drawn);
  EXPECT_THROW(Drawing{4}.draw(text), std::runtime_error) << "A2 is no block of round 3";
}

TEST(DagText, RefusesWhatItCannotDraw) {
  for (const char* text :
       {"Round 1: { A->[A0,A0] }", "Round 1: { A->[-A0,-A0] }", "Round 1: { A->[*], A->[*] }",
        "Round 1: { E->[*] }", "Round 1: { A->[B1] }", "Round x: { * }", "Round 1: { A->[* }",
        "Rnd 1: { * }", "Round 1: * }", "Round 1: { first n+1->[*] }"})
    EXPECT_THROW(Drawing{4}.draw(text), std::runtime_error) << text;
}

}  // namespace
}  // namespace holdfast::consensus
