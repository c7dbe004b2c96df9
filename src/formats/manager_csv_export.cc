#include <algorithm>

#include "formats/csv_row.h"
#include "formats/entry_tools.h"
#include "formats/keepass_entry.h"
#include "formats/manager_csv.h"
#include "formats/otp_text.h"
#include "formats/secret_text.h"
#include "formats/time_text.h"
#include "formats/writers.h"

namespace holdfast::formats {
namespace {

using base::Detailed, base::Error, base::fail, base::SecretBytes, base::SecretMemory;
using Column = ManagerColumn;

constexpr std::string_view kRoot = "Root";

auto kept(const model::Secret& secret, std::string_view name) -> std::string_view {
  const model::Field* field = find_field(secret, kImportedSection, name);
  return field == nullptr ? std::string_view{} : peek(field->value);
}

auto joined_folder(Format format, const FolderPath& folder, SecretMemory& memory) -> SecretBytes {
  SecretBytes path{memory};
  if (format == Format::keepassxc_csv) append_text(path.buffer(), kRoot);
  const std::string_view separator = format == Format::lastpass_csv ? "\\" : "/";
  for (const SecretBytes& name : folder) {
    if (!path.empty()) append_text(path.buffer(), separator);
    for (const char c : peek(name)) {
      if (format == Format::keepassxc_csv && c == '/') append_text(path.buffer(), "\\");
      path.buffer().push_back(static_cast<std::uint8_t>(c));
    }
  }
  return path;
}

// The text it came as, while that still says the same.
auto totp_text(Format format, const model::Secret& secret, SecretMemory& memory) -> SecretBytes {
  const std::string_view original = kept(secret, kManagerTotp);
  if (secret.totp.secret.empty()) return secret_text(original, memory);
  if (!original.empty()) {
    const auto read = parse_otp(original, memory);
    if (read && peek(otp_text(read->totp, memory)) == peek(otp_text(secret.totp, memory)))
      return secret_text(original, memory);
  }
  return format == Format::keepassxc_csv ? otp_uri(secret.totp, memory)
                                         : otp_text(secret.totp, memory);
}

auto url_text(Format format, const model::Secret& secret, SecretMemory& memory) -> SecretBytes {
  if (format != Format::bitwarden_csv) {
    const bool note = format == Format::lastpass_csv && secret.kind == model::Kind::note;
    return secret_text(note && secret.urls.empty() ? kLastPassNote : first_url(secret), memory);
  }
  SecretBytes urls{memory};
  for (const SecretBytes& url : secret.urls) {
    if (!urls.empty()) append_text(urls.buffer(), ",");
    append_text(urls.buffer(), peek(url));
  }
  return urls;
}

auto fields_text(const model::Secret& secret, SecretMemory& memory) -> SecretBytes {
  SecretBytes lines{memory};
  for (const model::Field& field : secret.fields) {
    if (manager_place(Format::bitwarden_csv, field)) continue;
    if (!base::is_utf8(base::view_of(peek(field.value)))) continue;  // a loss
    if (!lines.empty()) append_text(lines.buffer(), "\n");
    if (!field.section.empty()) {
      append_text(lines.buffer(), peek(field.section));
      append_text(lines.buffer(), " / ");
    }
    append_text(lines.buffer(), peek(field.name));
    append_text(lines.buffer(), ": ");
    append_text(lines.buffer(), peek(field.value));
  }
  return lines;
}

auto flag_text(Format format, std::string_view value) -> std::string_view {
  if (value == "true") return "1";
  if (value.empty() && format == Format::lastpass_csv) return "0";
  return value;
}

auto seconds_text(model::TimeMs time) -> std::string {
  const std::string text = format_time(time);
  return text.substr(0, text.find('.')) + "Z";
}

auto cell_text(Format format, Column column, const ExportEntry& entry, SecretMemory& memory)
    -> SecretBytes {
  const model::Secret& secret = *entry.secret;
  const auto text = [&](std::string_view from) { return secret_text(from, memory); };
  switch (column) {
    case Column::folder:
      return joined_folder(format, entry.folder, memory);
    case Column::title:
      return secret.label.clone();
    case Column::username:
      return secret.username.clone();
    case Column::password:
      return secret.password.clone();
    case Column::url:
      return url_text(format, secret, memory);
    case Column::notes:
      return secret.notes.clone();
    case Column::totp:
      return totp_text(format, secret, memory);
    case Column::icon: {
      const std::string_view icon = kept(secret, kManagerIcon);
      return text(icon.empty() ? "0" : icon);
    }
    case Column::modified:
      return text(seconds_text(secret.modified));
    case Column::created:
      return text(seconds_text(secret.created));
    case Column::favorite:
      return text(flag_text(format, kept(secret, kManagerFavorite)));
    case Column::kind: {
      if (secret.kind == model::Kind::note) return text("note");
      const std::string_view other = kept(secret, "type");
      return text(other.empty() ? "login" : other);
    }
    case Column::fields:
      return fields_text(secret, memory);
    case Column::reprompt: {
      const std::string_view reprompt = kept(secret, kManagerReprompt);
      return text(reprompt.empty() ? "0" : flag_text(format, reprompt));
    }
    case Column::unknown:
      break;
  }
  return SecretBytes{memory};
}

}  // namespace

auto manager_place(Format format, const model::Field& field) -> bool {
  if (peek(field.section) != kImportedSection || !base::is_utf8(base::view_of(peek(field.value))))
    return false;
  const std::string_view name = peek(field.name);
  if (name == kManagerTotp) return true;
  if (format == Format::keepassxc_csv) return name == kManagerIcon;
  if (name == kManagerFavorite) return true;
  return format == Format::bitwarden_csv && (name == kManagerReprompt || name == "type");
}

auto export_manager_csv(Format format, const ExportEntries& entries, SecretMemory& memory)
    -> Detailed<SecretBytes> {
  SecretBytes out{memory};
  const bool keepassxc = format == Format::keepassxc_csv;
  RowWriter row{out.buffer(), keepassxc ? Quoting::always : Quoting::where_needed};
  const std::string_view line_end = keepassxc ? "\n" : "\r\n";
  for (const ManagerHeader& header : manager_header(format)) row.cell(header.name);
  row.end(line_end);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].deleted) continue;  // the format cannot mark it; it must not come back to life
    for (const ManagerHeader& header : manager_header(format))
      row.cell(peek(cell_text(format, header.column, entries[i], memory)));
    row.end(line_end);
    if (!row.ok()) return fail(Error::bad_utf8, entry_place(i));
  }
  return out;
}

}  // namespace holdfast::formats
