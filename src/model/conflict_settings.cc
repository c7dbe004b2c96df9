#include "model/conflict_settings.h"

#include <algorithm>
#include <array>
#include <new>

#include "base/overloaded.h"
#include "base/text.h"
#include "codec/cbor_reader.h"
#include "codec/cbor_writer.h"

namespace holdfast::model {
namespace {

using base::ByteView, base::Error, base::Result, base::SecretBytes, base::SecretMemory;
using codec::Reader, codec::SecretWriter;

constexpr auto kTypeNames = std::to_array<std::string_view>(
    {"version", "concurrent_update", "delete_update", "duplicate_label"});
constexpr auto kStrategyNames = std::to_array<std::string_view>(
    {"merge", "last_write_wins", "first_write_wins", "custom", "manual"});
constexpr auto kFieldRuleNames = std::to_array<std::string_view>(
    {"latest", "take_local", "take_remote", "concatenate", "union", "intersection"});
static_assert(kTypeNames.size() == kConflictTypes);
static_assert(kStrategyNames.size() == kStrategies);
static_assert(kFieldRuleNames.size() == kFieldRules);

template <class E, std::size_t kCount>
auto named(const std::array<std::string_view, kCount>& names, std::string_view name)
    -> std::optional<E> {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<E>(found - names.begin());
}

enum ActionNumber : std::uint64_t { kByStrategy, kByField };

// ---- writing ------------------------------------------------------------------------------------

void write_text(SecretWriter& out, const SecretBytes& text) {
  text.expose_text([&](std::string_view view) { out.text(view); });
}

void write_rule(SecretWriter& out, const ConflictRule& rule) {
  out.array(4);
  out.bytes(rule.id.view());
  out.uint(rule.priority);
  const RuleCondition& when = rule.condition;
  out.array(6);
  when.category ? out.bytes(when.category->view()) : out.null();
  write_text(out, when.label);
  write_text(out, when.tag);
  write_text(out, when.field);
  when.type ? out.uint(std::to_underlying(*when.type)) : out.null();
  when.author_role ? out.uint(std::to_underlying(*when.author_role)) : out.null();
  std::visit(base::Overloaded{
                 [&](Strategy strategy) {
                   out.array(2);
                   out.uint(kByStrategy);
                   out.uint(std::to_underlying(strategy));
                 },
                 [&](const FieldAction& action) {
                   out.array(3);
                   out.uint(kByField);
                   out.uint(std::to_underlying(action.rule));
                   write_text(out, action.separator);
                 },
             },
             rule.action);
}

auto check_text(const SecretBytes& text, std::size_t max) -> Result<void> {
  if (text.size() > max) return base::fail(Error::too_long);
  if (!text.expose([](ByteView v) { return base::is_utf8(v); })) return base::fail(Error::bad_utf8);
  return {};
}

auto check(const ConflictSettings& settings) -> Result<void> {
  if (settings.rules.size() > kConflictRulesMax) return base::fail(Error::too_long);
  TRY_DO(check_text(settings.resolver, kResolverBytesMax));
  for (const ConflictRule& rule : settings.rules) {
    TRY_DO(check_text(rule.condition.label, kPatternBytesMax));
    TRY_DO(check_text(rule.condition.tag, kPatternBytesMax));
    TRY_DO(check_text(rule.condition.field, kPatternBytesMax));
    if (const auto* action = std::get_if<FieldAction>(&rule.action)) {
      TRY_DO(check_text(action->separator, kSeparatorBytesMax));
    }
  }
  return {};
}

// ---- reading ------------------------------------------------------------------------------------

class SettingsReader {
 public:
  SettingsReader(ByteView encoded, SecretMemory& memory) : in_{encoded}, memory_{memory} {}

  auto read() -> Result<ConflictSettings> {
    ConflictSettings settings{memory_};
    TRY(size, in_.array(64));
    if (size == 0) return base::fail(Error::bad_length);
    TRY(version, in_.uint(~std::uint64_t{0}));
    if (version != kFormatVersion) return base::fail(Error::unsupported_version);
    if (size != 4) return base::fail(Error::bad_length);
    TRY_DO(number(kStrategies, settings.strategy));
    TRY_DO(text(kResolverBytesMax, settings.resolver));
    TRY(rules, in_.array(kConflictRulesMax));
    for (std::size_t i = 0; i < rules; ++i) TRY_DO(rule(settings.rules));
    TRY_DO(in_.finish());
    return settings;
  }

 private:
  template <class E>
  auto number(std::uint64_t end, E& value) -> Result<void> {
    return in_.uint(end - 1).transform([&](std::uint64_t n) { value = static_cast<E>(n); });
  }
  auto text(std::size_t max, SecretBytes& value) -> Result<void> {
    TRY(view, in_.text(max));
    TRY(copy, SecretBytes::copy_of(memory_, view));
    value = std::move(copy);
    return {};
  }
  auto condition(RuleCondition& when) -> Result<void> {
    TRY_DO(in_.array_of(6));
    if (in_.peek_null()) {
      TRY_DO(in_.null());
    } else {
      TRY(category, in_.fixed_bytes<CategoryId>());
      when.category = category;
    }
    TRY_DO(text(kPatternBytesMax, when.label));
    TRY_DO(text(kPatternBytesMax, when.tag));
    TRY_DO(text(kPatternBytesMax, when.field));
    if (in_.peek_null()) {
      TRY_DO(in_.null());
    } else {
      TRY_DO(number(kConflictTypes, when.type.emplace()));
    }
    if (in_.peek_null()) return in_.null();
    TRY(role, in_.uint(~std::uint64_t{0}));
    when.author_role = RoleId{role};
    return {};
  }
  auto action(RuleAction& what) -> Result<void> {
    TRY(size, in_.array(3));
    if (size < 2) return base::fail(Error::bad_length);
    TRY(kind, in_.uint(kByField));
    if (size != (kind == kByStrategy ? 2U : 3U)) return base::fail(Error::bad_length);
    if (kind == kByStrategy) {
      Strategy strategy{};
      TRY_DO(number(kStrategies, strategy));
      what = strategy;
      return {};
    }
    FieldAction by_field{.separator = SecretBytes{memory_}};
    TRY_DO(number(kFieldRules, by_field.rule));
    TRY_DO(text(kSeparatorBytesMax, by_field.separator));
    what = std::move(by_field);
    return {};
  }
  auto rule(std::vector<ConflictRule>& rules) -> Result<void> {
    TRY_DO(in_.array_of(4));
    ConflictRule item{.id = {}, .condition = RuleCondition{memory_}, .action = Strategy::merge};
    TRY(id, in_.fixed_bytes<RuleId>());
    item.id = id;
    TRY(priority, in_.uint(~std::uint64_t{0}));
    item.priority = priority;
    TRY_DO(condition(item.condition));
    TRY_DO(action(item.action));
    rules.push_back(std::move(item));
    return {};
  }

  Reader in_;
  SecretMemory& memory_;
};

}  // namespace

auto name_of(ConflictType type) -> std::string_view {
  return kTypeNames.at(std::to_underlying(type));
}
auto name_of(Strategy strategy) -> std::string_view {
  return kStrategyNames.at(std::to_underlying(strategy));
}
auto name_of(FieldRule rule) -> std::string_view {
  return kFieldRuleNames.at(std::to_underlying(rule));
}
auto conflict_type_named(std::string_view name) -> std::optional<ConflictType> {
  return named<ConflictType>(kTypeNames, name);
}
auto strategy_named(std::string_view name) -> std::optional<Strategy> {
  return named<Strategy>(kStrategyNames, name);
}
auto field_rule_named(std::string_view name) -> std::optional<FieldRule> {
  return named<FieldRule>(kFieldRuleNames, name);
}

auto encode(const ConflictSettings& settings, SecretMemory& memory) -> Result<SecretBytes> {
  TRY_DO(check(settings));
  try {
    SecretBytes encoded{memory};
    SecretWriter out{encoded.buffer()};
    out.array(4);
    out.uint(kFormatVersion);
    out.uint(std::to_underlying(settings.strategy));
    write_text(out, settings.resolver);
    out.array(settings.rules.size());
    for (const ConflictRule& rule : settings.rules) write_rule(out, rule);
    if (encoded.size() > kOpenSettingsBytesMax) return base::fail(Error::too_long);
    return encoded;
  } catch (const std::bad_alloc&) {
    return base::fail(Error::secret_memory_exhausted);
  }
}

auto decode_conflict_settings(ByteView encoded, SecretMemory& memory) -> Result<ConflictSettings> {
  if (encoded.size() > kOpenSettingsBytesMax) return base::fail(Error::too_long);
  try {
    return SettingsReader{encoded, memory}.read();
  } catch (const std::bad_alloc&) {
    return base::fail(Error::secret_memory_exhausted);
  }
}

}  // namespace holdfast::model
