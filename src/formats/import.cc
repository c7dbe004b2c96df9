#include "formats/import.h"

#include <new>

#include "base/text.h"
#include "formats/bitwarden_encrypted.h"
#include "formats/csv.h"
#include "formats/entry_tools.h"
#include "formats/holdfast_file.h"
#include "formats/json_reader.h"
#include "formats/kdbx.h"
#include "formats/keepass_reader.h"
#include "formats/secret_text.h"

namespace holdfast::formats {
namespace {

using base::ByteView, base::Detailed, base::Error, base::fail;

auto without_byte_order_mark(ByteView file) -> ByteView {
  return base::text_of(file).starts_with("\xEF\xBB\xBF") ? file.subspan(3) : file;
}

// The line of the first byte that is not UTF-8.
auto line_of_bad_utf8(ByteView file) -> std::size_t {
  std::size_t line = 1;
  while (!file.empty()) {
    const std::string_view text = base::text_of(file);
    const std::size_t length = std::min(text.find('\n'), text.size() - 1) + 1;
    if (!base::is_utf8(file.first(length))) break;
    file = file.subspan(length);
    ++line;
  }
  return line;
}

auto dispatch(Format format, ByteView file, model::TimeMs now, base::SecretMemory& memory,
              const FileKey& key) -> Detailed<Imported> {
  switch (format) {
    case Format::bitwarden_encrypted_json:
      return import_bitwarden_encrypted(file, key, now, memory);
    case Format::bitwarden_json:
      return import_bitwarden(file, now, memory);
    case Format::holdfast: {
      TRY(content, open_holdfast_file(file, key, memory));
      return decode_holdfast_content(base::view_of(peek(content)), memory);
    }
    case Format::holdfast_json:
      return import_holdfast(file, memory);
    case Format::kdbx:
      return import_kdbx(file, key, now, memory);
    case Format::keepass_xml:
      return read_keepass_xml(base::text_of(file), {}, now, memory);
    case Format::keepassxc_csv:
    case Format::lastpass_csv:
    case Format::bitwarden_csv:
      return import_manager_csv(format, file, now, memory);
    case Format::chrome_csv:
    case Format::firefox_csv:
      break;
  }
  return import_csv(format, file, now, memory);
}

}  // namespace

auto format_name(Format format) -> std::string_view {
  switch (format) {
    case Format::bitwarden_encrypted_json:
      return "bitwarden-encrypted-json";
    case Format::bitwarden_json:
      return "bitwarden-json";
    case Format::chrome_csv:
      return "chrome-csv";
    case Format::firefox_csv:
      return "firefox-csv";
    case Format::holdfast:
      return "holdfast";
    case Format::holdfast_json:
      return "holdfast-json";
    case Format::kdbx:
      return "kdbx";
    case Format::keepass_xml:
      return "keepass-xml";
    case Format::keepassxc_csv:
      return "keepassxc-csv";
    case Format::lastpass_csv:
      return "lastpass-csv";
    case Format::bitwarden_csv:
      return "bitwarden-csv";
  }
  return "unknown";
}

auto format_from_name(std::string_view name) -> std::optional<Format> {
  for (const Format format : kFormats)
    if (format_name(format) == name) return format;
  return std::nullopt;
}

auto is_encrypted(Format format) -> bool {
  return format == Format::kdbx || format == Format::holdfast ||
         format == Format::bitwarden_encrypted_json;
}

auto guess_format(ByteView file) -> std::optional<Format> {
  if (is_kdbx(file)) return Format::kdbx;
  if (is_holdfast_file(file)) return Format::holdfast;
  const std::string_view text = base::text_of(without_byte_order_mark(file));
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return std::nullopt;
  constexpr std::size_t kHead = 256;
  if (text[start] == '<') {
    const bool keepass = text.substr(start, kHead).contains("<KeePassFile");
    return keepass ? std::optional{Format::keepass_xml} : std::nullopt;
  }
  if (text[start] != '{') return guess_csv(text);
  if (text.substr(start, kHead).contains(R"("holdfast-json")")) return Format::holdfast_json;
  if (text.substr(start, kHead).contains(R"("passwordProtected")"))
    return Format::bitwarden_encrypted_json;
  for (const std::string_view key : {R"("items")", R"("folders")", R"("encrypted")"})
    if (text.contains(key)) return Format::bitwarden_json;
  return std::nullopt;
}

auto parse_import(Format format, ByteView file, model::TimeMs now, base::SecretMemory& memory,
                  const FileKey& key) -> Detailed<Imported> {
  if (file.size() > kImportBytesMax) return fail(Error::file_too_large, "");
  const bool text = !is_encrypted(format);
  if (text && !base::is_utf8(file))
    return fail(Error::bad_utf8, "line " + std::to_string(line_of_bad_utf8(file)));
  try {
    auto imported = dispatch(format, text ? without_byte_order_mark(file) : file, now, memory, key);
    if (imported) imported->counts = count(*imported);
    return imported;
  } catch (const std::bad_alloc&) {
    return fail(Error::secret_memory_exhausted, "");
  }
}

}  // namespace holdfast::formats
