#include "api/secret_json.h"

#include <algorithm>
#include <array>
#include <utility>

#include "api/text_codec.h"
#include "base/text.h"
#include "crypto/hash.h"

namespace holdfast::api {
namespace {

namespace json = boost::json;
using base::Detailed, base::Error, base::fail, base::SecretBytes;
using model::Kind;

constexpr std::array<std::string_view, model::kKinds> kKindNames = {
    "login", "note", "card", "identity", "ssh-key", "token", "file"};
constexpr std::array<std::string_view, model::kFieldTypes> kTypeNames = {
    "text", "concealed", "boolean", "linked", "date", "email", "phone", "url"};
constexpr std::array<std::string_view, 3> kAlgorithmNames = {"SHA1", "SHA256", "SHA512"};

constexpr std::array kNewMembers = std::to_array<Member>({
    {"label", Shape::text, Need::required},
    {"kind", Shape::text},
    {"category", Shape::text},
    {"username", Shape::text},
    {"password", Shape::text},
    {"urls", Shape::texts},
    {"notes", Shape::text},
    {"tags", Shape::texts},
    {"fields", Shape::objects},
    {"totp", Shape::object, Need::nullable},
    {"attachments", Shape::objects},
});
constexpr std::array kReplacementMembers = std::to_array<Member>({
    {"label", Shape::text, Need::required},
    {"kind", Shape::text},
    {"username", Shape::text},
    {"password", Shape::text},
    {"urls", Shape::texts},
    {"notes", Shape::text},
    {"tags", Shape::texts},
    {"fields", Shape::objects},
    {"totp", Shape::object, Need::nullable},
    {"attachments", Shape::objects},
});
constexpr std::array kPatchMembers = std::to_array<Member>({
    {"label", Shape::text},
    {"kind", Shape::text},
    {"category", Shape::text},
    {"username", Shape::text, Need::nullable},
    {"password", Shape::text, Need::nullable},
    {"urls", Shape::texts, Need::nullable},
    {"notes", Shape::text, Need::nullable},
    {"tags", Shape::texts, Need::nullable},
    {"fields", Shape::objects, Need::nullable},
    {"set_fields", Shape::objects},
    {"remove_fields", Shape::texts},
    {"totp", Shape::object, Need::nullable},
    {"attachments", Shape::objects, Need::nullable},
});
constexpr std::array kFieldMembers = std::to_array<Member>({
    {"section", Shape::text},
    {"name", Shape::text, Need::required},
    {"value", Shape::text},
    {"value_base64", Shape::text},
    {"protected", Shape::boolean},
    {"type", Shape::text},
});
constexpr std::array kTotpMembers = std::to_array<Member>({
    {"secret", Shape::text, Need::required},
    {"algorithm", Shape::text},
    {"digits", Shape::number},
    {"period", Shape::number},
});
constexpr std::array kAttachmentMembers = std::to_array<Member>({
    {"name", Shape::text, Need::required},
    {"media_type", Shape::text},
    {"content", Shape::text},
    {"size", Shape::number},
});

template <class Id>
auto prefixed(std::string_view prefix, const Id& id) -> std::string {
  return std::string{prefix} + id.hex();
}

auto same(const SecretBytes& value, std::string_view text) -> bool {
  return value.expose_text([&](std::string_view view) { return view == text; });
}
auto same(const SecretBytes& a, const SecretBytes& b) -> bool {
  return a.expose_text([&](std::string_view view) { return same(b, view); });
}

void write_texts(JsonWriter& out, const std::vector<SecretBytes>& texts) {
  out.begin_array();
  for (const SecretBytes& text : texts) out.text(text);
  out.end_array();
}

void write_field(JsonWriter& out, const model::Field& field, bool reveal) {
  out.begin_object();
  out.key("section").text(field.section);
  out.key("name").text(field.name);
  if (reveal || !field.is_protected) {
    field.value.expose([&](base::ByteView bytes) {
      if (base::is_utf8(bytes)) {
        out.key("value").text(base::text_of(bytes));
      } else {
        out.key("value_base64").base64(bytes);
      }
    });
  }
  out.key("protected").boolean(field.is_protected);
  out.key("type").text(kTypeNames[std::to_underlying(field.type)]);
  out.end_object();
}

void write_totp(JsonWriter& out, const model::Totp& totp, bool reveal, base::SecretMemory& memory) {
  out.key("totp");
  if (totp.secret.empty()) {
    out.null();
    return;
  }
  out.begin_object();
  out.key("algorithm").text(kAlgorithmNames[std::to_underlying(totp.algorithm)]);
  out.key("digits").number(totp.digits);
  out.key("period").number(totp.period);
  if (reveal) {
    SecretBytes text{memory};
    totp.secret.expose([&](base::ByteView bytes) { append_base32(text.buffer(), bytes); });
    out.key("secret").text(text);
  }
  out.end_object();
}

void write_attachments(JsonWriter& out, const std::vector<model::Attachment>& attachments,
                       bool content) {
  out.key("attachments").begin_array();
  for (const model::Attachment& attachment : attachments) {
    out.begin_object();
    out.key("name").text(attachment.name);
    out.key("size").number(attachment.content.size());
    out.key("media_type").text(attachment.media_type);
    if (content) {
      out.key("content");
      attachment.content.expose([&](base::ByteView bytes) { out.base64(bytes); });
    }
    out.end_object();
  }
  out.end_array();
}

void write_state(JsonWriter& out, const std::optional<model::Height>& height) {
  out.key("state").text(height ? "committed" : "pending");
  out.key("height");
  if (height) {
    out.number(std::to_underlying(*height));
  } else {
    out.null();
  }
}

// --- what a body says ---

template <std::size_t kNames>
auto index_in(const std::array<std::string_view, kNames>& names, std::string_view name,
              std::string_view member) -> Detailed<std::size_t> {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return fail(Error::bad_request, std::string{member});
  return static_cast<std::size_t>(found - names.begin());
}

auto bytes_of(std::string_view text, base::SecretMemory& memory) -> SecretBytes {
  SecretBytes bytes{memory};
  bytes.buffer().assign(text.begin(), text.end());
  return bytes;
}

void set_text(const json::object& body, std::string_view name, SecretBytes& to,
              base::SecretMemory& memory) {
  if (body.contains(name)) to = bytes_of(text_member(body, name).value_or(""), memory);
}

void set_texts(const json::object& body, std::string_view name, std::vector<SecretBytes>& to,
               base::SecretMemory& memory) {
  const json::value* value = body.if_contains(name);
  if (value == nullptr) return;
  to.clear();
  if (value->is_null()) return;
  for (const json::value& item : value->get_array()) {
    to.push_back(bytes_of({item.get_string().data(), item.get_string().size()}, memory));
  }
}

auto read_field(const json::object& object, base::SecretMemory& memory) -> Detailed<model::Field> {
  TRY_DO(check_members(object, kFieldMembers));
  const auto value = text_member(object, "value");
  const auto base64 = text_member(object, "value_base64");
  if (value.has_value() == base64.has_value()) {
    return fail(Error::bad_request, "fields: value or value_base64");
  }
  TRY(type, index_in(kTypeNames, text_member(object, "type").value_or("text"), "fields: type"));
  SecretBytes bytes{memory};
  if (value) {
    bytes = bytes_of(*value, memory);
  } else {
    TRY(decoded, decode_base64(*base64, memory));
    bytes = std::move(decoded);
  }
  return model::Field{.section = bytes_of(text_member(object, "section").value_or(""), memory),
                      .name = bytes_of(text_member(object, "name").value_or(""), memory),
                      .value = std::move(bytes),
                      .is_protected = flag_member(object, "protected").value_or(false),
                      .type = static_cast<model::FieldType>(type)};
}

auto set_fields(const json::object& body, model::Secret& secret, base::SecretMemory& memory)
    -> Detailed<void> {
  if (const json::value* all = body.if_contains("fields")) {
    std::vector<model::Field> fields;
    if (all->is_array()) {
      for (const json::value& item : all->get_array()) {
        TRY(field, read_field(item.get_object(), memory));
        fields.push_back(std::move(field));
      }
    }
    secret.fields = std::move(fields);
  }
  if (const json::value* some = body.if_contains("set_fields")) {
    for (const json::value& item : some->get_array()) {
      TRY(field, read_field(item.get_object(), memory));
      const auto place = std::ranges::find_if(secret.fields, [&](const model::Field& old) {
        return same(old.section, field.section) && same(old.name, field.name);
      });
      if (place == secret.fields.end()) {
        secret.fields.push_back(std::move(field));
      } else {
        *place = std::move(field);
      }
    }
  }
  if (const json::value* gone = body.if_contains("remove_fields")) {
    for (const json::value& item : gone->get_array()) {
      const std::string_view name{item.get_string().data(), item.get_string().size()};
      const auto named = [&](const model::Field& field) {
        if (field.section.empty()) return same(field.name, name);
        const std::size_t split = field.section.size();
        return name.size() == split + 1 + field.name.size() && name[split] == '/' &&
               same(field.section, name.substr(0, split)) &&
               same(field.name, name.substr(split + 1));
      };
      if (std::erase_if(secret.fields, named) == 0) {
        return fail(Error::bad_request, "remove_fields: there is no such field");
      }
    }
  }
  return {};
}

auto set_totp(const json::object& body, model::Secret& secret, base::SecretMemory& memory)
    -> Detailed<void> {
  const json::value* value = body.if_contains("totp");
  if (value == nullptr) return {};
  if (value->is_null()) {
    secret.totp = model::Totp{.secret = SecretBytes{memory}};
    return {};
  }
  const json::object& object = value->get_object();
  TRY_DO(check_members(object, kTotpMembers));
  TRY(algorithm, index_in(kAlgorithmNames, text_member(object, "algorithm").value_or("SHA1"),
                          "totp: algorithm"));
  const std::uint64_t digits = number_member(object, "digits").value_or(6);
  const std::uint64_t period = number_member(object, "period").value_or(30);
  if (digits < 6 || digits > 8) return fail(Error::out_of_range, "totp: digits");
  if (period < 1 || period > 3600) return fail(Error::out_of_range, "totp: period");
  TRY(bytes, decode_base32(text_member(object, "secret").value_or(""), memory));
  secret.totp = model::Totp{.algorithm = static_cast<model::OtpAlgorithm>(algorithm),
                            .digits = static_cast<std::uint8_t>(digits),
                            .period = static_cast<std::uint32_t>(period),
                            .secret = std::move(bytes)};
  return {};
}

// An attachment without content keeps the one of its name.
auto set_attachments(const json::object& body, model::Secret& secret, base::SecretMemory& memory)
    -> Detailed<void> {
  const json::value* value = body.if_contains("attachments");
  if (value == nullptr) return {};
  std::vector<model::Attachment> attachments;
  if (value->is_array()) {
    for (const json::value& item : value->get_array()) {
      const json::object& object = item.get_object();
      TRY_DO(check_members(object, kAttachmentMembers));
      const std::string_view name = text_member(object, "name").value_or("");
      const auto old = std::ranges::find_if(
          secret.attachments, [&](const model::Attachment& a) { return same(a.name, name); });
      const auto content = text_member(object, "content");
      if (!content && old == secret.attachments.end()) {
        return fail(Error::bad_request, "attachments: content is missing");
      }
      SecretBytes bytes{memory};
      if (content) {
        TRY(decoded, decode_base64(*content, memory));
        bytes = std::move(decoded);
      } else {
        bytes = old->content.clone();
      }
      SecretBytes type{memory};
      if (const auto given = text_member(object, "media_type")) {
        type = bytes_of(*given, memory);
      } else if (old != secret.attachments.end()) {
        type = old->media_type.clone();
      }
      attachments.push_back({.name = bytes_of(name, memory),
                             .media_type = std::move(type),
                             .content = std::move(bytes)});
    }
  }
  secret.attachments = std::move(attachments);
  return {};
}

}  // namespace

auto secret_name(const model::SecretId& id) -> std::string { return prefixed("sec_", id); }
auto category_name(const model::CategoryId& id) -> std::string { return prefixed("cat_", id); }
auto version_name(const model::VersionId& id) -> std::string { return prefixed("ver_", id); }
auto tx_name(const model::TxId& id) -> std::string { return prefixed("tx_", id); }

auto secret_id(std::string_view name) -> Detailed<model::SecretId> {
  if (!name.starts_with("sec_")) return fail(Error::unknown_secret, "");
  const auto id = model::SecretId::from_hex(name.substr(4));
  if (!id) return fail(Error::unknown_secret, "");
  return *id;
}

auto version_id(std::string_view name) -> Detailed<model::VersionId> {
  if (!name.starts_with("ver_")) return fail(Error::unknown_version, "");
  const auto id = model::VersionId::from_hex(name.substr(4));
  if (!id) return fail(Error::unknown_version, "");
  return *id;
}

auto etag_of(const node::Entry& entry) -> std::string {
  if (entry.heads.size() <= 1) return "\"" + version_name(entry.version) + "\"";
  crypto::Sha256 hash;
  for (const model::VersionId& head : entry.heads) hash.update(head.view());
  return "\"heads_" + hash.finish().hex() + "\"";
}

void write_secret(JsonWriter& out, const node::Entry& entry, const Shown& shown) {
  const model::Secret& secret = entry.secret;
  out.begin_object();
  out.key("id").text(secret_name(entry.id));
  out.key("label").text(secret.label);
  out.key("kind").text(kKindNames[std::to_underlying(secret.kind)]);
  out.key("category").text(category_name(entry.category));
  out.key("username").text(secret.username);
  if (shown.reveal) out.key("password").text(secret.password);
  out.key("has_password").boolean(!secret.password.empty());
  write_texts(out.key("urls"), secret.urls);
  out.key("notes").text(secret.notes);
  write_texts(out.key("tags"), secret.tags);
  out.key("fields").begin_array();
  for (const model::Field& field : secret.fields) write_field(out, field, shown.reveal);
  out.end_array();
  write_totp(out, secret.totp, shown.reveal, out.memory());
  write_attachments(out, secret.attachments, shown.reveal && shown.attachments);
  out.key("created_at").number(std::to_underlying(secret.created));
  out.key("modified_at").number(std::to_underlying(secret.modified));
  write_state(out, entry.height);
  out.key("transaction").text(tx_name(entry.transaction));
  out.key("version").text(version_name(entry.version));
  out.key("heads").begin_array();
  for (const model::VersionId& head : entry.heads) out.text(version_name(head));
  out.end_array();
  out.key("conflict").boolean(entry.conflict);
  out.key("warnings").begin_array();
  if (shown.duplicate_label) out.text("duplicate_label");
  out.end_array();
  out.end_object();
}

void write_summary(JsonWriter& out, const node::Summary& summary, SummaryMembers members) {
  std::size_t at = 0;
  const auto member = [&](auto&& write) {
    if (members[at]) write(out.key(kSummaryMembers[at]));
    ++at;
  };
  out.begin_object();
  member([&](auto& to) { to.text(secret_name(summary.id)); });
  member([&](auto& to) { to.text(summary.label); });
  member([&](auto& to) { to.text(kKindNames[std::to_underlying(summary.kind)]); });
  member([&](auto& to) { to.text(category_name(summary.category)); });
  member([&](auto& to) { to.text(summary.username); });
  member([&](auto& to) { write_texts(to, summary.urls); });
  member([&](auto& to) { write_texts(to, summary.tags); });
  member([&](auto& to) { to.number(std::to_underlying(summary.created)); });
  member([&](auto& to) { to.number(std::to_underlying(summary.modified)); });
  member([&](auto& to) { to.text(version_name(summary.version)); });
  member([&](auto& to) { to.boolean(summary.has_totp); });
  member([&](auto& to) { to.boolean(summary.conflict); });
  member([&](auto& to) { to.boolean(summary.duplicate_label); });
  member([&](auto& to) { to.boolean(summary.deleted); });
  CHECK(at == kSummaryMembers.size());
  out.end_object();
}

void write_receipt(JsonWriter& out, const node::Receipt& receipt) {
  out.begin_object();
  out.key("id").text(secret_name(receipt.secret));
  out.key("version").text(version_name(receipt.version));
  out.key("transaction").text(tx_name(receipt.transaction));
  write_state(out, receipt.height);
  out.end_object();
}

auto new_secret_members() -> std::span<const Member> { return kNewMembers; }
auto replacement_members() -> std::span<const Member> { return kReplacementMembers; }
auto patch_members() -> std::span<const Member> { return kPatchMembers; }

auto apply_members(const json::object& body, model::Secret& secret, base::SecretMemory& memory)
    -> Detailed<void> {
  if (const auto kind = text_member(body, "kind")) {
    TRY(index, index_in(kKindNames, *kind, "kind"));
    secret.kind = static_cast<Kind>(index);
  }
  set_text(body, "label", secret.label, memory);
  if (secret.label.empty()) return fail(Error::empty_label, "");
  set_text(body, "username", secret.username, memory);
  set_text(body, "password", secret.password, memory);
  set_text(body, "notes", secret.notes, memory);
  set_texts(body, "urls", secret.urls, memory);
  set_texts(body, "tags", secret.tags, memory);
  TRY_DO(set_fields(body, secret, memory));
  TRY_DO(set_totp(body, secret, memory));
  return set_attachments(body, secret, memory);
}

}  // namespace holdfast::api
