#include "base/text.h"
#include "formats/entry_tools.h"
#include "formats/losses.h"
#include "formats/secret_text.h"
#include "formats/xml_reader.h"

namespace holdfast::formats {
namespace {

using base::SecretBytes;

auto breaks_lines(const model::Field& field) -> bool {
  const std::string_view name = peek(field.name);
  const std::string_view value = peek(field.value);
  return name.contains(": ") || name.contains('\n') || value.contains('\r') ||
         value.contains('\n') || name.ends_with(':') || name.empty();
}

auto is_binary(const model::Field& field) -> bool {
  return !base::is_utf8(base::view_of(peek(field.value)));
}

auto has_separator(Format format, const FolderPath& folder) -> bool {
  const char separator = format == Format::lastpass_csv ? '\\' : '/';
  return std::ranges::any_of(folder, [&](const SecretBytes& name) {
    if (format == Format::keepassxc_csv) return peek(name).ends_with('\\');
    return peek(name).contains(separator);
  });
}

auto loses_field(Format format, const model::Field& field) -> bool {
  return !manager_place(format, field);
}

}  // namespace

auto keepass_losses(const ExportEntries& entries) -> std::vector<std::string> {
  Losses losses{entries};
  losses.change(
      "lies in a folder whose name has characters that KeePass cannot hold; each becomes ?",
      "lie in folders whose names have characters that KeePass cannot hold; each becomes ?",
      [](auto& e) {
        return std::ranges::any_of(
            e.folder, [](const SecretBytes& name) { return !xml_can_hold(peek(name)); });
      });
  losses.change("lies in a folder without a name", "lie in folders without a name", [](auto& e) {
    return std::ranges::any_of(e.folder, [](const SecretBytes& name) { return name.empty(); });
  });
  return losses.take();
}

auto manager_csv_losses(Format format, const ExportEntries& entries) -> std::vector<std::string> {
  const bool bitwarden = format == Format::bitwarden_csv;
  const bool keepassxc = format == Format::keepassxc_csv;
  Losses losses{entries};
  const auto lose = [&](std::string_view what, auto test) {  // those left out lose nothing more
    losses.lose(what, [test](auto& e) { return !e.deleted && test(e); });
  };
  losses.change("is deleted and left out", "are deleted and left out",
                [](auto& e) { return e.deleted; });
  lose("attachments", [](auto& e) { return !e.secret->attachments.empty(); });
  if (bitwarden) {
    lose("sections, protection and types of custom fields", [&](auto& e) {
      return any_field(*e.secret, [&](auto& field) {
        return loses_field(format, field) && (!field.section.empty() || field.is_protected ||
                                              field.type != model::FieldType::text);
      });
    });
    lose("line breaks or colons within custom fields, which may be read back as other fields",
         [&](auto& e) {
           return any_field(*e.secret, [&](auto& field) {
             return loses_field(format, field) && breaks_lines(field);
           });
         });
    lose("custom fields with binary content", [&](auto& e) {
      return any_field(*e.secret, [](auto& field) { return is_binary(field); });
    });
  } else {
    lose("custom fields", [&](auto& e) {
      return any_field(*e.secret, [&](auto& field) { return loses_field(format, field); });
    });
    lose("addresses after the first", [](auto& e) { return e.secret->urls.size() > 1; });
  }
  if (!keepassxc) lose("dates", [](auto&) { return true; });
  lose("tags", [](auto& e) { return !e.secret->tags.empty(); });
  losses.change("lies in a folder whose name has a separator; it becomes nested",
                "lie in folders whose names have a separator; they become nested",
                [&](auto& e) { return !e.deleted && has_separator(format, e.folder); });
  lose("older states", [](auto& e) { return !e.history.empty(); });
  lose(keepassxc ? "kind (all become logins)" : "kind (only logins and notes are told apart)",
       [&](auto& e) {
         const model::Kind kind = e.secret->kind;
         if (keepassxc) return kind != model::Kind::login;
         if (format == Format::lastpass_csv && kind == model::Kind::note)
           return !e.secret->urls.empty();
         return kind != model::Kind::login && kind != model::Kind::note;
       });
  lose("ids in other password managers", [&](auto& e) {
    return std::ranges::any_of(e.secret->sources, [&](auto& source) {
      return peek(source.source) != format_name(format);
    });
  });
  lose("values of newer program versions", [](auto& e) { return !e.secret->unknown.empty(); });
  return losses.take();
}

}  // namespace holdfast::formats
