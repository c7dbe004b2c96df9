#include "vault/resolve.h"

#include <algorithm>
#include <new>

#include "base/check.h"
#include "crypto/equal.h"
#include "vault/field_merge.h"

namespace holdfast::vault {
namespace {

using base::Error, base::fail, base::Result, base::SecretBytes, base::SecretMemory;
using model::ConflictRule, model::ConflictSettings, model::FieldAction, model::FieldRule;
using model::RuleCondition, model::Secret, model::Strategy;

constexpr std::string_view kDefaultSeparator = "\n";

auto matches(const SecretBytes& pattern, const SecretBytes& text) -> bool {
  return pattern.expose_text([&](std::string_view wanted) {
    return text.expose_text([&](std::string_view have) { return matches_pattern(wanted, have); });
  });
}

// A field's own name: of "fields/pin" also "pin".
auto matches_field(const SecretBytes& pattern, std::string_view field) -> bool {
  return pattern.expose_text([&](std::string_view wanted) {
    if (matches_pattern(wanted, field)) return true;
    constexpr std::string_view kCustom = "fields/";
    return field.starts_with(kCustom) && matches_pattern(wanted, field.substr(kCustom.size()));
  });
}

// Everything of a condition but its field. A condition on one head is met if any head meets it, so
// that the order of heads does not matter.
auto applies(const RuleCondition& when, const Conflict& conflict) -> bool {
  if (when.category && *when.category != conflict.category) return false;
  if (when.type && *when.type != conflict.type) return false;
  const auto any_head = [&](auto&& holds) { return std::ranges::any_of(conflict.heads, holds); };
  if (when.author_role &&
      !any_head([&](const Head& head) { return head.author_role == *when.author_role; })) {
    return false;
  }
  if (!when.label.empty() && !any_head([&](const Head& head) {
        return head.content != nullptr && matches(when.label, head.content->label);
      })) {
    return false;
  }
  return when.tag.empty() || any_head([&](const Head& head) {
           return head.content != nullptr &&
                  std::ranges::any_of(head.content->tags, [&](const SecretBytes& tag) {
                    return matches(when.tag, tag);
                  });
         });
}

// The highest priority first; of equals the smallest id.
auto rules_for(const Conflict& conflict, const ConflictSettings& settings)
    -> std::vector<const ConflictRule*> {
  std::vector<const ConflictRule*> rules;
  for (const ConflictRule& rule : settings.rules) {
    if (applies(rule.condition, conflict)) rules.push_back(&rule);
  }
  std::ranges::sort(rules, [](const ConflictRule* a, const ConflictRule* b) {
    if (a->priority != b->priority) return a->priority > b->priority;
    return a->id < b->id;
  });
  return rules;
}

auto field_rule(const std::vector<const ConflictRule*>& rules, std::string_view field,
                FieldRule fallback) -> ChosenRule {
  for (const ConflictRule* rule : rules) {
    const auto* action = std::get_if<FieldAction>(&rule->action);
    if (action == nullptr || !matches_field(rule->condition.field, field)) continue;
    std::string_view separator;
    // The view points into the settings, which outlive this resolution.
    action->separator.expose_text([&](std::string_view text) { separator = text; });
    return {action->rule, separator.empty() ? kDefaultSeparator : separator};
  }
  return {fallback, kDefaultSeparator};
}

auto strategy_rule(const std::vector<const ConflictRule*>& rules,
                   const std::vector<FieldOutcome>& fields) -> const ConflictRule* {
  for (const ConflictRule* rule : rules) {
    if (!std::holds_alternative<Strategy>(rule->action)) continue;
    const bool concerns = rule->condition.field.empty() ||
                          std::ranges::any_of(fields, [&](const FieldOutcome& outcome) {
                            return outcome.field.expose_text([&](std::string_view name) {
                              return matches_field(rule->condition.field, name);
                            });
                          });
    if (concerns) return rule;
  }
  return nullptr;
}

// Times apart: they differ between two who write the same.
auto same_content(const Secret& a, const Secret& b, SecretMemory& memory) -> Result<bool> {
  Secret left = a.clone();
  Secret right = b.clone();
  left.created = right.created = left.modified = right.modified = {};
  TRY(x, model::encode(left, memory));
  TRY(y, model::encode(right, memory));
  return crypto::equal(x, y);
}

class Settling {
 public:
  Settling(const Conflict& conflict, const ConflictSettings& settings,
           const ConflictResolver* custom, SecretMemory& memory)
      : conflict_{conflict}, settings_{settings}, custom_{custom}, memory_{memory} {
    for (const Head& head : conflict.heads) {
      result_.heads.push_back(head.id);
      if (head.content != nullptr) sides_.push_back(head);
    }
    std::ranges::sort(result_.heads);
    std::ranges::sort(sides_, comes_first);
    result_.type = conflict.type;
    result_.strategy = settings.strategy;
    result_.ancestor = conflict.ancestor_id;
  }

  auto run() -> Result<Resolution> {
    if (sides_.empty()) return finish();  // deleted on every side
    if (sides_.size() == 1) {             // what was edited survives what was deleted
      show(sides_.front());
      return finish();
    }
    TRY(alike, all_alike());
    if (alike) {
      result_.differs = sides_.size() < conflict_.heads.size();  // a deletion stands against them
      show(sides_.front());
      return finish();
    }
    return settle();
  }

 private:
  auto settle() -> Result<Resolution> {
    const auto rules = rules_for(conflict_, settings_);
    const RuleFor rule_for = [&](std::string_view field, FieldRule fallback) {
      return field_rule(rules, field, fallback);
    };
    FieldMerge merged =
        merge_fields(sides_, conflict_.ancestor, conflict_.writer, rule_for, memory_);
    if (const ConflictRule* rule = strategy_rule(rules, merged.outcomes)) {
      result_.strategy = std::get<Strategy>(rule->action);
      result_.rule = rule->id;
    }
    result_.fields = std::move(merged.outcomes);
    switch (result_.strategy) {
      case Strategy::merge:
        return take_merge(std::move(merged.content));
      case Strategy::last_write_wins:
        take_whole(*std::ranges::max_element(sides_, {}, by_time));
        return finish();
      case Strategy::first_write_wins:
        take_whole(*std::ranges::min_element(sides_, {}, by_time));
        return finish();
      case Strategy::custom:
        return take_custom();
      case Strategy::manual:
        break;
    }
    return leave_open();
  }

  auto all_alike() const -> Result<bool> {
    for (const Head& side : sides_) {
      TRY(same, same_content(*side.content, *sides_.front().content, memory_));
      if (!same) return false;
    }
    return true;
  }
  static auto by_time(const Head& head) -> std::pair<model::TimeMs, model::VersionId> {
    return {effective_time(head), head.id};
  }

  auto take_merge(Secret content) -> Result<Resolution> {
    const auto encoded = model::encode(content, memory_);
    if (!encoded && encoded.error() == Error::too_long) return leave_open();
    if (!encoded) return fail(encoded.error());
    result_.content = std::move(content);
    return finish();
  }
  auto take_custom() -> Result<Resolution> {
    if (custom_ == nullptr || !conflict_.writer) return leave_open();
    TRY(content, custom_->resolve(conflict_, memory_));
    return take_merge(std::move(content));
  }
  auto leave_open() -> Result<Resolution> {
    result_.open = true;
    take_whole(sides_.front());
    return finish();
  }
  // One head as it is: every field that differs is that head's.
  void take_whole(const Head& head) {
    for (FieldOutcome& field : result_.fields) field.taken = head.id;
    show(head);
  }
  void show(const Head& head) {
    result_.shown = head.id;
    result_.content = head.content->clone();
  }
  auto finish() -> Result<Resolution> { return std::move(result_); }

  const Conflict& conflict_;
  const ConflictSettings& settings_;
  const ConflictResolver* custom_;
  SecretMemory& memory_;
  std::vector<Head> sides_;  // heads with content, in the order of comes_first
  Resolution result_;
};

}  // namespace

auto resolve(const Conflict& conflict, const ConflictSettings& settings,
             const ConflictResolver* custom, SecretMemory& memory) -> Result<Resolution> {
  CHECK(conflict.heads.size() >= 2);
  for (const Head& head : conflict.heads) {
    if (head.secret != conflict.secret) return fail(Error::different_entities);
  }
  try {
    return Settling{conflict, settings, custom, memory}.run();
  } catch (const std::bad_alloc&) {
    return fail(Error::secret_memory_exhausted);
  }
}

auto effective_time(const Head& head) -> model::TimeMs {
  if (head.content == nullptr) return head.committed;
  return head.place ? std::min(head.content->modified, head.committed) : head.content->modified;
}

auto comes_first(const Head& a, const Head& b) -> bool {
  if (a.place.has_value() != b.place.has_value()) return a.place.has_value();
  if (a.place && *a.place != *b.place) return *a.place < *b.place;
  if (!a.place && effective_time(a) != effective_time(b)) {
    return effective_time(a) < effective_time(b);
  }
  return a.id < b.id;
}

// Backtracks to the last star only: linear in text times pattern at worst.
auto matches_pattern(std::string_view pattern, std::string_view text) -> bool {
  if (pattern.empty()) return true;
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.substr(p).find_first_not_of('*') == std::string_view::npos;
}

}  // namespace holdfast::vault
