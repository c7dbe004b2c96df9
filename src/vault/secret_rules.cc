#include <algorithm>
#include <ranges>
#include <set>

#include "vault/change_rules.h"
#include "vault/version_dag.h"

namespace holdfast::vault {
namespace {

using model::BodyState;
using model::SecretState;
using model::Version;
using model::VersionKind;
using model::VersionNode;

inline constexpr std::size_t kBodiesKeptMax = 1000;       // of one secret
inline constexpr std::size_t kStubsForgottenFrom = 3000;  // versions of one secret
static_assert(kBodiesKeptMax < kStubsForgottenFrom);
static_assert(kStubsForgottenFrom < model::kVersionNodesMax);

// A version belongs to the transaction that carries it, and to nothing else.
auto matches_transaction(const RuleContext& context, const Version& version, VersionKind kind)
    -> bool {
  if (version.author != context.transaction.author) return false;
  if (version.author_seq != context.transaction.seq) return false;
  if (version.index != context.change_index) return false;
  if (version.kind != kind) return false;
  if (kind == VersionKind::tombstone) return version.wrapped_key.empty() && version.sealed.empty();
  return version.wrapped_key.size() == model::kWrappedKeyBytes && !version.sealed.empty();
}

// A version names it, or what it replaces, as its parent: it was expected, and it is no head.
auto is_expected(const SecretState& state, const model::EncodedVersion& version) -> bool {
  return std::ranges::any_of(state.versions, [&](const VersionNode& node) {
    return std::ranges::any_of(node.parents, [&](const model::VersionId& parent) {
      return parent == version.id || parent == version.fields.replaces;
    });
  });
}

auto was_added(const SecretState& state) -> bool {
  return std::ranges::any_of(state.versions, [](const auto& node) { return node.parents.empty(); });
}

// Ids are hashes, so parents alone cannot form a circle; a version that replaces another and names
// its descendants as parents could, and would leave the secret without a head.
auto closes_a_circle(const SecretState& state) -> bool {
  const auto replaces = [](const VersionNode& node) { return node.replaces.has_value(); };
  return std::ranges::any_of(state.versions, replaces) && heads(state).empty();
}

// Writes to a category wait while it has no current key generation.
auto writable(const RuleContext& context, const Version& version) -> Ruling {
  TRY(found, category(context.state, version.category));
  if (!found || found->deleted) return invalid(Error::state_unknown_category);
  if (found->ended || found->generation != version.generation) {
    return Refusal{model::OutcomeKind::stale_generation, Error::generation_ended};
  }
  return holds();
}

// The bodies of versions that are no heads and that the retention rule keeps no longer go, and
// leave stubs. Only the newest kBodiesKeptMax stay however young they are, so that a secret that
// changes every minute can always be changed again.
void prune(const RuleContext& context, const model::Retention& retention, SecretState& state) {
  constexpr std::uint64_t kDayMs = 24ULL * 60 * 60 * 1000;
  if (state.versions.size() <= std::min<std::uint64_t>(retention.versions, kBodiesKeptMax)) return;
  const std::vector<const VersionNode*> current = heads(state);
  const std::uint64_t now = std::to_underlying(context.commit.timestamp);
  std::uint64_t newer = 0;  // versions with a body, from the newest back
  for (VersionNode& node : std::views::reverse(state.versions)) {
    if (node.body != BodyState::present) continue;
    ++newer;
    const std::uint64_t age = now - std::min(now, std::to_underlying(node.committed));
    const bool kept = newer <= retention.versions || age / kDayMs < retention.days;
    if (newer <= kBodiesKeptMax && kept) continue;
    if (std::ranges::find(current, &node) != current.end()) continue;
    node.body = BodyState::pruned;
    context.bodies.push_back({node.id, std::nullopt});
  }
}

// The oldest stubs are forgotten once there are many: those that lead to nothing older. Whoever
// names one as a parent afterwards names an unknown one.
void make_room(SecretState& state) {
  if (state.versions.size() < kStubsForgottenFrom) return;
  std::set<model::VersionId> known;
  for (const VersionNode& node : state.versions) known.insert(node.id);
  std::erase_if(state.versions, [&](const VersionNode& node) {
    if (node.body == BodyState::present || known.size() < kStubsForgottenFrom) return false;
    const auto leads_on = [&](const model::VersionId& id) { return known.contains(id); };
    if (std::ranges::any_of(node.parents, leads_on)) return false;
    if (node.replaces && leads_on(*node.replaces)) return false;
    known.erase(node.id);
    return true;
  });
}

}  // namespace

auto rule_on_version(const RuleContext& context, const model::EncodedVersion& version, bool adds,
                     VersionKind kind) -> Ruling {
  const Version& fields = version.fields;
  if (!matches_transaction(context, fields, kind)) return invalid(Error::version_mismatch);
  if (adds != fields.parents.empty()) return invalid(Error::version_mismatch);
  TRY(refusal, writable(context, fields));
  if (refusal) return refusal;

  TRY(found, secret(context.state, fields.secret));
  // An update may arrive before what it updates: its parents are then expected.
  const bool expected = found && is_expected(*found, version);
  if (adds && found && !expected && was_added(*found)) return invalid(Error::secret_exists);
  SecretState state =
      found ? std::move(*found)
            : SecretState{.id = fields.secret, .category = fields.category, .versions = {}};
  TRY(settings, chain(context.state));
  make_room(state);
  if (state.versions.size() >= model::kVersionNodesMax) return invalid(Error::too_many_versions);
  if (find_version(state, version.id) != nullptr) return invalid(Error::version_mismatch);
  // What comes after its own descendants does not move the secret back.
  if (!adds && !expected) state.category = fields.category;
  state.versions.push_back({.id = version.id,
                            .parents = fields.parents,
                            .replaces = fields.replaces,
                            .kind = kind,
                            .body = BodyState::present,
                            .author = fields.author,
                            .height = context.commit.height,
                            .index = context.commit.index,
                            .committed = context.commit.timestamp});
  if (closes_a_circle(state)) return invalid(Error::version_mismatch);
  if (!settings.time_suspect) prune(context, settings.retention, state);
  context.state.put(secret_key(fields.secret), model::encode(state));
  context.bodies.push_back({version.id, version.bytes});
  return holds();
}

auto rule_on_purge(const RuleContext& context, const model::PurgeSecret& purge) -> Ruling {
  TRY(found, secret(context.state, purge.secret));
  if (!found) return invalid(Error::state_unknown_secret);
  for (VersionNode& node : found->versions) {
    if (node.body != BodyState::present) continue;
    node.body = BodyState::purged;
    context.bodies.push_back({node.id, std::nullopt});
  }
  context.state.put(secret_key(purge.secret), model::encode(*found));
  return holds();
}

}  // namespace holdfast::vault
