#include "formats/entry_tools.h"

#include <array>

#include "formats/secret_text.h"

namespace holdfast::formats {
namespace {

using base::Error, base::fail, base::Result, base::SecretBytes, base::SecretMemory;

constexpr std::size_t kItemBytes = 32;  // more than the encoding adds to one item

// "https://ann@example.org:8080/x" gives "example.org".
auto host_of(std::string_view url) -> std::string_view {
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos)
    url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos)
    url.remove_prefix(at + 1);
  if (!url.starts_with('[')) url = url.substr(0, url.find(':'));  // an IPv6 address stays whole
  return url;
}

// Adds up the bytes of a secret while checking each part.
class Meter {
 public:
  void text(const SecretBytes& value, std::size_t bytes_max) {
    total_ += value.size() + kItemBytes;
    too_long_ = too_long_ || value.size() > bytes_max;
  }
  void list(std::size_t items, std::size_t items_max) {
    too_many_ = too_many_ || items > items_max;
  }
  [[nodiscard]] auto result() const -> Result<void> {
    if (too_many_) return fail(Error::capacity_exceeded);
    if (too_long_ || total_ > model::kSecretBytesMax) return fail(Error::too_long);
    return {};
  }

 private:
  std::size_t total_ = 0;
  bool too_long_ = false;
  bool too_many_ = false;
};

}  // namespace

void add_field(model::Secret& secret, const FieldText& field, SecretMemory& memory) {
  secret.fields.push_back({.section = secret_text(field.section, memory),
                           .name = secret_text(field.name, memory),
                           .value = secret_text(field.value, memory),
                           .is_protected = field.is_protected,
                           .type = field.type});
}

auto find_field(const model::Secret& secret, std::string_view section, std::string_view name)
    -> const model::Field* {
  for (const model::Field& field : secret.fields)
    if (peek(field.section) == section && peek(field.name) == name) return &field;
  return nullptr;
}

void add_source(model::Secret& secret, Format format, std::string_view id, SecretMemory& memory) {
  secret.sources.push_back({secret_text(format_name(format), memory), secret_text(id, memory)});
}

auto source_id(const model::Secret& secret, Format format) -> std::string_view {
  for (const model::Source& source : secret.sources)
    if (peek(source.source) == format_name(format)) return peek(source.source_id);
  return {};
}

void ensure_label(model::Secret& secret, SecretMemory& memory) {
  if (!secret.label.empty()) return;
  std::string_view label = secret.urls.empty() ? std::string_view{} : host_of(peek(secret.urls[0]));
  if (label.empty() || label.size() > model::kLabelBytesMax) label = "unnamed";
  secret.label = secret_text(label, memory);
}

auto SourceIds::next(std::string_view url, std::string_view username, std::string_view label)
    -> std::string {
  for (const std::string_view part : {url, username, label}) {
    std::array<std::uint8_t, 8> size{};  // before each part, so that none runs into the next
    for (std::size_t i = 0; i < size.size(); ++i)
      size[i] = static_cast<std::uint8_t>(std::uint64_t{part.size()} >> (8 * i));
    sha256_.update(size);
    sha256_.update(base::view_of(part));
  }
  const crypto::Digest digest = sha256_.finish();
  const std::uint64_t number = ++seen_[digest];
  return number == 1 ? digest.hex() : digest.hex() + "-" + std::to_string(number);
}

auto check_limits(const model::Secret& secret) -> Result<void> {
  Meter meter;
  meter.text(secret.label, model::kLabelBytesMax);
  meter.text(secret.username, model::kTextBytesMax);
  meter.text(secret.password, model::kTextBytesMax);
  meter.text(secret.notes, model::kNotesBytesMax);
  meter.text(secret.totp.secret, model::kTextBytesMax);
  meter.list(secret.urls.size(), model::kListItemsMax);
  meter.list(secret.tags.size(), model::kListItemsMax);
  meter.list(secret.fields.size(), model::kListItemsMax);
  meter.list(secret.attachments.size(), model::kListItemsMax);
  meter.list(secret.sources.size(), model::kListItemsMax);
  meter.list(secret.unknown.size(), model::kUnknownKeysMax);
  for (const SecretBytes& url : secret.urls) meter.text(url, model::kTextBytesMax);
  for (const SecretBytes& tag : secret.tags) meter.text(tag, model::kTagBytesMax);
  for (const model::Field& field : secret.fields) {
    meter.text(field.section, model::kLabelBytesMax);
    meter.text(field.name, model::kLabelBytesMax);
    meter.text(field.value, model::kTextBytesMax);
  }
  for (const model::Attachment& attachment : secret.attachments) {
    meter.text(attachment.name, model::kLabelBytesMax);
    meter.text(attachment.media_type, model::kLabelBytesMax);
    meter.text(attachment.content, model::kAttachmentBytesMax);
  }
  for (const model::Source& source : secret.sources) {
    meter.text(source.source, model::kLabelBytesMax);
    meter.text(source.source_id, model::kLabelBytesMax);
  }
  for (const auto& [key, value] : secret.unknown) meter.text(value, model::kSecretBytesMax);
  return meter.result();
}

auto check_limits(const FolderPath& folder) -> Result<void> {
  if (folder.size() > kFolderDepthMax) return fail(Error::too_deep);
  for (const SecretBytes& name : folder)
    if (name.size() > model::kLabelBytesMax) return fail(Error::too_long);
  return {};
}

auto check_limits(const ImportedEntry& entry) -> Result<void> {
  if (entry.history.size() > kHistoryItemsMax) return fail(Error::capacity_exceeded);
  TRY_DO(check_limits(entry.folder));
  for (const model::Secret& state : entry.history) TRY_DO(check_limits(state));
  return check_limits(entry.secret);
}

auto count(const Imported& imported) -> ImportCounts {
  ImportCounts counts{.entries = imported.entries.size(), .folders = imported.folders.size()};
  for (const ImportedEntry& entry : imported.entries) {
    counts.deleted += entry.deleted ? 1 : 0;
    counts.attachments += entry.secret.attachments.size();
    counts.totps += entry.secret.totp.secret.empty() ? 0 : 1;
    counts.history += entry.history.size();
    for (const model::Field& field : entry.secret.fields)
      ++(peek(field.section) == kImportedSection ? counts.fields_mapped : counts.fields);
  }
  return counts;
}

}  // namespace holdfast::formats
