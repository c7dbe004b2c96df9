// `apply` beside a model of the same rules, written down a second time with plain maps, under
// random transactions.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "vault/plain_model.h"

namespace holdfast::vault {
namespace {

using base::Error;
using test::Draft, test::MapState, test::named, test::pattern, test::TestAuthor, test::World;
using namespace test;

constexpr std::uint64_t kSecrets = 12;
constexpr std::uint64_t kCategories = 8;
auto secret_named(std::uint64_t number) { return named<SecretId>(100 + number); }
auto category_named(std::uint64_t number) { return named<CategoryId>(200 + number); }

// ---- random transactions ----------------------------------------------------------------------
class Generator {
 public:
  Generator(std::uint64_t seed, World& world, const Model& model)
      : random_{seed}, world_{world}, model_{model} {}

  auto pick(std::uint64_t below) -> std::uint64_t { return random_() % below; }

  auto next(TestAuthor& author) -> model::VerifiedTransaction {
    if (!sent_.empty() && pick(20) == 0) return sent_[pick(sent_.size())];  // again, or too late
    Draft tx{world_, author};
    if (pick(25) == 0) tx.fields.seq = AuthorSeq{std::to_underlying(tx.fields.seq) + 1 + pick(3)};
    if (pick(25) == 0) tx.fields.previous = named<TxId>(pick(3));
    if (pick(25) == 0 && tx.fields.seq > AuthorSeq{1}) tx.fields.seq = AuthorSeq{1};
    for (std::uint64_t count = pick(4) == 0 ? 1 + pick(6) : 1; count > 0; --count) add_change(tx);
    auto transaction = tx.sign();
    if (sent_.size() < 200) {
      sent_.push_back(transaction);
    } else {
      sent_[pick(sent_.size())] = transaction;
    }
    return transaction;
  }

 private:
  void add_change(Draft& tx) {
    const SecretId secret = secret_named(pick(kSecrets));
    const CategoryId at = category_named(pick(kCategories));
    const auto known = model_.categories.find(at);
    tx.generation = Generation{known == model_.categories.end() ? 1 : known->second.generation};
    if (pick(30) == 0) tx.generation = Generation{1};
    switch (pick(18)) {
      case 0:
      case 1:
      case 2:
        written_.push_back({secret, tx.add(secret, at)});
        return;
      case 3:
        return void(tx.with(model::PurgeSecret{secret}));
      case 4:
        return void(
            tx.with(model::AddCategory{{at, category_named(pick(kCategories)), {}},
                                       generation_for(world_.vault, at, world_.readers_now())}));
      case 5:
        return void(tx.with(model::MoveCategory{at, category_named(pick(kCategories))}));
      case 6:
        return void(tx.with(model::StartKeyGeneration{next_generation(at)}));
      case 7:
        return add_setting(tx, at);
      case 8:
      case 9:
        written_.push_back({secret, tx.remove(secret, at, parents(secret))});
        return;
      default:
        written_.push_back({secret, tx.update(secret, at, parents(secret))});
    }
  }
  void add_setting(Draft& tx, const CategoryId& at) {
    switch (pick(8)) {
      case 0:
      case 1:
        // Rarely, as nothing is written to it any more.
        if (pick(30) == 0) return void(tx.with(model::DeleteCategory{at}));
        [[fallthrough]];
      case 2:
        return void(tx.with(model::RenameCategory{{at, {}, pattern(1 + pick(20), pick(99))}}));
      case 3:
        return void(tx.with(model::SetStrategy{pattern(1 + pick(50), pick(99))}));
      case 4:
      case 5:
        return void(tx.with(model::SetRetention{{.versions = pick(4), .days = pick(3)}}));
      default:
        return void(tx.with(model::ConfirmTime{kBegin}));
    }
  }
  // Heads, older versions, and some that were never committed.
  auto parents(const SecretId& secret) -> std::vector<VersionId> {
    std::set<VersionId> chosen;
    if (pick(3) != 0) chosen = model_.heads(secret);
    while (chosen.size() > 3) chosen.erase(chosen.begin());
    for (std::uint64_t tries = pick(3); tries > 0 && !written_.empty(); --tries) {
      const auto& [of, id] = written_[pick(written_.size())];
      if (of == secret) chosen.insert(id);
    }
    if (chosen.empty()) chosen.insert(named<VersionId>(pick(5)));
    return {chosen.begin(), chosen.end()};
  }
  auto next_generation(const CategoryId& at) -> model::KeyGeneration {
    const auto now = category(world_.state, at).value();
    if (!now) return generation_for(world_.vault, at, world_.readers_now(), Generation{2});
    const auto record = generation(world_.state, at, now->generation).value().value();
    const auto number = pick(4) == 0 ? now->generation : model::next(now->generation);
    return generation_for(world_.vault, at, world_.readers_now(), number,
                          model::generation_digest(record));
  }

  std::mt19937_64 random_;
  World& world_;
  const Model& model_;
  std::vector<model::VerifiedTransaction> sent_;
  std::vector<std::pair<SecretId, VersionId>> written_;
};

class ApplyModel : public testing::Test {
 protected:
  ApplyModel() {
    for (TestAuthor* author : {&admin, &writer, &reader, &replica}) world.admit(*author);
    const auto root = category_named(0);
    const auto transaction =
        Draft{world, owner}
            .with(model::AddCategory{{root, {}, {}},
                                     generation_for(world.vault, root, world.readers_now())})
            .sign();
    EXPECT_EQ(world.run(transaction).kind, OutcomeKind::applied);
    model.categories[root] = {};
    for (const TestAuthor* author : {&owner, &admin, &writer, &reader, &replica}) {
      model.authors[author->device()].role = std::to_underlying(author->record().role);
    }
    model.authors[owner.device()].last = 1;
    model.authors[owner.device()].used[1] = transaction->id;
  }
  void expect_equal_states() {
    std::set<SecretId> live;
    std::set<VersionId> bodies;
    for (const auto& [id, body] : world.bodies) bodies.insert(id);
    for (std::uint64_t number = 0; number < kSecrets; ++number) {
      const SecretId id = secret_named(number);
      const auto heads = world.heads_of(id);
      ASSERT_EQ((std::set<VersionId>{heads.begin(), heads.end()}), model.heads(id));
      if (world.shown(id)) live.insert(id);
      const auto state = secret(world.state, id).value();
      ASSERT_EQ(state.has_value(), model.secrets.contains(id));
      if (state) {
        ASSERT_EQ(state->versions.size(), model.secrets[id].size());
        ASSERT_EQ(state->category, model.where[id]);
      }
    }
    ASSERT_EQ(live, model.live());
    const auto now = chain(world.state).value();
    ASSERT_EQ(now.retention, model.retention);
    ASSERT_EQ(now.time_suspect, model.time_suspect);
    ASSERT_EQ(world.state.get(settings_key()).value(), model.settings);
    ASSERT_EQ(bodies, model.bodies);
    for (std::uint64_t number = 0; number < kCategories; ++number) {
      const CategoryId id = category_named(number);
      const auto state = category(world.state, id).value();
      ASSERT_EQ(state.has_value(), model.categories.contains(id));
      if (!state) continue;
      ASSERT_EQ(state->record.parent, model.categories[id].parent);
      ASSERT_EQ(state->record.sealed_name, model.categories[id].name);
      ASSERT_EQ(state->deleted, model.categories[id].deleted);
      ASSERT_EQ(std::to_underlying(state->generation), model.categories[id].generation);
    }
  }

  TestAuthor owner{1, kOwner}, admin{2, kAdmin}, writer{3, kWriter}, reader{4, kReader},
      replica{5, kReplica}, stranger{6, kOwner};
  World world{owner};
  Model model;
};

TEST_F(ApplyModel, RandomTransactionsHaveTheOutcomesAndTheStateOfThePlainModel) {
  constexpr std::uint64_t kSeed = 20'260'102;
  constexpr int kTransactions = 3000;
  std::printf("seed %llu\n", static_cast<unsigned long long>(kSeed));
  Generator generator{kSeed, world, model};
  TestAuthor* const authors[] = {&owner,  &owner,  &admin,  &admin,   &writer,
                                 &writer, &writer, &reader, &replica, &stranger};
  std::map<OutcomeKind, int> seen;
  std::uint64_t at = std::to_underlying(kBegin);
  // Mostly a moment; sometimes most of a day, and rarely more than one, which is suspect.
  const auto step = [&] {
    const std::uint64_t choice = generator.pick(800);
    return choice == 0 ? kDayMs + 1 : choice < 60 ? kDayMs * choice / 60 : 10;
  };
  int suspect = 0;
  for (int i = 0; i < kTransactions; ++i) {
    SCOPED_TRACE("transaction " + std::to_string(i));
    const auto transaction = generator.next(*authors[generator.pick(std::size(authors))]);
    at += step();
    world.begin(TimeMs{at});
    model.begin(TimeMs{at});

    // Deterministic: through two overlays of one state, byte for byte.
    StateOverlay left{world.state}, right{world.state};
    const auto a = apply(left, transaction, world.context()).value();
    const auto b = apply(right, transaction, world.context()).value();
    ASSERT_EQ(a.changes, b.changes);
    ASSERT_EQ(a.audit, b.audit);

    const Outcome outcome = world.run_in_commit(transaction, world.context());
    const OutcomeKind expected = model.run(transaction);
    ASSERT_EQ(outcome.kind, expected)
        << model::outcome_name(outcome.kind) << ", the model says " << model::outcome_name(expected)
        << ": " << base::error_name(outcome.reason);
    ++seen[outcome.kind];
    suspect += model.time_suspect ? 1 : 0;
    expect_equal_states();
    if (HasFatalFailure()) return;
  }
  for (const OutcomeKind kind :
       {OutcomeKind::applied, OutcomeKind::duplicate, OutcomeKind::gap, OutcomeKind::sequence_used,
        OutcomeKind::stale_generation, OutcomeKind::denied, OutcomeKind::invalid}) {
    std::printf("%s: %d\n", std::string{model::outcome_name(kind)}.c_str(), seen[kind]);
    EXPECT_GT(seen[kind], 10) << model::outcome_name(kind);
  }
  std::printf("bodies pruned: %d, under suspect time: %d\n", model.pruned, suspect);
  EXPECT_GT(model.pruned, 50);
  EXPECT_GT(suspect, 50);
  EXPECT_LT(suspect, kTransactions / 2);
}

// Three authors edit the same secrets without seeing each other's numbers: however their streams
// mix, each stream has the outcomes it has alone, and all mixes end with the same heads.
TEST_F(ApplyModel, HoweverIndependentStreamsMixTheEndIsTheSame) {
  constexpr std::uint64_t kSeed = 20'260'103;
  std::printf("seed %llu\n", static_cast<unsigned long long>(kSeed));
  std::mt19937_64 random{kSeed};
  TestAuthor* const authors[] = {&owner, &admin, &writer};
  const auto root = category_named(0);
  for (int round = 0; round < 15; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    World start{owner};
    for (TestAuthor* author : {&admin, &writer}) start.admit(*author);
    ASSERT_EQ(
        start
            .run(Draft{start, owner}
                     .with(model::AddCategory{
                         {root, {}, {}}, generation_for(start.vault, root, start.readers_now())})
                     .sign())
            .kind,
        OutcomeKind::applied);
    std::vector<std::vector<model::VerifiedTransaction>> streams(3);
    std::vector<std::pair<SecretId, VersionId>> versions;
    for (std::size_t a = 0; a < 3; ++a) {
      const SecretId own = secret_named(a);
      for (int i = 0; i < 12; ++i) {
        Draft tx{start, *authors[a]};
        if (!streams[a].empty()) {
          tx.fields.seq = model::next(streams[a].back()->fields.seq);
          tx.fields.previous = streams[a].back()->id;
        }
        if (i == 0) {
          versions.emplace_back(own, tx.add(own, root));
        } else if (random() % 8 == 0) {
          tx.with(model::PurgeSecret{named<SecretId>(9)});  // invalid in any order
        } else {
          const auto [secret, parent] = versions[random() % versions.size()];
          const bool removes = random() % 5 == 0;
          versions.emplace_back(secret, removes ? tx.remove(secret, root, {parent})
                                                : tx.update(secret, root, {parent}));
        }
        streams[a].push_back(tx.sign());
      }
    }
    std::optional<std::vector<std::set<VersionId>>> expected;
    for (int mix = 0; mix < 5; ++mix) {
      World mixed{owner};
      mixed.state.records = start.state.records;
      std::vector<std::size_t> at(3, 0);
      while (at != std::vector<std::size_t>(3, 12)) {
        const std::size_t a = random() % 3;
        if (at[a] == 12) continue;
        const auto& transaction = streams[a][at[a]++];
        const bool invalid =
            std::holds_alternative<model::PurgeSecret>(transaction->fields.changes[0].what);
        ASSERT_EQ(mixed.run(transaction).kind,
                  invalid ? OutcomeKind::invalid : OutcomeKind::applied);
      }
      std::vector<std::set<VersionId>> heads;
      for (std::size_t a = 0; a < 3; ++a) {
        const auto ids = mixed.heads_of(secret_named(a));
        heads.emplace_back(ids.begin(), ids.end());
      }
      if (!expected) expected = heads;
      ASSERT_EQ(heads, *expected);
    }
  }
}

}  // namespace
}  // namespace holdfast::vault
