// strength_json.h: {"score": 3, "name": "strong", "guesses_log10": 9.31, "guessed_in": "2 days"}.
#pragma once

#include "api/json.h"
#include "api/strength.h"

namespace holdfast::api {

inline void write_strength(JsonWriter& out, const Strength& strength) {
  out.begin_object();
  out.key("score").number(std::uint64_t{strength.score});
  out.key("name").text(strength.name());
  out.key("guesses_log10").real(strength.guesses_log10);
  out.key("guessed_in").text(strength.guessed_in());
  out.end_object();
}

}  // namespace holdfast::api
