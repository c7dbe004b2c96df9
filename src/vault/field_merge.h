// field_merge.h: three-way merge of the fields of one secret. A field changed on one side takes
// that side; changed to different values on several, the rule of the field decides. A field that
// one side removed and another changed is kept. Used by resolve alone. Limits: model/secret.h.
// Threads: pure. Errors: secret_memory_exhausted (thrown as bad_alloc). Source:
// docs/design/vault.md §2.
#pragma once

#include <functional>
#include <string_view>

#include "vault/resolve.h"

namespace holdfast::vault {

struct ChosenRule {
  model::FieldRule rule{};
  std::string_view separator{};  // of concatenate
};
// The rule for a field by its name; `fallback` where no rule of the settings says otherwise.
using RuleFor = std::function<ChosenRule(std::string_view field, model::FieldRule fallback)>;

struct FieldMerge {
  model::Secret content;
  std::vector<FieldOutcome> outcomes;
};
// `sides`: heads with content, in the order of comes_first, two or more.
[[nodiscard]] auto merge_fields(const std::vector<Head>& sides, const model::Secret* ancestor,
                                const std::optional<model::DeviceId>& writer,
                                const RuleFor& rule_for, base::SecretMemory& memory) -> FieldMerge;

}  // namespace holdfast::vault
