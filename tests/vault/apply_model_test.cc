// `apply` beside a model of the same rules, written down a second time with plain maps, under
// random transactions.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "vault/test_author.h"

namespace holdfast::vault {
namespace {

using base::Error;
using test::Draft, test::MapState, test::named, test::pattern, test::TestAuthor, test::World;
using namespace test;

constexpr std::uint64_t kSecrets = 12;
constexpr std::uint64_t kCategories = 8;
constexpr std::uint64_t kDayMs = 24ULL * 60 * 60 * 1000;
auto secret_named(std::uint64_t number) { return named<SecretId>(100 + number); }
auto category_named(std::uint64_t number) { return named<CategoryId>(200 + number); }

// ---- the model --------------------------------------------------------------------------------
struct ModelVersion {
  VersionId id;
  std::set<VersionId> parents;
  bool tombstone = false, gone = false;
  std::uint64_t committed = 0;
};
struct ModelAuthor {
  std::uint64_t role = 0, last = 0;
  std::map<std::uint64_t, TxId> used;
};
struct ModelCategory {
  std::optional<CategoryId> parent;
  std::uint64_t generation = 1;
  Bytes name;
  bool deleted = false;
};
struct Model {
  std::map<DeviceId, ModelAuthor> authors;
  std::map<CategoryId, ModelCategory> categories;
  std::map<SecretId, std::vector<ModelVersion>> secrets;
  std::map<SecretId, CategoryId> where;
  std::set<VersionId> bodies;
  model::Retention retention;
  std::optional<Bytes> settings;
  std::uint64_t now = std::to_underlying(kBegin);
  bool begun = false, time_suspect = false;

  void begin(TimeMs at) {
    if (begun && std::to_underlying(at) - now > kDayMs) time_suspect = true;
    now = std::to_underlying(at);
    begun = true;
  }
  [[nodiscard]] auto is_open(const CategoryId& id) const -> bool {
    const auto found = categories.find(id);
    return found != categories.end() && !found->second.deleted;
  }
  // What is neither among the newest nor young leaves its body, unless it is a head.
  void prune(const SecretId& id) {
    if (time_suspect || secrets[id].size() <= retention.versions) return;
    const std::set<VersionId> current = heads(id);
    std::vector<ModelVersion*> with_body;
    for (ModelVersion& version : secrets[id]) {
      if (!version.gone) with_body.push_back(&version);
    }
    for (std::size_t i = 0; i < with_body.size(); ++i) {
      const bool among_newest = with_body.size() - i <= retention.versions;
      const bool young = (now - with_body[i]->committed) / kDayMs < retention.days;
      if (among_newest || young || current.contains(with_body[i]->id)) continue;
      with_body[i]->gone = true;
      bodies.erase(with_body[i]->id);
      ++pruned;
    }
  }
  int pruned = 0;

  [[nodiscard]] auto find(const SecretId& secret, const VersionId& id) const
      -> const ModelVersion* {
    const auto it = secrets.find(secret);
    if (it == secrets.end()) return nullptr;
    for (const ModelVersion& version : it->second) {
      if (version.id == id) return &version;
    }
    return nullptr;
  }
  // Versions above `from`, through those that are gone.
  void ancestors(const SecretId& secret, const ModelVersion& from, std::set<VersionId>& out) const {
    for (const VersionId& parent : from.parents) {
      out.insert(parent);
      const ModelVersion* found = find(secret, parent);
      if (found != nullptr && found->gone) ancestors(secret, *found, out);
    }
  }
  [[nodiscard]] auto heads(const SecretId& secret) const -> std::set<VersionId> {
    std::set<VersionId> covered, result;
    const auto it = secrets.find(secret);
    if (it == secrets.end()) return {};
    for (const ModelVersion& version : it->second) {
      if (!version.gone) ancestors(secret, version, covered);
    }
    for (const ModelVersion& version : it->second) {
      if (!version.gone && !covered.contains(version.id)) result.insert(version.id);
    }
    return result;
  }
  [[nodiscard]] auto live() const -> std::set<SecretId> {
    std::set<SecretId> result;
    for (const auto& [id, versions] : secrets) {
      for (const VersionId& head : heads(id)) {
        if (!find(id, head)->tombstone) result.insert(id);
      }
    }
    return result;
  }

  auto change(const Change& change, const ModelAuthor& author) -> OutcomeKind {
    if (const auto* add = std::get_if<model::AddSecret>(&change.what)) {
      return version(add->version, author, true, false);
    }
    if (const auto* update = std::get_if<model::UpdateSecret>(&change.what)) {
      return version(update->version, author, false, false);
    }
    if (const auto* remove = std::get_if<model::DeleteSecret>(&change.what)) {
      return version(remove->version, author, false, true);
    }
    if (const auto* purge = std::get_if<model::PurgeSecret>(&change.what)) {
      if (author.role < 2) return OutcomeKind::denied;
      if (!secrets.contains(purge->secret)) return OutcomeKind::invalid;
      for (ModelVersion& gone : secrets[purge->secret]) {
        gone.gone = true;
        bodies.erase(gone.id);
      }
      return OutcomeKind::applied;
    }
    if (const auto* add = std::get_if<model::AddCategory>(&change.what)) {
      if (author.role < 3) return OutcomeKind::denied;
      const auto& parent = add->category.parent;
      if (categories.contains(add->category.id) || !parent || !is_open(*parent)) {
        return OutcomeKind::invalid;
      }
      categories[add->category.id] = {.parent = parent, .name = add->category.sealed_name};
      return OutcomeKind::applied;
    }
    if (const auto* move = std::get_if<model::MoveCategory>(&change.what)) {
      if (author.role < 3) return OutcomeKind::denied;
      if (!is_open(move->category) || !is_open(*move->parent)) return OutcomeKind::invalid;
      if (!categories[move->category].parent) return OutcomeKind::invalid;
      for (auto at = move->parent; at; at = categories[*at].parent) {
        if (*at == move->category) return OutcomeKind::applied;  // without effect
      }
      categories[move->category].parent = move->parent;
      return OutcomeKind::applied;
    }
    if (const auto* rename = std::get_if<model::RenameCategory>(&change.what)) {
      if (author.role < 3) return OutcomeKind::denied;
      if (!is_open(rename->category.id)) return OutcomeKind::invalid;
      categories[rename->category.id].name = rename->category.sealed_name;
      return OutcomeKind::applied;
    }
    if (const auto* gone = std::get_if<model::DeleteCategory>(&change.what)) {
      if (author.role < 3) return OutcomeKind::denied;
      if (!is_open(gone->category)) return OutcomeKind::invalid;
      if (!categories[gone->category].parent) return OutcomeKind::invalid;
      categories[gone->category].deleted = true;
      return OutcomeKind::applied;
    }
    if (const auto* strategy = std::get_if<model::SetStrategy>(&change.what)) {
      if (author.role < 3) return OutcomeKind::denied;
      settings = strategy->sealed_settings;
      return OutcomeKind::applied;
    }
    if (const auto* keep = std::get_if<model::SetRetention>(&change.what)) {
      if (author.role < 3) return OutcomeKind::denied;
      retention = keep->retention;
      return OutcomeKind::applied;
    }
    if (std::holds_alternative<model::ConfirmTime>(change.what)) {
      if (author.role < 4) return OutcomeKind::denied;
      time_suspect = false;
      return OutcomeKind::applied;
    }
    if (const auto* start = std::get_if<model::StartKeyGeneration>(&change.what)) {
      if (author.role < 1) return OutcomeKind::denied;
      const auto it = categories.find(start->generation.category);
      if (!is_open(start->generation.category)) return OutcomeKind::invalid;
      if (std::to_underlying(start->generation.generation) != it->second.generation + 1) {
        return OutcomeKind::invalid;
      }
      ++it->second.generation;
      return OutcomeKind::applied;
    }
    return OutcomeKind::malformed;  // the generator makes no others
  }
  auto version(const model::EncodedVersion& made, const ModelAuthor& author, bool adds,
               bool deletes) -> OutcomeKind {
    if (author.role < 2) return OutcomeKind::denied;
    const SecretId& id = made.fields.secret;
    const auto category = categories.find(made.fields.category);
    if (!is_open(made.fields.category)) return OutcomeKind::invalid;
    if (category->second.generation != std::to_underlying(made.fields.generation)) {
      return OutcomeKind::stale_generation;
    }
    bool expected = false, added = false;
    for (const ModelVersion& other :
         secrets.contains(id) ? secrets[id] : std::vector<ModelVersion>{}) {
      expected = expected || other.parents.contains(made.id);
      added = added || other.parents.empty();
    }
    if (adds && added && !expected) return OutcomeKind::invalid;
    if (!secrets.contains(id) || (!adds && !expected)) where[id] = made.fields.category;
    const auto& parents = made.fields.parents;
    secrets[id].push_back({made.id, {parents.begin(), parents.end()}, deletes, false, now});
    bodies.insert(made.id);
    prune(id);
    return OutcomeKind::applied;
  }
  auto run(const model::VerifiedTransaction& transaction) -> OutcomeKind {
    const auto& fields = transaction->fields;
    const auto seq = std::to_underlying(fields.seq);
    if (!authors.contains(fields.author)) return OutcomeKind::denied;
    ModelAuthor& author = authors[fields.author];
    if (seq <= author.last) {
      return author.used[seq] == transaction->id ? OutcomeKind::duplicate
                                                 : OutcomeKind::sequence_used;
    }
    const auto previous = author.last == 0 ? std::nullopt : std::optional{author.used[author.last]};
    if (seq > author.last + 1 || fields.previous != previous) return OutcomeKind::gap;
    const Model before = *this;
    OutcomeKind outcome = OutcomeKind::applied;
    for (const Change& each : fields.changes) {
      outcome = change(each, author);
      if (outcome != OutcomeKind::applied) break;
    }
    if (outcome != OutcomeKind::applied) *this = before;
    authors[fields.author].last = seq;
    authors[fields.author].used[seq] = transaction->id;
    return outcome;
  }
};

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
