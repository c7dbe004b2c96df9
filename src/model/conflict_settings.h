// conflict_settings.h: how a vault settles conflicts: a strategy, and rules that refine it.
// Replicated, and sealed because rules hold labels; in plaintext only in wiped memory. An empty
// label, tag or field in a condition means any; labels and fields are patterns with * and ?.
// Limits: kConflictRulesMax, kPatternBytesMax, kResolverBytesMax, kOpenSettingsBytesMax.
// Time: none. Threads: values. Errors: the codec's, too_long, bad_utf8. Source: docs/formats.cddl,
// ConflictSettings; docs/design/vault.md §2.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/secret.h"
#include "model/records.h"

namespace holdfast::model {

inline constexpr std::size_t kConflictRulesMax = 256;
inline constexpr std::size_t kPatternBytesMax = 1 << 10;
inline constexpr std::size_t kSeparatorBytesMax = 64;
inline constexpr std::size_t kResolverBytesMax = 64;
inline constexpr std::size_t kOpenSettingsBytesMax = kSettingsBytesMax - 128;  // room for the seal

using RuleId = base::FixedBytes<struct RuleIdTag, 16>;  // random

// On disk: never change a number.
enum class ConflictType : std::uint8_t {
  version,            // an edit of a version that the other side had replaced already
  concurrent_update,  // two edits of one version
  delete_update,      // one side deleted what the other edited
  duplicate_label,    // two secrets of one category carry one label
};
inline constexpr std::uint64_t kConflictTypes = 4;
enum class Strategy : std::uint8_t { merge, last_write_wins, first_write_wins, custom, manual };
inline constexpr std::uint64_t kStrategies = 5;
enum class FieldRule : std::uint8_t {
  latest,
  take_local,   // of the device that writes the merge; while only reading: latest
  take_remote,  // likewise
  concatenate,
  set_union,
  intersection,
};
inline constexpr std::uint64_t kFieldRules = 6;

[[nodiscard]] auto name_of(ConflictType type) -> std::string_view;  // "concurrent_update"
[[nodiscard]] auto name_of(Strategy strategy) -> std::string_view;  // "last_write_wins"
[[nodiscard]] auto name_of(FieldRule rule) -> std::string_view;     // "union"
[[nodiscard]] auto conflict_type_named(std::string_view name) -> std::optional<ConflictType>;
[[nodiscard]] auto strategy_named(std::string_view name) -> std::optional<Strategy>;
[[nodiscard]] auto field_rule_named(std::string_view name) -> std::optional<FieldRule>;

struct RuleCondition {
  explicit RuleCondition(base::SecretMemory& memory) : label{memory}, tag{memory}, field{memory} {}
  std::optional<CategoryId> category;
  base::SecretBytes label, tag, field;
  std::optional<ConflictType> type;
  std::optional<RoleId> author_role;  // of the author of any head
};

struct FieldAction {
  FieldRule rule{};
  base::SecretBytes separator;  // of concatenate; empty: a line break
};
using RuleAction = std::variant<Strategy, FieldAction>;

struct ConflictRule {
  RuleId id;
  std::uint64_t priority = 0;  // the highest wins; of equals the smallest id
  RuleCondition condition;
  RuleAction action;
};

struct ConflictSettings {
  explicit ConflictSettings(base::SecretMemory& memory) : resolver{memory} {}
  Strategy strategy = Strategy::merge;
  base::SecretBytes resolver;  // of custom: the name of a resolver; empty: none
  std::vector<ConflictRule> rules;
};

[[nodiscard]] auto encode(const ConflictSettings& settings, base::SecretMemory& memory)
    -> base::Result<base::SecretBytes>;
[[nodiscard]] auto decode_conflict_settings(base::ByteView encoded, base::SecretMemory& memory)
    -> base::Result<ConflictSettings>;

}  // namespace holdfast::model
