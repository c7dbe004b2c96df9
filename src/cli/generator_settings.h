// generator_settings.h: the rules of a password as the settings generate.* give them.
#pragma once

#include "api/generator.h"
#include "cli/settings.h"

namespace holdfast::cli {

// The words lower, upper, digit and symbol, instead of the classes that the rules have.
[[nodiscard]] auto set_classes(const std::vector<std::string>& names, api::GeneratorRules& rules)
    -> Outcome<void>;
[[nodiscard]] auto rules_from(const Settings& settings) -> api::GeneratorRules;

}  // namespace holdfast::cli
