#include <algorithm>

#include "vault/change_rules.h"
#include "vault/version_dag.h"

namespace holdfast::vault {
namespace {

using model::BodyState;
using model::SecretState;
using model::Version;
using model::VersionKind;
using model::VersionNode;

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
