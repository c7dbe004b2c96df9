#include "formats/export.h"

#include <algorithm>
#include <functional>
#include <new>

#include "base/text.h"
#include "formats/bitwarden_encrypted.h"
#include "formats/bitwarden_json.h"
#include "formats/entry_tools.h"
#include "formats/holdfast_file.h"
#include "formats/kdbx.h"
#include "formats/keepass_writer.h"
#include "formats/losses.h"
#include "formats/secret_text.h"
#include "formats/writers.h"

namespace holdfast::formats {
namespace {

using base::Detailed, base::Error, base::fail, base::SecretBytes, base::SecretMemory;

auto dispatch(Format format, const ExportEntries& entries, SecretMemory& memory,
              const FileSeal& seal, const std::vector<FolderPath>& folders)
    -> Detailed<SecretBytes> {
  switch (format) {
    case Format::bitwarden_encrypted_json:
      return export_bitwarden_encrypted(entries, seal, memory);
    case Format::bitwarden_json:
      return export_bitwarden(entries, memory);
    case Format::holdfast: {
      TRY(content, encode_holdfast_content(entries, folders, memory));
      return seal_holdfast_file(content, seal, memory);
    }
    case Format::holdfast_json:
      return export_holdfast(entries, memory);
    case Format::keepassxc_csv:
    case Format::lastpass_csv:
    case Format::bitwarden_csv:
      return export_manager_csv(format, entries, memory);
    case Format::kdbx:
      return export_kdbx(entries, seal, memory);
    case Format::keepass_xml:
      return write_keepass_xml(entries, AttachmentPool{entries, memory}, nullptr, memory);
    case Format::chrome_csv:
    case Format::firefox_csv:
      break;
  }
  return export_csv(format, entries, memory);
}

auto is_custom(const model::Secret& secret, const model::Field& field) -> bool {
  return bitwarden_place(secret, field) == BitwardenPlace::custom_field;
}

auto loses_type(const model::Field& field) -> bool {
  const auto kept = field.is_protected ? model::FieldType::concealed : field.type;
  switch (kept) {
    case model::FieldType::text:
      return false;
    case model::FieldType::concealed:
      return field.type != kept || !field.is_protected;
    case model::FieldType::boolean:
      return false;
    default:
      return kept != model::FieldType::linked;
  }
}

auto only_passwords_differ(const model::Secret& a, const model::Secret& b) -> bool {
  return peek(a.label) == peek(b.label) && peek(a.username) == peek(b.username) &&
         peek(a.notes) == peek(b.notes) && a.urls.size() == b.urls.size() &&
         a.fields.size() == b.fields.size() && a.attachments.size() == b.attachments.size() &&
         !b.password.empty();
}

auto has_slash(const FolderPath& folder) -> bool {
  return std::ranges::any_of(
      folder, [](const SecretBytes& name) { return name.empty() || peek(name).contains('/'); });
}

auto bitwarden_losses(const ExportEntries& entries) -> std::vector<std::string> {
  Losses losses{entries};
  losses.lose("attachments", [](auto& e) { return !e.secret->attachments.empty(); });
  losses.lose("older states except for the passwords", [](auto& e) {
    return !std::ranges::all_of(e.history,
                                [&](auto* old) { return only_passwords_differ(*e.secret, *old); });
  });
  losses.change("becomes a login or a note: Bitwarden has no such kind",
                "become logins or notes: Bitwarden has no such kind", [](auto& e) {
                  return e.secret->kind == model::Kind::token ||
                         e.secret->kind == model::Kind::file;
                });
  losses.change("keeps its tags only as custom fields", "keep their tags only as custom fields",
                [](auto& e) { return !e.secret->tags.empty(); });
  losses.change("keeps user name, password, addresses or TOTP only as custom fields",
                "keep user name, password, addresses or TOTP only as custom fields", [](auto& e) {
                  const model::Secret& s = *e.secret;
                  return !bitwarden_has_login(s) && (!s.username.empty() || !s.password.empty() ||
                                                     !s.urls.empty() || !s.totp.secret.empty());
                });
  losses.change("keeps the sections of its fields only in their names",
                "keep the sections of their fields only in their names", [](auto& e) {
                  return any_field(*e.secret, [&](auto& field) {
                    return !field.section.empty() && is_custom(*e.secret, field);
                  });
                });
  losses.lose("types of custom fields (Bitwarden has text, hidden, boolean, linked)", [](auto& e) {
    return any_field(*e.secret,
                     [&](auto& field) { return is_custom(*e.secret, field) && loses_type(field); });
  });
  losses.change("has a field with binary content, written as base64",
                "have fields with binary content, written as base64", [](auto& e) {
                  return any_field(*e.secret, [](auto& field) {
                    return !base::is_utf8(base::view_of(peek(field.value)));
                  });
                });
  losses.change("lies in a folder whose name has a slash; it becomes nested",
                "lie in folders whose names have a slash; they become nested",
                [](auto& e) { return has_slash(e.folder); });
  losses.lose("ids in other password managers", [](auto& e) {
    return std::ranges::any_of(e.secret->sources, [](auto& source) {
      return peek(source.source) != format_name(Format::bitwarden_json);
    });
  });
  losses.lose("values of newer program versions",
              [](auto& e) { return !e.secret->unknown.empty(); });
  return losses.take();
}

auto csv_losses(Format format, const ExportEntries& entries) -> std::vector<std::string> {
  const bool chrome = format == Format::chrome_csv;
  Losses losses{entries};
  const auto lose = [&](std::string_view what, auto test) {  // those left out lose nothing more
    losses.lose(what, [test](auto& e) { return !e.deleted && test(e); });
  };
  losses.change("is deleted and left out", "are deleted and left out",
                [](auto& e) { return e.deleted; });
  lose("attachments", [](auto& e) { return !e.secret->attachments.empty(); });
  lose("TOTP", [](auto& e) { return !e.secret->totp.secret.empty(); });
  lose("custom fields", [chrome](auto& e) {
    return any_field(*e.secret, [&](auto& field) {
      const bool kept = !chrome && peek(field.section) == kImportedSection &&
                        std::ranges::find(kFirefoxKept, peek(field.name)) != std::end(kFirefoxKept);
      return !kept;
    });
  });
  if (!chrome) {
    lose("labels", [](auto&) { return true; });
    lose("notes", [](auto& e) { return !e.secret->notes.empty(); });
  } else {
    lose("dates", [](auto&) { return true; });
  }
  lose("tags", [](auto& e) { return !e.secret->tags.empty(); });
  lose("folders", [](auto& e) { return !e.folder.empty(); });
  lose("addresses after the first", [](auto& e) { return e.secret->urls.size() > 1; });
  lose("older states", [](auto& e) { return !e.history.empty(); });
  lose("kind (all become logins)", [](auto& e) { return e.secret->kind != model::Kind::login; });
  lose("ids in other password managers", [chrome](auto& e) {
    return std::ranges::any_of(e.secret->sources, [&](auto& source) {
      return chrome || peek(source.source) != format_name(Format::firefox_csv);
    });
  });
  lose("values of newer program versions", [](auto& e) { return !e.secret->unknown.empty(); });
  return losses.take();
}

}  // namespace

auto write_export(Format format, const std::vector<ExportEntry>& entries, SecretMemory& memory,
                  const FileSeal& seal, const std::vector<FolderPath>& folders)
    -> Detailed<SecretBytes> {
  try {
    return dispatch(format, entries, memory, seal, folders);
  } catch (const std::bad_alloc&) {
    return fail(Error::secret_memory_exhausted, "");
  }
}

auto export_losses(Format format, const std::vector<ExportEntry>& entries)
    -> std::vector<std::string> {
  switch (format) {
    case Format::holdfast:
    case Format::holdfast_json:
      return {};
    case Format::bitwarden_encrypted_json:
    case Format::bitwarden_json:
      return bitwarden_losses(entries);
    case Format::kdbx:
    case Format::keepass_xml:
      return keepass_losses(entries);
    case Format::keepassxc_csv:
    case Format::lastpass_csv:
    case Format::bitwarden_csv:
      return manager_csv_losses(format, entries);
    case Format::chrome_csv:
    case Format::firefox_csv:
      break;
  }
  return csv_losses(format, entries);
}

}  // namespace holdfast::formats
