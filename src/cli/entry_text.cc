#include "cli/entry_text.h"

#include <algorithm>

#include "base/text.h"
#include "cli/entry_flags.h"
#include "cli/text.h"
#include "formats/base_text.h"
#include "formats/json_writer.h"
#include "formats/otp_text.h"

namespace holdfast::cli {
namespace {

using base::SecretBytes;
using formats::JsonWriter;
using Buffer = SecretBytes::Buffer;

constexpr std::string_view kHead =
    "# Save and leave the editor to change this secret; an unchanged or empty text changes "
    "nothing.\n"
    "# One line a value. Remove a line, or what follows the colon, to remove the value.\n"
    "#   url and tag may stand several times; a further line of a value begins with \"> \"\n"
    "#   totp is the secret, or an otpauth URI\n"
    "#   a custom field is \"field NAME: value\", or \"secret NAME: value\" to protect it\n"
    "# Everything below the line \"notes:\" is the notes.\n";
constexpr std::string_view kField = "field ";
constexpr std::string_view kProtected = "secret ";
constexpr std::string_view kNotes = "notes";

void append(Buffer& to, std::string_view text) { to.insert(to.end(), text.begin(), text.end()); }

auto buffer_of(std::string_view text, base::SecretMemory& memory) -> Buffer {
  return {text.begin(), text.end(), &memory};
}

void put_line(Buffer& to, std::string_view key, std::string_view value) {
  append(to, key);
  append(to, ":");
  bool first = true;
  for (;;) {
    const std::size_t end = value.find('\n');
    const std::string_view line = value.substr(0, end);
    if (!first) append(to, "> ");
    if (first && !line.empty()) append(to, " ");
    append(to, line);
    append(to, "\n");
    if (end == std::string_view::npos) return;
    value.remove_prefix(end + 1);
    first = false;
  }
}

auto is_binary(const JsonValue& field) -> bool { return field.find("value_base64") != nullptr; }

auto key_of(const JsonValue& field, base::SecretMemory& memory) -> Buffer {
  Buffer key{&memory};
  append(key, true_at(field, "protected") ? kProtected : kField);
  if (const auto section = text_at(field, "section"); !section.empty()) {
    append_visible(key, section);
    append(key, "/");
  }
  append_visible(key, text_at(field, "name"));
  return key;
}

auto shown_value(const JsonValue& field) -> std::string_view {
  return is_binary(field) ? "(binary; a text here replaces it)" : text_at(field, "value");
}

auto totp_of(const JsonValue& secret, base::SecretMemory& memory) -> SecretBytes {
  const JsonValue* json = secret.find("totp");
  if (json == nullptr || !json->is(JsonType::object)) return SecretBytes{memory};
  auto key = formats::base32_decode(text_at(*json, "secret"), memory);
  if (!key) return SecretBytes{memory};
  const std::string_view algorithm = text_at(*json, "algorithm");
  const model::Totp totp{.algorithm = algorithm == "SHA256"   ? model::OtpAlgorithm::sha256
                                      : algorithm == "SHA512" ? model::OtpAlgorithm::sha512
                                                              : model::OtpAlgorithm::sha1,
                         .digits = static_cast<std::uint8_t>(number_at(*json, "digits")),
                         .period = static_cast<std::uint32_t>(number_at(*json, "period")),
                         .secret = std::move(key->bytes)};
  return formats::otp_text(totp, memory);
}

struct Line {
  Buffer key, value;
  std::size_t number = 0;
};
struct Lines {
  std::vector<Line> all;  // without notes
  Buffer notes;
};

auto at_line(std::size_t number, const std::string& text) -> std::unexpected<Problem> {
  return usage("line " + std::to_string(number) + ": " + text,
               "the lines that begin with # say how the text is written");
}

// The keys of custom fields may hold a colon themselves, so known ones are looked for first.
auto key_end(std::string_view line, std::span<const JsonValue> fields, base::SecretMemory& memory)
    -> std::size_t {
  std::size_t longest = 0;
  for (const JsonValue& field : fields) {
    const Buffer key = key_of(field, memory);
    const bool here = line.starts_with(base::text_of(key)) && line.substr(key.size(), 1) == ":";
    if (here) longest = std::max(longest, key.size());
  }
  return longest != 0 ? longest : line.find(':');
}

auto split_lines(std::string_view text, std::span<const JsonValue> fields,
                 base::SecretMemory& memory) -> Outcome<Lines> {
  Lines lines{.all = {}, .notes = Buffer{&memory}};
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('>')) {
      if (lines.all.empty()) return at_line(number, "there is no value that it could belong to");
      line.remove_prefix(line.starts_with("> ") ? 2 : 1);
      append(lines.all.back().value, "\n");
      append(lines.all.back().value, line);
      continue;
    }
    if (line.starts_with('#') || line.find_first_not_of(" \t\r") == line.npos) continue;
    const std::size_t colon = key_end(line, fields, memory);
    if (colon >= line.size()) return at_line(number, "it has no colon after a name");
    const std::string_view key = line.substr(0, colon);
    std::string_view value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (key == kNotes) {
      append(lines.notes, value);
      if (!value.empty() && !text.empty()) append(lines.notes, "\n");
      if (text.ends_with('\n')) text.remove_suffix(1);
      append(lines.notes, text);
      break;
    }
    lines.all.push_back({buffer_of(key, memory), buffer_of(value, memory), number});
  }
  return lines;
}

// Compares line by line with the secret and writes what differs.
class Reading {
 public:
  Reading(const JsonValue& secret, const CategoryNames& categories, base::SecretMemory& memory)
      : secret_{secret}, categories_{categories}, memory_{memory}, body_{memory} {}

  auto run(const Lines& lines) -> Outcome<std::optional<EntryEdit>> {
    TRY_DO(check(lines));
    json_.begin_object();
    for (const char* name : {"label", "kind", "username", "password"}) single(lines, name);
    category(lines);
    if (base::text_of(lines.notes) != text_at(secret_, kNotes)) {
      json_.member(kNotes, base::text_of(lines.notes));
      changed_.emplace_back(kNotes);
    }
    several(lines, "url", "urls");
    several(lines, "tag", "tags");
    TRY_DO(totp(lines));
    fields(lines);
    json_.end_object();
    if (!json_.ok()) return usage("the text is not valid UTF-8", "set the editor to UTF-8");
    if (changed_.empty()) return std::nullopt;
    return EntryEdit{std::move(body_), std::move(category_), std::move(changed_)};
  }

 private:
  static auto is_field(const Line& line) -> bool {
    const std::string_view key = base::text_of(line.key);
    return key.starts_with(kField) || key.starts_with(kProtected);
  }

  static auto check(const Lines& lines) -> Outcome<void> {
    constexpr auto kOnce = std::to_array<std::string_view>(
        {"label", "kind", "category", "username", "password", "totp"});
    std::vector<std::string_view> seen;
    for (const Line& line : lines.all) {
      const std::string_view key = base::text_of(line.key);
      if (key == "url" || key == "tag") continue;
      if (is_field(line)) {
        const std::string_view name = key.substr(key.find(' ') + 1);
        if (!name.empty() && !name.ends_with('/')) continue;
        return at_line(line.number, "the field has no name");
      }
      if (!std::ranges::contains(kOnce, key)) {
        return at_line(line.number, "there is no value of that name");
      }
      if (std::ranges::contains(seen, key)) {
        return at_line(line.number, std::string{key} + " stands twice");
      }
      seen.push_back(key);
    }
    return {};
  }

  static auto value_of(const Lines& lines, std::string_view key) -> std::string_view {
    const auto found = std::ranges::find_if(
        lines.all, [&](const Line& line) { return base::text_of(line.key) == key; });
    return found == lines.all.end() ? std::string_view{} : base::text_of(found->value);
  }

  void single(const Lines& lines, std::string_view name) {
    const std::string_view value = value_of(lines, name);
    const bool stays = name == "kind" && value.empty();  // every secret has one
    if (stays || value == text_at(secret_, name)) return;
    json_.member(name, value);
    changed_.emplace_back(name);
  }

  void category(const Lines& lines) {
    const std::string_view value = value_of(lines, "category");
    const Buffer now = categories_.path_of(text_at(secret_, "category"), memory_);
    if (value == base::text_of(now)) return;
    json_.member("category", value.empty() ? categories_.root() : value);
    category_ = value;
    changed_.emplace_back("category");
  }

  void several(const Lines& lines, std::string_view key, std::string_view member) {
    std::vector<std::string_view> values;
    for (const Line& line : lines.all) {
      if (base::text_of(line.key) == key && !line.value.empty()) {
        values.push_back(base::text_of(line.value));
      }
    }
    if (std::ranges::equal(values, items_at(secret_, member), {}, {}, &JsonValue::text)) return;
    json_.key(member);
    json_.begin_array();
    for (const std::string_view value : values) json_.string(value);
    json_.end_array();
    changed_.emplace_back(member);
  }

  auto totp(const Lines& lines) -> Outcome<void> {
    const std::string_view value = value_of(lines, "totp");
    const SecretBytes now = totp_of(secret_, memory_);
    if (now.expose_text([&](std::string_view text) { return text == value; })) return {};
    changed_.emplace_back("totp");
    if (value.empty()) {
      json_.key("totp");
      json_.null();
      return {};
    }
    TRY(otp, locally(formats::parse_otp(value, memory_)));
    write_totp(otp.totp, json_, memory_);
    return {};
  }

  // All of them, if one differs: their order is part of them.
  void fields(const Lines& lines) {
    const auto old = items_at(secret_, "fields");
    std::vector<bool> used(old.size(), false);
    std::vector<std::pair<const Line*, const JsonValue*>> now;
    bool same = true;
    for (const Line& line : lines.all) {
      if (!is_field(line)) continue;
      const JsonValue* match = nullptr;
      for (std::size_t i = 0; i < old.size() && match == nullptr; ++i) {
        if (used[i] || key_of(old[i], memory_) != line.key) continue;
        used[i] = true;
        match = &old[i];
        same = same && i == now.size();
      }
      same = same && match != nullptr && shown_value(*match) == base::text_of(line.value);
      now.emplace_back(&line, match);
    }
    if (same && now.size() == old.size()) return;
    json_.key("fields");
    json_.begin_array();
    for (const auto& [line, match] : now) field(*line, match);
    json_.end_array();
    changed_.emplace_back("fields");
  }

  void field(const Line& line, const JsonValue* match) {
    const std::string_view value = base::text_of(line.value);
    if (match != nullptr && shown_value(*match) == value) {
      json_.value(*match);
      return;
    }
    const std::string_view key = base::text_of(line.key);
    const bool is_protected = key.starts_with(kProtected);
    std::string_view name = key.substr(key.find(' ') + 1);
    std::string_view section;
    if (const std::size_t slash = name.rfind('/'); slash != std::string_view::npos) {
      section = name.substr(0, slash);
      name.remove_prefix(slash + 1);
    }
    json_.begin_object();
    json_.member("section", match != nullptr ? text_at(*match, "section") : section);
    json_.member("name", match != nullptr ? text_at(*match, "name") : name);
    json_.member("value", value);
    json_.key("protected");
    json_.boolean(is_protected);
    const std::string_view type = is_protected ? "concealed" : "text";
    json_.member("type", match != nullptr ? text_at(*match, "type") : type);
    json_.end_object();
  }

  const JsonValue& secret_;
  const CategoryNames& categories_;
  base::SecretMemory& memory_;
  SecretBytes body_;
  JsonWriter json_{body_.buffer()};
  std::string category_;
  std::vector<std::string> changed_;
};

}  // namespace

auto otp_uri(const JsonValue& secret, base::SecretMemory& memory) -> SecretBytes {
  const JsonValue* totp = secret.find("totp");
  SecretBytes uri{memory};
  if (totp == nullptr || !totp->is(JsonType::object)) return uri;
  Buffer& out = uri.buffer();
  append(out, "otpauth://totp/");
  api::encode_query(text_at(secret, "label"), memory).expose_text([&](std::string_view label) {
    append(out, label);
  });
  append(out, "?secret=");
  append(out, text_at(*totp, "secret"));
  append(out, "&algorithm=");
  append(out, text_at(*totp, "algorithm"));
  append(out, "&digits=" + std::to_string(number_at(*totp, "digits")) +
                  "&period=" + std::to_string(number_at(*totp, "period")));
  return uri;
}

auto EntryText::write() const -> SecretBytes {
  SecretBytes text{memory_};
  Buffer& out = text.buffer();
  append(out, kHead);
  for (const JsonValue& file : items_at(secret_, "attachments")) {
    append(out, "# attachment (holdfast attachment): ");
    append_visible(out, text_at(file, "name"));
    append(out, "\n");
  }
  for (const char* name : {"label", "kind"}) put_line(out, name, text_at(secret_, name));
  put_line(out, "category",
           base::text_of(categories_.path_of(text_at(secret_, "category"), memory_)));
  for (const char* name : {"username", "password"}) put_line(out, name, text_at(secret_, name));
  const auto put_all = [&](std::string_view key, std::string_view member) {
    const auto values = items_at(secret_, member);
    if (values.empty()) put_line(out, key, "");
    for (const JsonValue& value : values) put_line(out, key, value.text());
  };
  put_all("url", "urls");
  put_all("tag", "tags");
  totp_of(secret_, memory_).expose_text([&](std::string_view otp) { put_line(out, "totp", otp); });
  for (const JsonValue& field : items_at(secret_, "fields")) {
    put_line(out, base::text_of(key_of(field, memory_)), shown_value(field));
  }
  append(out, "notes:\n");
  const std::string_view notes = text_at(secret_, kNotes);
  append(out, notes);
  if (!notes.empty()) append(out, "\n");
  return text;
}

auto EntryText::read(std::string_view text) const -> Outcome<std::optional<EntryEdit>> {
  TRY(lines, split_lines(text, items_at(secret_, "fields"), memory_));
  if (lines.all.empty() && lines.notes.empty()) return std::nullopt;
  return Reading{secret_, categories_, memory_}.run(lines);
}

}  // namespace holdfast::cli
