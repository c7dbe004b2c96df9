// Foreign files: the first byte chooses the format, the rest is the file. What is read must also be
// encodable, be written in every format, and come back from the complete one unchanged.
#include "formats/export.h"
#include "formats/import.h"
#include "formats/secret_text.h"
#include "imported.h"

namespace {

namespace base = holdfast::base;
namespace model = holdfast::model;
using namespace holdfast::formats;
using namespace holdfast::fuzz;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::ByteView input{data, size};
  (void)guess_format(input);
  if (size == 0) return 0;
  const auto parsed =
      parse_import(kFormats[data[0] % std::size(kFormats)], input.subspan(1), kNow, memory());
  if (!parsed) {
    require(parsed.error().code != base::Error::secret_memory_exhausted);
    return 0;
  }
  for (const ImportedEntry& entry : parsed->entries)
    require(model::encode(entry.secret, memory()).has_value());
  const auto entries = for_export(*parsed);
  for (const Format format : kFormats) {
    (void)export_losses(format, entries);
    if (is_encrypted(format)) continue;  // kdbx_fuzz
    const auto out = write_export(format, entries, memory());
    require(out.has_value());
    const auto second = parse_import(format, base::view_of(peek(*out)), kNow, memory());
    if (format != Format::holdfast_json) continue;  // the others may exceed limits by renaming
    require(second.has_value());
    const auto once_more = write_export(format, for_export(*second), memory());
    require(once_more.has_value());
    require(peek(*once_more) == peek(*out));
  }
  return 0;
}
