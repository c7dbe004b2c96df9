// item_lookup.h: ITEM as a user names it, also where it names something deleted, a version of it,
// and what commands have in common around a write. Limits: none. Time: none. Threads: one. Errors:
// Problem not_found. Source: docs/design/interfaces.md §1.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cli/session.h"

namespace holdfast::cli {

// The id of the secret: a live one, else the one deleted secret of this label or id.
[[nodiscard]] auto secret_named(std::string_view item, Session& session) -> Outcome<std::string>;

[[nodiscard]] auto versions_of(std::string_view id, Session& session) -> Outcome<Answer>;
// A version by its place in the history ("3"), its id or the beginning of it.
[[nodiscard]] auto named_version(std::span<const JsonValue> versions, std::string_view wanted)
    -> Outcome<const JsonValue*>;

// A write into a category by name; if there is none of that name, it is made first.
[[nodiscard]] auto with_category(const std::string& name, Session& session,
                                 const std::function<Outcome<Answer>()>& write) -> Outcome<Answer>;

// The id on standard output, `done` as a note; with --json the receipt.
void print_receipt(const Answer& receipt, std::string_view done, Session& session);

}  // namespace holdfast::cli
