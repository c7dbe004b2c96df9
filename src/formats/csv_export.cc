#include "formats/csv_row.h"
#include "formats/entry_tools.h"
#include "formats/secret_text.h"
#include "formats/writers.h"

namespace holdfast::formats {
namespace {

using base::Detailed, base::Error, base::fail, base::SecretBytes, base::SecretMemory;

void chrome_row(const model::Secret& secret, RowWriter& row) {
  row.cell(peek(secret.label));
  row.cell(first_url(secret));
  row.cell(peek(secret.username));
  row.cell(peek(secret.password));
  row.cell(peek(secret.notes));
}

void firefox_row(const model::Secret& secret, RowWriter& row) {
  const auto kept = [&](std::string_view name) {
    const model::Field* field = find_field(secret, kImportedSection, name);
    row.cell(field == nullptr ? std::string_view{} : peek(field->value));
  };
  row.cell(first_url(secret));
  row.cell(peek(secret.username));
  row.cell(peek(secret.password));
  kept("httpRealm");
  kept("formActionOrigin");
  row.cell(source_id(secret, Format::firefox_csv));
  row.cell(std::to_string(std::to_underlying(secret.created)));
  kept("timeLastUsed");
  row.cell(std::to_string(std::to_underlying(secret.modified)));
}

}  // namespace

auto export_csv(Format format, const ExportEntries& entries, SecretMemory& memory)
    -> Detailed<SecretBytes> {
  const bool chrome = format == Format::chrome_csv;
  SecretBytes out{memory};
  append_text(out.buffer(),
              chrome ? "name,url,username,password,note\r\n"
                     : "\"url\",\"username\",\"password\",\"httpRealm\",\"formActionOrigin\","
                       "\"guid\",\"timeCreated\",\"timeLastUsed\",\"timePasswordChanged\"\r\n");
  RowWriter row{out.buffer(), chrome ? Quoting::where_needed : Quoting::always};
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].deleted) continue;  // the format cannot mark it; it must not come back to life
    (chrome ? chrome_row : firefox_row)(*entries[i].secret, row);
    row.end();
    if (!row.ok()) return fail(Error::bad_utf8, entry_place(i));
  }
  return out;
}

}  // namespace holdfast::formats
