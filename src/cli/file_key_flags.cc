#include "cli/file_key_flags.h"

#include <CLI/CLI.hpp>

#include "api/text_codec.h"
#include "formats/file_key.h"

namespace holdfast::cli {
namespace {

using base::SecretBytes, base::SecretMemory;

constexpr std::string_view kInstead = "--file-passphrase-fd N or --file-passphrase-file FILE";

auto base64(const SecretBytes& secret, SecretMemory& memory) -> SecretBytes {
  SecretBytes text{memory};
  secret.expose([&](base::ByteView bytes) { api::append_base64(text.buffer(), bytes); });
  return text;
}

auto read_component(const std::string& path, SecretMemory& memory) -> Outcome<SecretBytes> {
  TRY(file, read_whole_file(path, formats::kKeyFileBytesMax, memory));
  auto component =
      file.expose([&](base::ByteView bytes) { return formats::key_file_component(bytes, memory); });
  if (component) return *std::move(component);
  return std::unexpected{problem_of(base::Failure{component.error(), path})};
}

auto text_of_header(const SecretBytes& header) -> std::string_view {
  std::string_view text;
  header.expose_text([&](std::string_view inside) { text = inside; });
  return text;
}

}  // namespace

void FileKeyFlags::declare(CLI::App& app) {
  app.add_option("--file-passphrase-fd", passphrase.descriptor,
                 "of an encrypted file: read its passphrase from this descriptor")
      ->type_name("N");
  app.add_option("--file-passphrase-file", passphrase.file,
                 "of an encrypted file: read its passphrase from this file")
      ->type_name("FILE");
  app.add_option("--key-file", key_file, "of an encrypted file: its key file")->type_name("FILE");
}

auto FileKeyHeaders::view() const -> Session::Headers {
  Session::Headers headers;
  if (passphrase) headers.emplace_back(api::kFilePassphraseHeader, text_of_header(*passphrase));
  if (component) headers.emplace_back(api::kFileKeyHeader, text_of_header(*component));
  return headers;
}

auto ask_file_key(const FileKeyFlags& flags, FileKeyUse use, const Session& session)
    -> Outcome<FileKeyHeaders> {
  SecretMemory& memory = session.memory();
  FileKeyHeaders headers;
  if (flags.key_file) {
    TRY(component, read_component(*flags.key_file, memory));
    headers.component = base64(component, memory);
    if (!flags.passphrase.given() && session.flags().no_input) return headers;
  }
  const bool seals = use == FileKeyUse::seal;
  TRY(passphrase,
      session.prompter().from(flags.passphrase,
                              seals ? "new passphrase of the file" : "passphrase of the file",
                              kInstead, seals));
  if (passphrase.size() > kFilePassphraseBytesMax)
    return usage("the passphrase of the file is longer than " +
                 std::to_string(kFilePassphraseBytesMax) + " bytes");
  if (passphrase.empty() && headers.component) return headers;
  if (passphrase.empty() && seals)
    return usage("the passphrase is empty", "several random words are a good one");
  headers.passphrase = base64(passphrase, memory);
  return headers;
}

}  // namespace holdfast::cli
