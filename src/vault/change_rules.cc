#include "vault/change_rules.h"

#include "base/overloaded.h"
#include "vault/roles.h"

namespace holdfast::vault {
namespace {

using model::Change;

auto permission_for(const Change& change) -> Permission {
  return std::visit(base::Overloaded{
                        [](const model::AddSecret&) { return Permission::write; },
                        [](const model::UpdateSecret&) { return Permission::write; },
                        [](const model::DeleteSecret&) { return Permission::write; },
                        [](const model::PurgeSecret&) { return Permission::write; },
                        [](const model::StartKeyGeneration&) { return Permission::read; },
                        [](const model::RenewWrapKey&) { return Permission::read; },
                        [](const model::AddCategory&) { return Permission::manage_categories; },
                        [](const model::RenameCategory&) { return Permission::manage_categories; },
                        [](const model::MoveCategory&) { return Permission::manage_categories; },
                        [](const model::DeleteCategory&) { return Permission::manage_categories; },
                        [](const model::ConfirmTime&) { return Permission::own; },
                        [](const auto&) { return Permission::manage_vault; },
                    },
                    change.what);
}

auto set_retention(const RuleContext& context, const model::SetRetention& change) -> Ruling {
  TRY(state, chain(context.state));
  state.retention = change.retention;
  context.state.put(chain_key(), model::encode(state));
  return holds();
}

// Sealed: only members can read what it says, and whoever unlocks checks that.
auto set_strategy(const RuleContext& context, const model::SetStrategy& change) -> Ruling {
  context.state.put(settings_key(), change.sealed_settings);
  return holds();
}

auto confirm_time(const RuleContext& context) -> Ruling {
  TRY(state, chain(context.state));
  state.time_suspect = false;
  context.state.put(chain_key(), model::encode(state));
  return holds();
}

}  // namespace

auto rule_on(const RuleContext& context, const Change& change) -> Ruling {
  if (!role_permits(context.author.record.role, permission_for(change))) {
    return denied(Error::not_permitted);
  }
  using model::VersionKind;
  return std::visit(
      base::Overloaded{
          [&](const model::AddSecret& c) {
            return rule_on_version(context, c.version, true, VersionKind::content);
          },
          [&](const model::UpdateSecret& c) {
            return rule_on_version(context, c.version, false, VersionKind::content);
          },
          [&](const model::DeleteSecret& c) {
            return rule_on_version(context, c.version, false, VersionKind::tombstone);
          },
          [&](const model::PurgeSecret& c) { return rule_on_purge(context, c); },
          [&](const model::AddCategory& c) { return rule_on_category(context, c); },
          [&](const model::RenameCategory& c) { return rule_on_category(context, c); },
          [&](const model::MoveCategory& c) { return rule_on_category(context, c); },
          [&](const model::DeleteCategory& c) { return rule_on_category(context, c); },
          [&](const model::StartKeyGeneration& c) { return rule_on_generation(context, c); },
          [&](const model::SetStrategy& c) { return set_strategy(context, c); },
          [&](const model::SetRetention& c) { return set_retention(context, c); },
          [&](const model::ConfirmTime&) { return confirm_time(context); },
          [&](const auto&) { return invalid(Error::change_not_offered); },
      },
      change.what);
}

}  // namespace holdfast::vault
