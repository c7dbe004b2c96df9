// change_rules.h: what each kind of change requires and does. Used by apply alone.
// A rule reads and writes the overlay of its transaction; a refusal leaves that overlay to be
// dropped. Threads: pure. Errors: of the view; a refusal is a value. Source: docs/formats.cddl.
#pragma once

#include <optional>
#include <vector>

#include "vault/apply.h"

namespace holdfast::vault {

// Why a change, and with it its transaction, has no effect.
struct Refusal {
  model::OutcomeKind kind{};
  Error reason{};
};
using Ruling = Result<std::optional<Refusal>>;  // nothing: the change holds

struct RuleContext {
  const model::Transaction& transaction;
  std::uint64_t change_index = 0;
  const model::MemberState& author;
  const CommitContext& commit;
  StateOverlay& state;
  std::vector<BodyChange>& bodies;
};

[[nodiscard]] auto rule_on(const RuleContext& context, const model::Change& change) -> Ruling;

// By kind: secrets (secret_rules.cc), categories and keys (category_rules.cc), the rest here.
[[nodiscard]] auto rule_on_version(const RuleContext& context, const model::EncodedVersion& version,
                                   bool adds, model::VersionKind kind) -> Ruling;
[[nodiscard]] auto rule_on_purge(const RuleContext& context, const model::PurgeSecret& purge)
    -> Ruling;
[[nodiscard]] auto rule_on_category(const RuleContext& context, const model::AddCategory& add)
    -> Ruling;
[[nodiscard]] auto rule_on_category(const RuleContext& context, const model::RenameCategory& rename)
    -> Ruling;
[[nodiscard]] auto rule_on_category(const RuleContext& context, const model::MoveCategory& move)
    -> Ruling;
[[nodiscard]] auto rule_on_category(const RuleContext& context, const model::DeleteCategory& gone)
    -> Ruling;
[[nodiscard]] auto rule_on_generation(const RuleContext& context,
                                      const model::StartKeyGeneration& start) -> Ruling;

[[nodiscard]] inline auto holds() -> Ruling { return std::optional<Refusal>{}; }
[[nodiscard]] inline auto invalid(Error reason) -> Ruling {
  return Refusal{model::OutcomeKind::invalid, reason};
}
[[nodiscard]] inline auto denied(Error reason) -> Ruling {
  return Refusal{model::OutcomeKind::denied, reason};
}

}  // namespace holdfast::vault
