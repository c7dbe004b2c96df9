// handlers_settings.cc: how a vault settles conflicts and how long it keeps versions.
#include <utility>

#include "api/handlers.h"
#include "api/secret_json.h"

namespace holdfast::api {
namespace {

namespace json = boost::json;
using base::Detailed, base::Error, base::fail, base::SecretBytes;

constexpr std::array kRuleMembers = std::to_array<Member>({
    {"id", Shape::text},
    {"priority", Shape::number},
    {"category", Shape::text},
    {"label", Shape::text},
    {"tag", Shape::text},
    {"field", Shape::text},
    {"type", Shape::text},
    {"strategy", Shape::text},
    {"rule", Shape::text},
    {"separator", Shape::text},
});

void write_rule(JsonWriter& out, const model::ConflictRule& rule) {
  out.begin_object();
  out.key("id").text(rule.id.hex());
  out.key("priority").number(rule.priority);
  const model::RuleCondition& when = rule.condition;
  if (when.category) out.key("category").text(category_name(*when.category));
  if (!when.label.empty()) out.key("label").text(when.label);
  if (!when.tag.empty()) out.key("tag").text(when.tag);
  if (!when.field.empty()) out.key("field").text(when.field);
  if (when.type) out.key("type").text(model::name_of(*when.type));
  if (const auto* strategy = std::get_if<model::Strategy>(&rule.action)) {
    out.key("strategy").text(model::name_of(*strategy));
  } else {
    const auto& action = std::get<model::FieldAction>(rule.action);
    out.key("rule").text(model::name_of(action.rule));
    if (!action.separator.empty()) out.key("separator").text(action.separator);
  }
  out.end_object();
}

auto copied(const json::object& body, std::string_view name, base::SecretMemory& memory)
    -> base::Result<SecretBytes> {
  return SecretBytes::copy_of(memory, text_member(body, name).value_or(""));
}

auto strategy_of(std::string_view name) -> Detailed<model::Strategy> {
  const auto strategy = model::strategy_named(name);
  if (strategy) return *strategy;
  return fail(Error::bad_request,
              "strategy: merge, last_write_wins, first_write_wins, custom, manual");
}

auto action_of(const json::object& body, base::SecretMemory& memory)
    -> Detailed<model::RuleAction> {
  const auto strategy = text_member(body, "strategy");
  const auto rule = text_member(body, "rule");
  if (strategy.has_value() == rule.has_value()) {
    return fail(Error::bad_request, "a rule has either a strategy or a rule for fields");
  }
  if (strategy) {
    TRY(named, strategy_of(*strategy));
    return named;
  }
  const auto named = model::field_rule_named(*rule);
  if (!named) {
    return fail(Error::bad_request,
                "rule: latest, take_local, take_remote, concatenate, union, intersection");
  }
  TRY(separator, copied(body, "separator", memory));
  return model::FieldAction{.rule = *named, .separator = std::move(separator)};
}

auto rule_of(const Call& call, const json::object& body) -> Detailed<model::ConflictRule> {
  TRY_DO(check_members(body, kRuleMembers));
  TRY(action, action_of(body, call.memory));
  model::ConflictRule rule{.id = call.services.ports.random<model::RuleId>(),
                           .priority = number_member(body, "priority").value_or(0),
                           .condition = model::RuleCondition{call.memory},
                           .action = std::move(action)};
  if (const auto id = text_member(body, "id")) {
    TRY(parsed, model::RuleId::from_hex(*id));
    rule.id = parsed;
  }
  if (const auto category = text_member(body, "category")) {
    TRY(found, find_category(call, *category));
    rule.condition.category = found;
  }
  TRY(label, copied(body, "label", call.memory));
  TRY(tag, copied(body, "tag", call.memory));
  TRY(field, copied(body, "field", call.memory));
  rule.condition.label = std::move(label);
  rule.condition.tag = std::move(tag);
  rule.condition.field = std::move(field);
  if (const auto type = text_member(body, "type")) {
    rule.condition.type = model::conflict_type_named(*type);
    if (!rule.condition.type) {
      return fail(Error::bad_request,
                  "type: version, concurrent_update, delete_update, duplicate_label");
    }
  }
  return rule;
}

}  // namespace

auto get_conflict_settings(const Call& call) -> Detailed<Answer> {
  TRY(settings, call.vault->vault->conflict_settings());
  JsonWriter out{call.memory};
  out.begin_object();
  out.key("strategy").text(model::name_of(settings->strategy));
  out.key("resolver").text(settings->resolver);
  out.key("rules").begin_array();
  for (const model::ConflictRule& rule : settings->rules) write_rule(out, rule);
  out.end_array();
  out.end_object();
  return Answer{out.take()};
}

auto put_conflict_settings(const Call& call) -> Detailed<Answer> {
  model::ConflictSettings settings{call.memory};
  TRY(strategy, strategy_of(*text_member(*call.body, "strategy")));
  settings.strategy = strategy;
  TRY(resolver, copied(*call.body, "resolver", call.memory));
  settings.resolver = std::move(resolver);
  if (const json::value* rules = call.body->if_contains("rules")) {
    for (const json::value& item : rules->get_array()) {
      TRY(rule, rule_of(call, item.get_object()));
      settings.rules.push_back(std::move(rule));
    }
  }
  TRY_DO(call.vault->vault->set_conflict_settings(settings));
  return get_conflict_settings(call);
}

auto get_retention(const Call& call) -> Detailed<Answer> {
  TRY(retention, call.vault->vault->retention());
  JsonWriter out{call.memory};
  out.begin_object();
  out.key("versions").number(retention.versions);
  out.key("days").number(retention.days);
  out.end_object();
  return Answer{out.take()};
}

auto put_retention(const Call& call) -> Detailed<Answer> {
  TRY(retention, call.vault->vault->retention());
  retention.versions = number_member(*call.body, "versions").value_or(retention.versions);
  retention.days = number_member(*call.body, "days").value_or(retention.days);
  TRY_DO(call.vault->vault->set_retention(retention));
  return get_retention(call);
}

}  // namespace holdfast::api
