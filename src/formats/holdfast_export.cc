#include "base/text.h"
#include "formats/base_text.h"
#include "formats/entry_tools.h"
#include "formats/holdfast_json.h"
#include "formats/json_writer.h"
#include "formats/secret_text.h"
#include "formats/writers.h"

namespace holdfast::formats {
namespace {

using base::Detailed, base::Error, base::fail, base::SecretBytes, base::SecretMemory;

class SecretWriter {
 public:
  SecretWriter(JsonWriter& json, SecretMemory& memory) : json_{json}, memory_{memory} {}

  void write(const model::Secret& secret) {
    json_.begin_object();
    json_.member("kind", kKindNames.at(std::to_underlying(secret.kind)));
    json_.member("label", secret.label);
    text("username", secret.username);
    text("password", secret.password);
    texts("urls", secret.urls);
    text("notes", secret.notes);
    texts("tags", secret.tags);
    list("fields", secret.fields, [&](const model::Field& field) { write_field(field); });
    write_totp(secret.totp);
    list("attachments", secret.attachments,
         [&](const model::Attachment& attachment) { write_attachment(attachment); });
    json_.key("created"), json_.number(std::to_underlying(secret.created));
    json_.key("modified"), json_.number(std::to_underlying(secret.modified));
    list("sources", secret.sources, [&](const model::Source& source) {
      json_.member("source", source.source);
      json_.member("id", source.source_id);
    });
    write_unknown(secret);
    json_.end_object();
  }

 private:
  void text(std::string_view key, const SecretBytes& value) {
    if (!value.empty()) json_.member(key, value);
  }
  void texts(std::string_view key, const std::vector<SecretBytes>& values) {
    if (values.empty()) return;
    json_.key(key), json_.begin_array();
    for (const SecretBytes& value : values) json_.string(value);
    json_.end_array();
  }
  template <class Item, class Write>
  void list(std::string_view key, const std::vector<Item>& items, Write&& write) {
    if (items.empty()) return;
    json_.key(key), json_.begin_array();
    for (const Item& item : items) {
      json_.begin_object();
      write(item);
      json_.end_object();
    }
    json_.end_array();
  }

  void write_field(const model::Field& field) {
    json_.member("section", field.section);
    json_.member("name", field.name);
    const std::string_view value = peek(field.value);
    if (base::is_utf8(base::view_of(value))) {
      json_.member("value", value);
    } else {
      json_.key("value_base64"), json_.base64(base::view_of(value));
    }
    json_.key("protected"), json_.boolean(field.is_protected);
    json_.member("type", kFieldTypeNames.at(std::to_underlying(field.type)));
  }

  void write_totp(const model::Totp& totp) {
    if (totp.secret.empty()) return;
    SecretBytes base32{memory_};
    base32_append(base32.buffer(), base::view_of(peek(totp.secret)));
    json_.key("totp"), json_.begin_object();
    json_.member("algorithm", kOtpAlgorithmNames.at(std::to_underlying(totp.algorithm)));
    json_.key("digits"), json_.number(totp.digits);
    json_.key("period"), json_.number(totp.period);
    json_.member("secret", base32);
    json_.end_object();
  }

  void write_attachment(const model::Attachment& attachment) {
    json_.member("name", attachment.name);
    json_.member("media_type", attachment.media_type);
    json_.key("content"), json_.base64(base::view_of(peek(attachment.content)));
  }

  void write_unknown(const model::Secret& secret) {
    if (secret.unknown.empty()) return;
    json_.key("unknown"), json_.begin_object();
    for (const auto& [key, value] : secret.unknown) {
      json_.key(std::to_string(key));
      hex(value);
    }
    json_.end_object();
  }

  void hex(const SecretBytes& value) {  // not base::to_hex, which would leave ordinary memory
    static constexpr std::string_view kDigits = "0123456789abcdef";
    SecretBytes digits{memory_};
    for (const std::uint8_t byte : base::view_of(peek(value))) {
      digits.buffer().push_back(static_cast<std::uint8_t>(kDigits[byte >> 4]));
      digits.buffer().push_back(static_cast<std::uint8_t>(kDigits[byte & 15]));
    }
    json_.string(digits);
  }

  JsonWriter& json_;
  SecretMemory& memory_;
};

}  // namespace

auto export_holdfast(const ExportEntries& entries, SecretMemory& memory) -> Detailed<SecretBytes> {
  SecretBytes out{memory};
  JsonWriter json{out.buffer()};
  SecretWriter writer{json, memory};
  json.begin_object();
  json.member("format", format_name(Format::holdfast_json));
  json.key("version"), json.number(kHoldfastJsonVersion);
  json.key("entries"), json.begin_array();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const ExportEntry& entry = entries[i];
    json.newline();
    json.begin_object();
    if (!entry.id.empty()) json.member("id", entry.id);
    if (!entry.folder.empty()) {
      json.key("folder"), json.begin_array();
      for (const SecretBytes& name : entry.folder) json.string(name);
      json.end_array();
    }
    if (entry.deleted) json.key("deleted"), json.boolean(true);
    json.key("secret"), writer.write(*entry.secret);
    if (!entry.history.empty()) {
      json.key("history"), json.begin_array();
      for (const model::Secret* state : entry.history) writer.write(*state);
      json.end_array();
    }
    json.end_object();
    if (!json.ok()) return fail(Error::bad_utf8, entry_place(i));
  }
  json.end_array();
  json.end_object();
  return out;
}

}  // namespace holdfast::formats
