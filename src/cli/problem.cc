#include "cli/problem.h"

#include <array>

namespace holdfast::cli {
namespace {

struct Row {
  std::string_view code;
  Exit exit;
};
// What is not here is a local error.
constexpr auto kExits = std::to_array<Row>({
    {"vault_locked", Exit::locked},
    {"wrong_passphrase", Exit::denied},
    {"file_key_wrong", Exit::denied},  // of a file to import
    {"not_permitted", Exit::denied},
    {"author_removed", Exit::denied},
    {"unknown_author", Exit::denied},
    {"unknown_secret", Exit::not_found},
    {"unknown_category", Exit::not_found},
    {"unknown_vault", Exit::not_found},
    {"ambiguous_item", Exit::not_found},
    {"no_totp", Exit::not_found},
    {"no_conflict", Exit::not_found},
    {"unknown_version", Exit::not_found},
    {"unknown_attachment", Exit::not_found},
    {"version_without_content", Exit::not_found},
    {"stale_version", Exit::conflict},
    {"rejected", Exit::conflict},
    {"daemon_unreachable", Exit::remote},
    {"daemon_gone", Exit::remote},
    {"daemon_stopping", Exit::remote},
    {"daemon_running", Exit::remote},
    {"peer_not_owner", Exit::remote},
    {"bad_answer", Exit::remote},
    {"busy", Exit::remote},
    {"request_timeout", Exit::remote},
});

}  // namespace

auto exit_of(std::string_view code) -> Exit {
  for (const Row& row : kExits) {
    if (row.code == code) return row.exit;
  }
  return Exit::local;
}

auto text_of_code(std::string_view code) -> std::string_view {
#define HOLDFAST_CLI_TEXT(name, number, text) \
  if (code == #name) return text;
  HOLDFAST_ERRORS(HOLDFAST_CLI_TEXT)
#undef HOLDFAST_CLI_TEXT
  return code;
}

auto problem_of(const base::Failure& failure) -> Problem {
  const std::string code{base::error_name(failure.code)};
  return Problem{exit_of(code), failure.text(), {}, code};
}

}  // namespace holdfast::cli
