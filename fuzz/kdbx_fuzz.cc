// KDBX and what is in it: the first byte chooses how deep the input goes. No key is known to a
// fuzzer, so what lies behind the derivation is fed directly. What is read from XML must be
// encodable, be written again and come back the same.
#include <algorithm>

#include "base/overloaded.h"
#include "formats/export.h"
#include "formats/gzip.h"
#include "formats/kdbx.h"
#include "formats/secret_text.h"
#include "imported.h"

namespace {

namespace base = holdfast::base;
namespace model = holdfast::model;
using namespace holdfast::formats;
using namespace holdfast::fuzz;

// Whether a key can be derived in no time.
auto is_cheap(const KdbxHeader& header) -> bool {
  return std::visit(base::Overloaded{
                        [](const AesKdf& kdf) { return kdf.rounds <= 1000; },
                        [](const ArgonKdf& kdf) {
                          return kdf.params.memory_kib <= 256 && kdf.params.passes <= 2;
                        },
                    },
                    header.kdf);
}

void fuzz_file(base::ByteView file) {
  const auto header = read_kdbx_header(file);
  if (!header || !is_cheap(*header)) return;
  const auto passphrase = secret_text("x", memory());
  (void)parse_import(Format::kdbx, file, kNow, memory(), {.passphrase = &passphrase});
}

void fuzz_payload(base::ByteView payload, KdbxVersion version, bool packed) {
  KdbxHeader header;
  header.version = version;
  header.packed = packed;
  header.stream = KdbxStream::salsa20;
  const auto read =
      read_kdbx_payload(header, {}, secret_text(base::text_of(payload), memory()), kNow, memory());
  if (!read) return;
  for (const ImportedEntry& entry : read->entries)
    require(model::encode(entry.secret, memory()).has_value());
}

// Everything about each entry, in an order that does not depend on the file's.
auto summary(const Imported& imported) -> std::vector<std::string> {
  std::vector<std::string> entries;
  for (const ImportedEntry& entry : imported.entries) {
    std::string text = entry.deleted ? "deleted " : "";
    for (const auto& name : entry.folder) text += std::string{peek(name)} + '\0';
    const auto encoded = model::encode(entry.secret, memory());
    require(encoded.has_value());
    text += peek(*encoded);
    for (const auto& state : entry.history) text += peek(*model::encode(state, memory()));
    entries.push_back(std::move(text));
  }
  std::ranges::sort(entries);
  return entries;
}

void fuzz_xml(base::ByteView xml) {
  const auto read = parse_import(Format::keepass_xml, xml, kNow, memory());
  if (!read) return;
  std::vector<ExportEntry> entries;
  for (const ImportedEntry& from : read->entries) {
    ExportEntry& to = entries.emplace_back();
    to.secret = &from.secret;
    for (const auto& state : from.history) to.history.push_back(&state);
    for (const auto& name : from.folder) to.folder.push_back(name.clone());
    to.deleted = from.deleted;
  }
  const auto out = write_export(Format::keepass_xml, entries, memory());
  require(out.has_value());
  const auto second = parse_import(Format::keepass_xml, base::view_of(peek(*out)), kNow, memory());
  require(second.has_value());
  require(summary(*read) == summary(*second));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::ByteView input{data + 1, size - 1};
  switch (data[0] % 7) {
    case 0:
      fuzz_file(input);
      break;
    case 1:
      fuzz_payload(input, {4, 1}, false);
      break;
    case 2:
      fuzz_payload(input, {4, 0}, true);
      break;
    case 3:
      fuzz_payload(input, {3, 1}, false);
      break;
    case 4:
      fuzz_xml(input);
      break;
    case 5:
      (void)gzip_unpack(input, kUnpackFreeBytes, memory());
      break;
    default:
      (void)key_file_component(input, memory());
      break;
  }
  return 0;
}
