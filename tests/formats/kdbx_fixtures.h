// kdbx_fixtures.h: short ways to seal and open KDBX files in tests.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "formats/fixtures.h"
#include "formats/kdbx.h"
#include "formats/kdbx_builder.h"

namespace holdfast::formats {

// Cheap parameters: the derivation itself is tested in crypto.
inline constexpr crypto::Argon2Params kCheapKdf{.memory_kib = 64, .passes = 1, .lanes = 1};

inline auto secret_of(std::string_view text) -> base::SecretBytes {
  return secret_text(text, memory());
}

// Bytes that look random and repeat.
inline auto filler(std::uint64_t seed) {
  return [state = seed](std::span<std::uint8_t> out) mutable {
    for (std::uint8_t& byte : out) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      byte = static_cast<std::uint8_t>(state >> 56);
    }
  };
}

inline auto passphrase() -> const base::SecretBytes& {
  static const base::SecretBytes made = secret_of("correct horse");
  return made;
}
inline auto usual_key() -> FileKey { return {.passphrase = &passphrase()}; }
inline auto usual_seal() -> FileSeal {
  return {.key = usual_key(), .random = filler(1), .kdf = kCheapKdf};
}

inline auto sealed(const std::vector<ExportEntry>& entries, const FileSeal& seal = usual_seal())
    -> std::string {
  const auto out = write_export(Format::kdbx, entries, memory(), seal);
  if (!out) return "error " + out.error().text();
  return std::string{peek(*out)};
}

inline auto opened(std::string_view file, const FileKey& key = usual_key())
    -> base::Detailed<Imported> {
  return parse_import(Format::kdbx, base::view_of(file), kNow, memory(), key);
}
// "file_corrupt at header", or "ok".
inline auto opening(std::string_view file, const FileKey& key = usual_key()) -> std::string {
  const auto read = opened(file, key);
  if (read) return "ok";
  const std::string name{base::error_name(read.error().code)};
  return read.error().where.empty() ? name : name + " at " + read.error().where;
}

// A whole file around the content of one entry.
inline auto file_xml(std::string_view entries, std::string_view meta = {}) -> std::string {
  return "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\r\n<KeePassFile><Meta>" +
         std::string{meta} +
         "</Meta><Root><Group><UUID>AQAAAAAAAAAAAAAAAAAAAA==</UUID><Name>Root</Name>" +
         std::string{entries} + "</Group></Root></KeePassFile>";
}
inline auto string_xml(std::string_view key, std::string_view value) -> std::string {
  return "<String><Key>" + std::string{key} + "</Key><Value>" + std::string{value} +
         "</Value></String>";
}
inline auto entry_xml(std::string_view content) -> std::string {
  return "<Entry><UUID>AgAAAAAAAAAAAAAAAAAAAA==</UUID>" + std::string{content} + "</Entry>";
}
inline auto parse_keepass(const std::string& xml) -> base::Detailed<Imported> {
  return parse(Format::keepass_xml, xml);
}

}  // namespace holdfast::formats
