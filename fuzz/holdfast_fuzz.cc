// Holdfast's own encrypted file and Bitwarden's: the first byte chooses how deep the input goes. No
// key is known to a fuzzer, so the content behind the encryption is fed directly; what is read of
// it must be encodable, be written again and come back the same.
#include <cstdlib>

#include "formats/bitwarden_encrypted.h"
#include "formats/holdfast_file.h"
#include "formats/secret_text.h"

namespace {

namespace base = holdfast::base;
namespace model = holdfast::model;
using namespace holdfast::formats;

constexpr model::TimeMs kNow{1'700'000'000'000};

auto memory() -> base::SecretMemory& {
  static const auto made =
      base::SecretMemory::create({.bytes_max = std::size_t{512} << 20, .lock = base::Lock::none});
  return **made;
}

void require(bool holds) {
  if (!holds) std::abort();
}

auto for_export(const Imported& imported) -> std::vector<ExportEntry> {
  std::vector<ExportEntry> entries;
  for (const ImportedEntry& from : imported.entries) {
    ExportEntry& to = entries.emplace_back();
    to.secret = &from.secret;
    for (const auto& state : from.history) to.history.push_back(&state);
    for (const auto& name : from.folder) to.folder.push_back(name.clone());
    to.id = from.id;
    to.deleted = from.deleted;
    to.shape = from.shape;
  }
  return entries;
}

void fuzz_content(base::ByteView content) {
  const auto read = decode_holdfast_content(content, memory());
  if (!read) return;
  const auto out = encode_holdfast_content(for_export(*read), read->folders, memory());
  require(out.has_value());
  const auto second = decode_holdfast_content(base::view_of(peek(*out)), memory());
  require(second.has_value());
  const auto again = encode_holdfast_content(for_export(*second), second->folders, memory());
  require(again.has_value());
  require(peek(*again) == peek(*out));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::ByteView input{data + 1, size - 1};
  switch (data[0] % 3) {
    case 0:
      fuzz_content(input);
      break;
    case 1:  // without a key it ends where the key would be derived
      (void)open_holdfast_file(input, {}, memory());
      break;
    default:
      (void)import_bitwarden_encrypted(input, {}, kNow, memory());
      break;
  }
  return 0;
}
