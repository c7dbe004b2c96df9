// plain_model.h: the rules of `apply` written down a second time, with plain maps, for tests that
// compare the two. It checks nothing that tests do not generate. Threads: one.
// Source: docs/design/outcomes.md.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "vault/test_author.h"

namespace holdfast::vault::test {

inline constexpr std::uint64_t kDayMs = 24ULL * 60 * 60 * 1000;

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

}  // namespace holdfast::vault::test
