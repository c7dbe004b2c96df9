// file_key_flags.h: what opens or seals an encrypted file of another program: flags, prompt, and
// the two request headers they become. Limits: kFilePassphraseBytesMax; formats::kKeyFileBytesMax.
// Time: waits for the user. Threads: one. Errors: Problem. Source: docs/api.md, Import and export.
#pragma once

#include <optional>
#include <string>

#include "cli/secret_input.h"
#include "cli/session.h"

namespace CLI {
class App;
}

namespace holdfast::cli {

inline constexpr std::size_t kFilePassphraseBytesMax = 4 << 10;  // in base64 it must fit a header

struct FileKeyFlags {
  SecretSource passphrase;
  std::optional<std::string> key_file;
  void declare(CLI::App& app);
};

struct FileKeyHeaders {
  std::optional<base::SecretBytes> passphrase, component;  // base64
  [[nodiscard]] auto view() const -> Session::Headers;     // valid as long as this
};

enum class FileKeyUse : std::uint8_t { open, seal };
// Asks for a passphrase unless flags give one; for a new file twice. With a key file an empty
// answer means that there is no passphrase, and nothing is asked where asking is forbidden.
[[nodiscard]] auto ask_file_key(const FileKeyFlags& flags, FileKeyUse use, const Session& session)
    -> Outcome<FileKeyHeaders>;

}  // namespace holdfast::cli
