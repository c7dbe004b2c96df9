// item_lookup.h: ITEM as a user names it, also where it names something deleted, and what every
// command says after a write. Limits: none. Time: none. Threads: one. Errors: Problem not_found.
// Source: docs/design/interfaces.md §1.
#pragma once

#include <string>
#include <string_view>

#include "cli/session.h"

namespace holdfast::cli {

// The id of the secret: a live one, else the one deleted secret of this label or id.
[[nodiscard]] auto secret_named(std::string_view item, Session& session) -> Outcome<std::string>;

// The id on standard output, `done` as a note; with --json the receipt.
void print_receipt(const Answer& receipt, std::string_view done, Session& session);

}  // namespace holdfast::cli
