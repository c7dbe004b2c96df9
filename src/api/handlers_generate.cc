#include <algorithm>

#include "api/generator.h"
#include "api/handlers.h"
#include "api/strength.h"
#include "api/strength_json.h"
#include "api/word_list.h"

namespace holdfast::api {
namespace {

namespace json = boost::json;
using base::Detailed, base::Error, base::fail;

auto set_classes(const json::object& body, GeneratorRules& rules) -> Detailed<void> {
  const json::value* classes = body.if_contains("classes");
  if (classes == nullptr) return {};
  rules.lower = rules.upper = rules.digit = rules.symbol = false;
  for (const json::value& item : classes->get_array()) {
    if (!want_class(rules, item.get_string())) {
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

auto goes_only_with(const json::object& body, std::initializer_list<std::string_view> names)
    -> bool {
  return std::ranges::all_of(body, [&](const auto& entry) {
    return std::ranges::contains(names, std::string_view{entry.key()});
  });
}

auto word_rules_of(const json::object& body) -> Detailed<WordRules> {
  if (!goes_only_with(body, {"words", "separator", "count"})) {
    return fail(Error::bad_request, "words goes with separator and count only");
  }
  WordRules rules;
  rules.words = static_cast<std::size_t>(number_member(body, "words").value_or(rules.words));
  rules.separator = text_member(body, "separator").value_or(rules.separator);
  TRY_DO(check_rules(rules));
  return rules;
}

template <class Make>
auto generated(const Call& call, double entropy, Make&& make) -> Detailed<Answer> {
  const std::uint64_t count = number_member(*call.body, "count").value_or(1);
  if (count < 1 || count > kGeneratedCountMax) return fail(Error::out_of_range, "count");
  JsonWriter out{call.memory};
  out.begin_object();
  out.key("values").begin_array();
  std::optional<Strength> weakest;
  for (std::uint64_t i = 0; i < count; ++i) {
    TRY(value, make());
    const Strength strength = estimate_strength(value, call.memory);
    if (!weakest || strength.guesses_log10 < weakest->guesses_log10) weakest = strength;
    out.text(value);
  }
  out.end_array();
  out.key("entropy_bits").real(entropy);
  out.key("strength");
  write_strength(out, *weakest);
  out.end_object();
  return Answer{out.take()};
}

}  // namespace

auto post_generate(const Call& call) -> Detailed<Answer> {
  ports::Entropy& entropy = call.services.ports.entropy;
  if (call.body->contains("words") || call.body->contains("separator")) {
    TRY(rules, word_rules_of(*call.body));
    const auto words = eff_large_words();
    return generated(call, entropy_bits(rules, words.size()),
                     [&] { return generate(rules, words, entropy, call.memory); });
  }
  TRY(rules, rules_of(*call.body));
  TRY_DO(check_rules(rules));
  return generated(call, entropy_bits(rules),
                   [&] { return generate(rules, entropy, call.memory); });
}

}  // namespace holdfast::api
