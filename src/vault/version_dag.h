// version_dag.h: what follows from the versions of one secret: its heads, and the edge to add.
// Heads are versions without a living child. A version named as a parent before it is committed is
// no head when it commits. A stub's parents count as the parents of its children, and a re-sealed
// copy stands for the version it replaces. Pure; the order of versions never matters.
// Limits: kVersionNodesMax, kParentsMax. Errors: too_many_versions. Source: docs/formats.cddl.
#pragma once

#include <optional>
#include <vector>

#include "model/conflict_settings.h"
#include "vault/state_view.h"

namespace holdfast::vault {

// In committed order.
[[nodiscard]] auto heads(const model::SecretState& secret)
    -> std::vector<const model::VersionNode*>;

// The head that a reader is shown before a merge strategy has a say: the last committed content.
// Null: every head is a tombstone, or nothing is left to show.
[[nodiscard]] auto shown_head(const model::SecretState& secret) -> const model::VersionNode*;

[[nodiscard]] auto find_version(const model::SecretState& secret, const model::VersionId& id)
    -> const model::VersionNode*;

// The version that heads are merged against: of their common ancestors with content, one that is no
// ancestor of another, and of several such the one with the smallest (height, id). Stubs and
// tombstones are passed through. Null: there is none, and a merge has two sides only.
[[nodiscard]] auto common_ancestor(const model::SecretState& secret,
                                   const std::vector<const model::VersionNode*>& of)
    -> const model::VersionNode*;

// What is drawn between the heads of one secret; nothing: fewer than two heads.
[[nodiscard]] auto conflict_type(const std::vector<const model::VersionNode*>& heads)
    -> std::optional<model::ConflictType>;

}  // namespace holdfast::vault
