#include <unistd.h>

#include <algorithm>

#include "api/dispatch.h"
#include "api/generator.h"
#include "api/handlers.h"
#include "api/vault_json.h"

namespace holdfast::api {
namespace {

namespace json = boost::json;
using base::Detailed, base::Error, base::fail;

auto milliseconds(std::chrono::milliseconds time) -> std::uint64_t {
  return static_cast<std::uint64_t>(time.count());
}

auto set_classes(const json::object& body, GeneratorRules& rules) -> Detailed<void> {
  const json::value* classes = body.if_contains("classes");
  if (classes == nullptr) return {};
  rules.lower = rules.upper = rules.digit = rules.symbol = false;
  for (const json::value& item : classes->get_array()) {
    const auto& name = item.get_string();
    if (name == "lower") {
      rules.lower = true;
    } else if (name == "upper") {
      rules.upper = true;
    } else if (name == "digit") {
      rules.digit = true;
    } else if (name == "symbol") {
      rules.symbol = true;
    } else {
      return fail(Error::bad_request, "classes: lower, upper, digit, symbol");
    }
  }
  return {};
}

auto rules_of(const json::object& body) -> Detailed<GeneratorRules> {
  if (const auto pin = number_member(body, "pin")) {
    const bool others = std::ranges::any_of(
        body, [](const auto& entry) { return entry.key() != "pin" && entry.key() != "count"; });
    if (others) return fail(Error::bad_request, "pin goes with count only");
    return pin_rules(static_cast<std::size_t>(*pin));
  }
  GeneratorRules rules;
  rules.length = static_cast<std::size_t>(number_member(body, "length").value_or(rules.length));
  rules.no_ambiguous = flag_member(body, "no_ambiguous").value_or(false);
  rules.exclude = text_member(body, "exclude").value_or("");
  TRY_DO(set_classes(body, rules));
  return rules;
}

}  // namespace

auto get_status(const Call& call) -> Detailed<Answer> {
  const Vaults& vaults = call.services.vaults;
  TRY(listed, vaults.list());
  JsonWriter out{call.memory};
  out.begin_object();
  out.key("version").text(HOLDFAST_VERSION);
  out.key("pid").number(static_cast<std::uint64_t>(::getpid()));
  out.key("default_vault");
  const auto found = std::ranges::find(listed, true, &Vaults::Listed::is_default);
  if (found == listed.end()) {
    out.null();
  } else {
    out.text(found->name);
  }
  out.key("idle_ms").number(milliseconds(vaults.options().idle));
  out.key("absolute_ms").number(milliseconds(vaults.options().absolute));
  out.key("vaults").begin_array();
  for (const Vaults::Listed& vault : listed) write_vault(out, vault, call.services);
  out.end_array().end_object();
  return Answer{out.take()};
}

// 473, a vault unlocked without quorum, cannot occur with a committee of one.
auto get_health(const Call& call) -> Detailed<Answer> {
  TRY(listed, call.services.vaults.list());
  const bool unlocked = std::ranges::any_of(listed, [](const Vaults::Listed& vault) {
    return vault.open && vault.open->vault->status().unlocked;
  });
  JsonWriter out{call.memory};
  out.begin_object();
  out.key("initialized").boolean(!listed.empty());
  out.key("sealed").boolean(!unlocked);
  out.key("version").text(HOLDFAST_VERSION);
  out.end_object();
  return Answer{out.take(), listed.empty() ? 501U : unlocked ? 200U : 503U};
}

auto get_openapi(const Call& call) -> Detailed<Answer> { return Answer{openapi(call.memory)}; }

auto post_generate(const Call& call) -> Detailed<Answer> {
  TRY(rules, rules_of(*call.body));
  const std::uint64_t count = number_member(*call.body, "count").value_or(1);
  if (count < 1 || count > kGeneratedCountMax) return fail(Error::out_of_range, "count");
  TRY_DO(check_rules(rules));
  JsonWriter out{call.memory};
  out.begin_object();
  out.key("values").begin_array();
  for (std::uint64_t i = 0; i < count; ++i) {
    TRY(value, generate(rules, call.services.ports.entropy, call.memory));
    out.text(value);
  }
  out.end_array();
  out.key("entropy_bits").real(entropy_bits(rules));
  out.end_object();
  return Answer{out.take()};
}

auto post_unlock(const Call& call) -> Detailed<Answer> {
  TRY(passphrase,
      base::SecretBytes::copy_of(call.services.ports.keys, *text_member(*call.body, "passphrase")));
  std::optional<std::chrono::milliseconds> for_time;
  if (const auto given = number_member(*call.body, "for_ms")) {
    const auto most = milliseconds(call.services.vaults.options().absolute);
    for_time = std::chrono::milliseconds{std::min(*given, most)};
  }
  TRY(vault, call.services.vaults.unlock(text_member(*call.body, "vault").value_or(""), passphrase,
                                         for_time));
  if (flag_member(*call.body, "confirm_recovery").value_or(false)) {
    TRY_DO(vault->vault->confirm_recovery());
  }
  return vault_answer(call, vault);
}

auto post_lock(const Call& call) -> Detailed<Answer> {
  Vaults& vaults = call.services.vaults;
  JsonWriter out{call.memory};
  out.begin_object().key("locked").begin_array();
  if (flag_member(*call.body, "all").value_or(false)) {
    TRY(listed, vaults.list());
    vaults.lock_all();
    for (const Vaults::Listed& vault : listed) {
      if (vault.open) out.text(vault.name);
    }
  } else {
    TRY(name, vaults.name_of(text_member(*call.body, "vault").value_or("")));
    TRY_DO(vaults.lock(name));
    out.text(name);
  }
  out.end_array().end_object();
  return Answer{out.take()};
}

}  // namespace holdfast::api
