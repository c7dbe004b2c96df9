// fixtures.h: memory, short ways to import and export, and a dump of a secret that names every
// field, written apart from the exporters so that it notices what they forget.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "formats/export.h"
#include "formats/import.h"
#include "formats/secret_text.h"

namespace holdfast::formats {

inline constexpr model::TimeMs kNow{1'700'000'000'000};

inline auto memory() -> base::SecretMemory& {
  static const auto made =
      base::SecretMemory::create({.bytes_max = std::size_t{1} << 30, .lock = base::Lock::none});
  return **made;
}

inline auto parse(Format format, std::string_view text) -> base::Detailed<Imported> {
  return parse_import(format, base::view_of(text), kNow, memory());
}
// "bad_json at line 1", or "ok".
inline auto outcome(Format format, std::string_view text) -> std::string {
  const auto parsed = parse(format, text);
  if (parsed) return "ok";
  const std::string name{base::error_name(parsed.error().code)};
  return parsed.error().where.empty() ? name : name + " at " + parsed.error().where;
}

inline auto dump(const base::SecretBytes& bytes) -> std::string {
  return '<' + std::string{peek(bytes)} + '>';
}

inline auto dump(const model::Secret& secret) -> std::string {
  std::ostringstream out;
  out << "kind " << int(secret.kind) << " label " << dump(secret.label) << " user "
      << dump(secret.username) << " password " << dump(secret.password) << " notes "
      << dump(secret.notes) << " created " << std::to_underlying(secret.created) << " modified "
      << std::to_underlying(secret.modified) << '\n';
  for (const auto& url : secret.urls) out << " url " << dump(url) << '\n';
  for (const auto& tag : secret.tags) out << " tag " << dump(tag) << '\n';
  for (const auto& field : secret.fields)
    out << " field " << dump(field.section) << dump(field.name) << dump(field.value)
        << (field.is_protected ? " protected" : " shown") << " type " << int(field.type) << '\n';
  if (!secret.totp.secret.empty())
    out << " totp " << int(secret.totp.algorithm) << ' ' << int(secret.totp.digits) << ' '
        << secret.totp.period << ' ' << base::to_hex(base::view_of(peek(secret.totp.secret)))
        << '\n';
  for (const auto& attachment : secret.attachments)
    out << " attachment " << dump(attachment.name) << dump(attachment.media_type)
        << dump(attachment.content) << '\n';
  for (const auto& source : secret.sources)
    out << " source " << dump(source.source) << dump(source.source_id) << '\n';
  for (const auto& [key, value] : secret.unknown) out << " unknown " << key << dump(value) << '\n';
  return out.str();
}

inline auto dump(const ImportedEntry& entry) -> std::string {
  std::string text = dump(entry.secret);
  for (const auto& name : entry.folder) text += " folder " + dump(name) + "\n";
  text += entry.deleted ? " deleted\n" : "";
  text += entry.id.empty() ? "" : " id " + entry.id + "\n";
  for (const auto& state : entry.history) text += " before: " + dump(state);
  return text;
}

inline auto dump(const Imported& imported) -> std::string {
  std::string text;
  for (const auto& entry : imported.entries) text += dump(entry);
  return text;
}

inline auto for_export(const Imported& imported) -> std::vector<ExportEntry> {
  std::vector<ExportEntry> entries;
  for (const ImportedEntry& from : imported.entries) {
    ExportEntry& to = entries.emplace_back();
    to.secret = &from.secret;
    for (const auto& state : from.history) to.history.push_back(&state);
    for (const auto& name : from.folder) to.folder.push_back(name.clone());
    to.id = from.id;
    to.deleted = from.deleted;
  }
  return entries;
}

inline auto written(Format format, const std::vector<ExportEntry>& entries) -> std::string {
  const auto out = write_export(format, entries, memory());
  if (!out) return "error " + out.error().text();
  return std::string{peek(*out)};
}

// Written and read again.
inline auto again(Format format, const Imported& imported) -> std::string {
  const auto parsed = parse(format, written(format, for_export(imported)));
  return parsed ? dump(*parsed) : "error " + parsed.error().text();
}

// A secret with every field filled, two of most.
inline auto full_secret() -> model::Secret {
  const auto text = [](std::string_view from) { return secret_text(from, memory()); };
  model::Secret secret{memory()};
  secret.kind = model::Kind::token;
  secret.label = text("Ünïcode \"quoted\" \\ label\x01");
  secret.username = text("ann");
  secret.password = text("p,a\"s\ns\r\nw\trd ");
  secret.urls.push_back(text("https://one.example/?a=1,2"));
  secret.urls.push_back(text("https://two.example"));
  secret.notes = text("line\nline\r\n\xF0\x9F\x94\x91");
  secret.tags.push_back(text("alpha"));
  secret.tags.push_back(text("βeta"));
  for (std::uint64_t type = 0; type < model::kFieldTypes; ++type)
    secret.fields.push_back({text("section"), text("field " + std::to_string(type)), text("value"),
                             type % 2 == 1, static_cast<model::FieldType>(type)});
  secret.fields.push_back({text(""), text(""), text(std::string_view{"\xff\x00\xfe", 3}), true,
                           model::FieldType::text});
  secret.totp = {model::OtpAlgorithm::sha512, 8, 45, text("12345678901234567890")};
  secret.attachments.push_back({text("key.bin"), text("application/octet-stream"),
                                text(std::string_view{"\x00\x01\x02\xff\n", 5})});
  secret.attachments.push_back({text("empty"), text(""), text("")});
  secret.created = model::TimeMs{1};
  secret.modified = model::TimeMs{UINT64_MAX};
  secret.sources.push_back({text("bitwarden-json"), text("abc")});
  secret.sources.push_back({text("chrome-csv"), text("def")});
  secret.unknown.emplace_back(13, text("\x01"));
  secret.unknown.emplace_back(4711, text("\x61x"));
  return secret;
}

}  // namespace holdfast::formats
