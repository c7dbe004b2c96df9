// The browsers' password lists. Chrome: name,url,username,password[,note]. Firefox: url, username,
// password, httpRealm, formActionOrigin, guid, timeCreated, timeLastUsed, timePasswordChanged.
#include <array>
#include <charconv>
#include <span>

#include "formats/csv.h"
#include "formats/entry_tools.h"
#include "formats/secret_text.h"

namespace holdfast::formats {
namespace {

using base::Detailed, base::Error, base::fail, base::Result, base::SecretMemory;

enum class Column : std::uint8_t {
  name,
  url,
  username,
  password,
  note,
  guid,
  created,
  changed,
  last_used,
  realm,
  origin,
  unknown,
};
constexpr std::size_t kKnownColumns = static_cast<std::size_t>(Column::unknown);

struct KnownColumn {
  std::string_view header;
  Column column;
};
constexpr KnownColumn kChrome[] = {{"name", Column::name},
                                   {"url", Column::url},
                                   {"username", Column::username},
                                   {"password", Column::password},
                                   {"note", Column::note}};
constexpr KnownColumn kFirefox[] = {{"url", Column::url},
                                    {"username", Column::username},
                                    {"password", Column::password},
                                    {"httpRealm", Column::realm},
                                    {"formActionOrigin", Column::origin},
                                    {"guid", Column::guid},
                                    {"timeCreated", Column::created},
                                    {"timeLastUsed", Column::last_used},
                                    {"timePasswordChanged", Column::changed}};

auto known_columns(Format format) -> std::span<const KnownColumn> {
  if (format == Format::chrome_csv) return kChrome;
  return kFirefox;
}

class CsvImport {
 public:
  CsvImport(Format format, std::string_view text, model::TimeMs now, SecretMemory& memory)
      : format_{format}, now_{now}, memory_{memory}, reader_{text, memory} {}

  auto run() -> Detailed<Imported> {
    TRY(has_header, reader_.next_row());
    if (!has_header) return fail(Error::wrong_format, "line 1");
    if (const auto header = read_header(); !header) return fail(header.error(), place());
    Imported imported;
    while (true) {
      TRY(more, reader_.next_row());
      if (!more) break;
      if (imported.entries.size() == kImportEntriesMax)
        return fail(Error::too_many_entries, place());
      auto entry = read_row();
      if (!entry) return fail(entry.error(), place());
      imported.entries.push_back(std::move(*entry));
    }
    return imported;
  }

 private:
  struct Header {
    Column column;
    base::SecretBytes name;
  };

  [[nodiscard]] auto place() const -> std::string {
    return "line " + std::to_string(std::max<std::size_t>(reader_.line(), 1));
  }

  auto read_header() -> Result<void> {
    std::array<bool, kKnownColumns> seen{};
    for (std::size_t i = 0; i < reader_.size(); ++i) {
      const std::string_view name = reader_.cell(i);
      if (name.size() > model::kLabelBytesMax) return fail(Error::wrong_format);
      Column column = Column::unknown;
      for (const KnownColumn& known : known_columns(format_))
        if (same_header(known.header, name)) column = known.column;
      for (const Header& before : columns_)
        if (!name.empty() && same_header(peek(before.name), name))
          return fail(Error::duplicate_key);
      if (column != Column::unknown) seen[std::to_underlying(column)] = true;
      columns_.push_back({column, secret_text(name, memory_)});
      if (name.empty())
        columns_.back().name = secret_text("column " + std::to_string(i + 1), memory_);
    }
    for (const Column needed : {Column::url, Column::username, Column::password})
      if (!seen[std::to_underlying(needed)]) return fail(Error::wrong_format);
    if (format_ == Format::chrome_csv && !seen[std::to_underlying(Column::name)])
      return fail(Error::wrong_format);
    return {};
  }

  auto read_row() -> Result<ImportedEntry> {
    ImportedEntry entry{.secret = model::Secret{memory_}};
    model::Secret& secret = entry.secret;
    secret.created = now_;
    std::string_view guid;
    std::optional<model::TimeMs> changed;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string_view cell = reader_.cell(i);
      if (cell.empty()) continue;
      switch (columns_[i].column) {
        case Column::name:
          secret.label = secret_text(cell, memory_);
          break;
        case Column::url:
          secret.urls.push_back(secret_text(cell, memory_));
          break;
        case Column::username:
          secret.username = secret_text(cell, memory_);
          break;
        case Column::password:
          secret.password = secret_text(cell, memory_);
          break;
        case Column::note:
          secret.notes = secret_text(cell, memory_);
          break;
        case Column::guid:
          guid = cell;
          break;
        case Column::created: {
          TRY(time, read_time(cell));
          secret.created = time;
          break;
        }
        case Column::changed: {
          TRY(time, read_time(cell));
          changed = time;
          break;
        }
        case Column::last_used:
        case Column::realm:
        case Column::origin:
          keep(columns_[i], cell, false);
          break;
        case Column::unknown:
          keep(columns_[i], cell, true);
          break;  // who knows what it holds
      }
    }
    secret.modified = changed.value_or(secret.created);
    identify(secret, guid);
    TRY_DO(check_limits(entry));
    return entry;
  }

  void keep(const Header& header, std::string_view cell, bool is_protected) {
    kept_.push_back({.section = kImportedSection,
                     .name = peek(header.name),
                     .value = cell,
                     .type = is_protected ? model::FieldType::concealed : model::FieldType::text,
                     .is_protected = is_protected});
  }

  void identify(model::Secret& secret, std::string_view guid) {
    for (const FieldText& field : kept_) add_field(secret, field, memory_);
    kept_.clear();
    ensure_label(secret, memory_);
    const std::string_view url = secret.urls.empty() ? std::string_view{} : peek(secret.urls[0]);
    if (guid.empty()) {
      add_source(secret, format_, ids_.next(url, peek(secret.username), peek(secret.label)),
                 memory_);
    } else {
      add_source(secret, format_, guid, memory_);
    }
  }

  static auto read_time(std::string_view text) -> Result<model::TimeMs> {
    std::uint64_t ms = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
    if (error != std::errc{} || end != text.data() + text.size()) return fail(Error::bad_time);
    return model::TimeMs{ms};
  }

  Format format_;
  model::TimeMs now_;
  SecretMemory& memory_;
  CsvReader reader_;
  SourceIds ids_;
  std::vector<Header> columns_;
  std::vector<FieldText> kept_;  // of the current row
};

}  // namespace

auto import_csv(Format format, base::ByteView file, model::TimeMs now, SecretMemory& memory)
    -> Detailed<Imported> {
  return CsvImport{format, base::text_of(file), now, memory}.run();
}

auto same_header(std::string_view a, std::string_view b) -> bool {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

auto guess_csv(std::string_view text) -> std::optional<Format> {
  const std::string_view header = text.substr(0, text.find_first_of("\r\n"));
  const auto has = [&](std::string_view name) {
    for (std::string_view rest = header; !rest.empty();) {
      std::string_view cell = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), cell.size() + 1));
      if (cell.size() >= 2 && cell.starts_with('"') && cell.ends_with('"'))
        cell = cell.substr(1, cell.size() - 2);
      if (same_header(cell, name)) return true;
    }
    return false;
  };
  if (has("name") && has("login_uri") && has("login_password")) return Format::bitwarden_csv;
  if (has("group") && has("title") && has("password")) return Format::keepassxc_csv;
  if (!has("url") || !has("username") || !has("password")) return std::nullopt;
  if (has("name") && has("extra") && has("grouping")) return Format::lastpass_csv;
  for (const std::string_view foreign : {"grouping", "extra", "fav"})
    if (has(foreign)) return std::nullopt;
  return has("name") ? Format::chrome_csv : Format::firefox_csv;
}

}  // namespace holdfast::formats
