#include "cli/generator_settings.h"

namespace holdfast::cli {

auto set_classes(const std::vector<std::string>& names, api::GeneratorRules& rules)
    -> Outcome<void> {
  rules.lower = rules.upper = rules.digit = rules.symbol = false;
  for (const std::string& name : names) {
    if (!api::want_class(rules, name)) {
      return usage("there is no character class '" + name + "'", "use lower, upper, digit, symbol");
    }
  }
  return {};
}

auto rules_from(const Settings& settings) -> api::GeneratorRules {
  api::GeneratorRules rules{.length = static_cast<std::size_t>(settings.number("generate.length")),
                            .no_ambiguous = settings.boolean("generate.no_ambiguous")};
  const auto known = set_classes(settings.list("generate.classes"), rules);
  CHECK(known.has_value());  // settings hold known words only
  return rules;
}

}  // namespace holdfast::cli
