// passphrase_flags.h: --passphrase-fd and --passphrase-file, wherever a vault's passphrase is
// asked.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/secret_input.h"

namespace holdfast::cli {

inline constexpr std::string_view kInsteadOfPrompt = "--passphrase-fd N or --passphrase-file FILE";

struct PassphraseFlags {
  SecretSource source;
  void declare(CLI::App& app) {
    app.add_option("--passphrase-fd", source.descriptor, "read the passphrase from this descriptor")
        ->type_name("N");
    app.add_option("--passphrase-file", source.file, "read the passphrase from this file")
        ->type_name("FILE");
  }
};

}  // namespace holdfast::cli
