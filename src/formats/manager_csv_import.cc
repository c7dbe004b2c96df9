#include <algorithm>
#include <array>
#include <memory_resource>
#include <set>

#include "formats/csv.h"
#include "formats/entry_tools.h"
#include "formats/manager_csv.h"
#include "formats/otp_text.h"
#include "formats/secret_text.h"
#include "formats/time_text.h"

namespace holdfast::formats {
namespace {

using base::Detailed, base::Error, base::fail, base::Result, base::SecretBytes, base::SecretMemory;
using Column = ManagerColumn;

// "https://x" begins an address, "b" after a comma goes on with one.
auto begins_address(std::string_view text) -> bool {
  const std::size_t scheme = text.find("://");
  if (scheme == 0 || scheme == std::string_view::npos) return false;
  return std::ranges::all_of(text.substr(0, scheme), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
  });
}

class ManagerImport {
 public:
  ManagerImport(Format format, std::string_view text, model::TimeMs now, SecretMemory& memory)
      : format_{format}, now_{now}, memory_{memory}, reader_{text, memory}, folders_{&memory} {}

  auto run() -> Detailed<Imported> {
    TRY(has_header, reader_.next_row());
    if (!has_header) return fail(Error::wrong_format, "line 1");
    if (const auto header = read_header(); !header) return fail(header.error(), place());
    while (true) {
      TRY(more, reader_.next_row());
      if (!more) break;
      if (imported_.entries.size() == kImportEntriesMax)
        return fail(Error::too_many_entries, place());
      auto entry = read_row();
      if (!entry) return fail(entry.error(), place());
      imported_.entries.push_back(std::move(*entry));
    }
    if (format_ == Format::keepassxc_csv) drop_root();
    if (const auto named = name_folders(); !named) return fail(named.error(), "");
    return std::move(imported_);
  }

 private:
  [[nodiscard]] auto place() const -> std::string {
    return "line " + std::to_string(std::max<std::size_t>(reader_.line(), 1));
  }

  auto read_header() -> Result<void> {
    at_.fill(reader_.size());
    for (std::size_t i = 0; i < reader_.size(); ++i) {
      const std::string_view name = reader_.cell(i);
      if (name.size() > model::kLabelBytesMax) return fail(Error::wrong_format);
      for (const SecretBytes& before : names_)
        if (!name.empty() && same_header(peek(before), name)) return fail(Error::duplicate_key);
      names_.push_back(secret_text(name, memory_));
      for (const ManagerHeader& known : manager_header(format_))
        if (same_header(known.name, name)) at_.at(std::to_underlying(known.column)) = i;
    }
    for (const ManagerHeader& known : manager_header(format_))
      if (known.needed && at_.at(std::to_underlying(known.column)) == reader_.size())
        return fail(Error::wrong_format);
    return {};
  }

  [[nodiscard]] auto cell(Column column) const -> std::string_view {
    const std::size_t index = at_.at(std::to_underlying(column));
    return index < reader_.size() ? reader_.cell(index) : std::string_view{};
  }

  auto read_row() -> Result<ImportedEntry> {
    ImportedEntry entry{.secret = model::Secret{memory_}};
    model::Secret& secret = entry.secret;
    secret.label = secret_text(cell(Column::title), memory_);
    secret.username = secret_text(cell(Column::username), memory_);
    secret.password = secret_text(cell(Column::password), memory_);
    secret.notes = secret_text(cell(Column::notes), memory_);
    take_kind_and_urls(secret);
    take_fields(secret, cell(Column::fields));
    take_totp(secret, cell(Column::totp));
    take_flag(secret, kManagerFavorite, cell(Column::favorite));
    take_flag(secret, kManagerReprompt, cell(Column::reprompt));
    if (const std::string_view icon = cell(Column::icon); !icon.empty() && icon != "0")
      keep(secret, kManagerIcon, icon, model::FieldType::text);
    TRY(created, time(Column::created));
    TRY(modified, time(Column::modified));
    secret.created = created.value_or(modified.value_or(now_));
    secret.modified = modified.value_or(secret.created);
    keep_unknown(secret);
    ensure_label(secret, memory_);
    const std::string_view url = secret.urls.empty() ? std::string_view{} : peek(secret.urls[0]);
    add_source(secret, format_, ids_.next(url, peek(secret.username), peek(secret.label)), memory_);
    entry.folder = split_folder(cell(Column::folder));
    TRY_DO(check_limits(entry));
    return entry;
  }

  void take_kind_and_urls(model::Secret& secret) {
    std::string_view url = cell(Column::url);
    if (format_ == Format::lastpass_csv) {
      if (url == kLastPassNote) secret.kind = model::Kind::note;
      if (url == kLastPassNote || url == kLastPassNoUrl) url = {};
    }
    if (const std::string_view kind = cell(Column::kind); kind == "note") {
      secret.kind = model::Kind::note;
    } else if (!kind.empty() && kind != "login") {
      keep(secret, "type", kind, model::FieldType::text);
    }
    if (url.empty()) return;
    if (format_ != Format::bitwarden_csv) return secret.urls.push_back(secret_text(url, memory_));
    for (std::size_t from = 0; from <= url.size();) {
      std::size_t end = url.find(',', from);
      while (end != std::string_view::npos && !begins_address(url.substr(end + 1)))
        end = url.find(',', end + 1);
      end = std::min(end, url.size());
      secret.urls.push_back(secret_text(url.substr(from, end - from), memory_));
      from = end + 1;
    }
  }

  // Lines "name: value"; a line without a name goes on with the value before.
  void take_fields(model::Secret& secret, std::string_view lines) {
    while (!lines.empty()) {
      std::string_view line = lines.substr(0, lines.find('\n'));
      lines.remove_prefix(std::min(lines.size(), line.size() + 1));
      if (line.ends_with('\r')) line.remove_suffix(1);
      const std::size_t colon = line.find(": ");
      const bool empty_value = colon == std::string_view::npos && line.ends_with(':');
      if (colon == std::string_view::npos && !empty_value && !secret.fields.empty()) {
        append_text(secret.fields.back().value.buffer(), "\n");
        append_text(secret.fields.back().value.buffer(), line);
      } else if (colon == std::string_view::npos && !empty_value) {
        add_field(secret, {.value = line}, memory_);
      } else {
        const std::size_t name = empty_value ? line.size() - 1 : colon;
        add_field(
            secret,
            {.name = line.substr(0, name), .value = line.substr(std::min(line.size(), name + 2))},
            memory_);
      }
    }
  }

  void take_totp(model::Secret& secret, std::string_view text) {
    if (text.empty()) return;
    auto otp = parse_otp(text, memory_);
    if (otp) secret.totp = std::move(otp->totp);
    if (!otp || !otp->plain) keep(secret, kManagerTotp, text, model::FieldType::concealed);
  }

  void take_flag(model::Secret& secret, std::string_view name, std::string_view text) {
    if (text.empty() || text == "0") return;
    const bool truth = text == "1" || text == "true";
    keep(secret, name, truth ? "true" : text,
         truth ? model::FieldType::boolean : model::FieldType::text);
  }

  void keep(model::Secret& secret, std::string_view name, std::string_view value,
            model::FieldType type) {
    add_field(secret,
              {.section = kImportedSection,
               .name = name,
               .value = value,
               .type = type,
               .is_protected = type == model::FieldType::concealed},
              memory_);
  }

  void keep_unknown(model::Secret& secret) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (reader_.cell(i).empty() || std::ranges::contains(at_, i)) continue;
      const std::string nameless = "column " + std::to_string(i + 1);
      keep(secret, names_[i].empty() ? nameless : peek(names_[i]), reader_.cell(i),
           model::FieldType::concealed);  // who knows what it holds
    }
  }

  [[nodiscard]] auto time(Column column) const -> Result<std::optional<model::TimeMs>> {
    const std::string_view text = cell(column);
    if (text.empty()) return std::nullopt;
    TRY(time, parse_time(text));
    return time;
  }

  auto split_folder(std::string_view text) -> FolderPath {
    const char separator = format_ == Format::lastpass_csv ? '\\' : '/';
    FolderPath path;
    if (text.empty() || text == "(none)") return path;
    SecretBytes name{memory_};
    const auto end_name = [&] {
      if (!name.empty()) path.push_back(std::exchange(name, SecretBytes{memory_}));
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (format_ == Format::keepassxc_csv && text.substr(i).starts_with("\\/")) {
        name.buffer().push_back('/');
        ++i;
      } else if (text[i] == separator) {
        end_name();
      } else {
        name.buffer().push_back(static_cast<std::uint8_t>(text[i]));
      }
    }
    end_name();
    return path;
  }

  // Every group of KeePassXC lies in its root group, which is no folder.
  void drop_root() {
    const auto& entries = imported_.entries;
    const bool common = !entries.empty() && std::ranges::all_of(entries, [&](const auto& entry) {
      return !entry.folder.empty() && peek(entry.folder[0]) == peek(entries[0].folder[0]);
    });
    if (!common) return;
    for (ImportedEntry& entry : imported_.entries) entry.folder.erase(entry.folder.begin());
  }

  auto name_folders() -> Result<void> {
    for (const ImportedEntry& entry : imported_.entries) {
      std::pmr::string whole{&memory_};
      for (const SecretBytes& name : entry.folder) whole.append(peek(name)).push_back('\0');
      if (whole.empty() || !folders_.insert(whole).second) continue;
      if (imported_.folders.size() == kImportFoldersMax) return fail(Error::capacity_exceeded);
      FolderPath& path = imported_.folders.emplace_back();
      for (const SecretBytes& name : entry.folder) path.push_back(name.clone());
    }
    return {};
  }

  Format format_;
  model::TimeMs now_;
  SecretMemory& memory_;
  CsvReader reader_;
  SourceIds ids_;
  std::array<std::size_t, kManagerColumns> at_{};  // column of each meaning
  std::vector<SecretBytes> names_;                 // of all columns
  std::pmr::set<std::pmr::string> folders_;
  Imported imported_;
};

}  // namespace

auto import_manager_csv(Format format, base::ByteView file, model::TimeMs now, SecretMemory& memory)
    -> Detailed<Imported> {
  return ManagerImport{format, base::text_of(file), now, memory}.run();
}

}  // namespace holdfast::formats
