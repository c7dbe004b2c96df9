// entry_flags.h: the flags that describe a secret, and the JSON the API wants for them.
// Secrets come in as secret_input.h says. Limits: model/secret.h, checked by the daemon, and
// kAttachmentsBytesMax. Time: waits for the user. Threads: one. Errors: Problem with Exit::local.
// Source: docs/design/interfaces.md, add; docs/api.md, NewSecret.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/generator.h"
#include "cli/session.h"

namespace CLI {
class App;
}

namespace holdfast::formats {
class JsonWriter;
}

namespace holdfast::cli {

inline constexpr std::size_t kAttachmentsBytesMax = std::size_t{8} << 20;

struct EntryFlags {
  std::string label, username, category, kind, notes, totp;
  bool prompt_password = false, generate_password = false;
  std::optional<std::size_t> length;  // of a generated password; else the settings say
  SecretSource password;
  std::vector<std::string> urls, tags, fields, attachments;
  std::vector<std::string> removed_fields;  // edit

  void declare(CLI::App& app);
};

// A NewSecret. Asks for what has to be asked for.
[[nodiscard]] auto new_secret(const EntryFlags& flags, const Session& session)
    -> Outcome<base::SecretBytes>;

// What a PATCH changes: only what the flags name. Custom fields are set by name, attachments come
// beside those that are there. Usage error if nothing is named.
[[nodiscard]] auto edited_secret(const EntryFlags& flags, const Session& session)
    -> Outcome<base::SecretBytes>;

// The member "totp" of a secret.
void write_totp(const model::Totp& totp, formats::JsonWriter& json, base::SecretMemory& memory);

}  // namespace holdfast::cli
