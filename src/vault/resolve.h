// resolve.h: settles the heads of one secret: what readers see, and what a merge would write.
// Pure and symmetric: equal heads, ancestor and settings give an equal resolution, whatever order
// they come in. A Resolution names heads, fields and outcomes and holds no value of a field but the
// content itself, which lies in the SecretMemory given. No input is lost: every head stays a
// version, and what a field loses is in the heads that `differing` names.
// Limits: model's; a merge that would exceed one keeps the latest value there, and one that is too
// large as a whole stays open. Time: none, only the times of the heads. Threads: pure; a
// ConflictResolver is called by the thread that resolves. Errors: different_entities,
// secret_memory_exhausted, and those of a resolver. Source: docs/design/vault.md §2.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/conflict_settings.h"
#include "model/secret.h"

namespace holdfast::vault {

struct Head {
  model::VersionId id;
  model::SecretId secret;
  std::optional<std::pair<model::Height, std::uint64_t>> place;  // of its commit; nothing: pending
  model::TimeMs committed{};                                     // time of that commit
  model::DeviceId author;
  model::RoleId author_role{};
  const model::Secret* content = nullptr;  // borrowed; null: a tombstone
};

struct Conflict {
  model::SecretId secret;
  model::CategoryId category;
  model::ConflictType type{};
  std::vector<Head> heads;  // two or more, in any order
  std::optional<model::VersionId> ancestor_id{};
  const model::Secret* ancestor = nullptr;  // borrowed; null: the merge has two sides only
  std::optional<model::DeviceId> writer{};  // who will write the merge; nothing: only reading
};

struct FieldOutcome {
  base::SecretBytes field;  // "password", "fields/pin", "attachments/key.pem"
  model::FieldRule rule{};
  std::optional<model::VersionId> taken;  // whose value it is; nothing: combined of several
  // The heads, grouped by the value they have (none counts as one); each group and all ascending.
  std::vector<std::vector<model::VersionId>> groups;
};

struct Resolution {
  model::ConflictType type{};
  model::Strategy strategy{};
  std::optional<model::RuleId> rule;    // that chose the strategy
  std::vector<model::VersionId> heads;  // ascending
  std::optional<model::VersionId> ancestor;
  std::optional<model::VersionId> shown;  // the head whose content this is; nothing: a merge
  std::optional<model::Secret> content;   // nothing: every head is a tombstone
  std::vector<FieldOutcome> fields;       // that were changed in different ways
  bool differs = true;                    // false: all heads say the same, which is no conflict
  bool open = false;  // waits for the user, or for a resolver where a merge is written
};

// The strategy `custom`: makes one content of several. Must not depend on the order of heads.
class ConflictResolver {
 public:
  ConflictResolver() = default;
  ConflictResolver(const ConflictResolver&) = delete;
  auto operator=(const ConflictResolver&) -> ConflictResolver& = delete;
  virtual ~ConflictResolver() = default;
  [[nodiscard]] virtual auto resolve(const Conflict& conflict, base::SecretMemory& memory) const
      -> base::Result<model::Secret> = 0;
};

// `custom` is used only where conflict.writer is given: what is read must not depend on a program
// that other devices may lack.
[[nodiscard]] auto resolve(const Conflict& conflict, const model::ConflictSettings& settings,
                           const ConflictResolver* custom, base::SecretMemory& memory)
    -> base::Result<Resolution>;

// min(modified, time of the commit): a future-dated edit gains nothing.
[[nodiscard]] auto effective_time(const Head& head) -> model::TimeMs;
// Committed heads in committed order, then pending ones by (modified, id).
[[nodiscard]] auto comes_first(const Head& a, const Head& b) -> bool;
// A pattern with * (any run) and ? (any one byte); an empty one matches everything.
[[nodiscard]] auto matches_pattern(std::string_view pattern, std::string_view text) -> bool;

}  // namespace holdfast::vault
