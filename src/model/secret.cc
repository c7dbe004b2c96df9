#include "model/secret.h"

#include <bitset>
#include <new>
#include <optional>

#include "base/text.h"
#include "codec/cbor_reader.h"
#include "codec/cbor_writer.h"

namespace holdfast::model {
namespace {

using base::ByteView, base::Error, base::Result, base::SecretBytes, base::SecretMemory;
using codec::Reader, codec::SecretWriter;

// Keys of the map. On disk: never change a number.
enum Key : std::uint64_t {
  kKind = 0,
  kLabel,
  kUsername,
  kPassword,
  kUrls,
  kNotes,
  kTags,
  kFields,
  kTotp,
  kAttachments,
  kCreated,
  kModified,
  kSources,
  kKeysKnown,
};
constexpr std::uint64_t kAny = ~std::uint64_t{0};
constexpr std::uint64_t kOtpAlgorithms = 3;
constexpr std::uint64_t kDigitsMin = 6, kDigitsMax = 8;
constexpr std::uint64_t kPeriodMax = 3600;
constexpr std::size_t kNameBytesMax =
    kLabelBytesMax;  // of fields, attachments, media types, sources

enum class Form : bool { text, bytes };

// Every value of a secret with its limit, once, so that no check can miss one.
void each_value(const Secret& secret, auto&& visit) {
  visit(secret.label, kLabelBytesMax, Form::text);
  visit(secret.username, kTextBytesMax, Form::text);
  visit(secret.password, kTextBytesMax, Form::text);
  for (const SecretBytes& url : secret.urls) visit(url, kTextBytesMax, Form::text);
  visit(secret.notes, kNotesBytesMax, Form::text);
  for (const SecretBytes& tag : secret.tags) visit(tag, kTagBytesMax, Form::text);
  for (const Field& field : secret.fields) {
    visit(field.section, kNameBytesMax, Form::text);
    visit(field.name, kNameBytesMax, Form::text);
    visit(field.value, kTextBytesMax, Form::bytes);
  }
  visit(secret.totp.secret, kTextBytesMax, Form::bytes);
  for (const Attachment& attachment : secret.attachments) {
    visit(attachment.name, kNameBytesMax, Form::text);
    visit(attachment.media_type, kNameBytesMax, Form::text);
    visit(attachment.content, kAttachmentBytesMax, Form::bytes);
  }
  for (const Source& source : secret.sources) {
    visit(source.source, kNameBytesMax, Form::text);
    visit(source.source_id, kNameBytesMax, Form::text);
  }
  for (const auto& [key, value] : secret.unknown) visit(value, kSecretBytesMax, Form::bytes);
}

auto check_values(const Secret& secret) -> Result<void> {
  Result<void> result;
  each_value(secret, [&](const SecretBytes& value, std::size_t max, Form form) {
    if (!result) return;
    if (value.size() > max) {
      result = base::fail(Error::too_long);
    } else if (form == Form::text && !value.expose([](ByteView v) { return base::is_utf8(v); })) {
      result = base::fail(Error::bad_utf8);
    }
  });
  return result;
}

auto check_item(ByteView encoded) -> Result<void> {
  Reader in{encoded};
  TRY_DO(in.skip_item(codec::kDepthMax - 1));
  return in.finish();
}

auto check_lists(const Secret& secret) -> Result<void> {
  for (const std::size_t items : {secret.urls.size(), secret.tags.size(), secret.fields.size(),
                                  secret.attachments.size(), secret.sources.size()}) {
    if (items > kListItemsMax) return base::fail(Error::too_long);
  }
  if (secret.unknown.size() > kUnknownKeysMax) return base::fail(Error::too_long);
  std::optional<std::uint64_t> last;
  for (const auto& [key, value] : secret.unknown) {
    if (key < kKeysKnown || (last && key <= *last)) return base::fail(Error::unsorted_keys);
    last = key;
    TRY_DO(value.expose(check_item));
  }
  return {};
}

auto check_totp(const Totp& totp) -> Result<void> {
  if (totp.secret.empty()) return {};
  if (std::to_underlying(totp.algorithm) >= kOtpAlgorithms) return base::fail(Error::out_of_range);
  if (totp.digits < kDigitsMin || totp.digits > kDigitsMax) return base::fail(Error::out_of_range);
  if (totp.period < 1 || totp.period > kPeriodMax) return base::fail(Error::out_of_range);
  return {};
}

auto check(const Secret& secret) -> Result<void> {
  if (std::to_underlying(secret.kind) >= kKinds) return base::fail(Error::out_of_range);
  for (const Field& field : secret.fields) {
    if (std::to_underlying(field.type) >= kFieldTypes) return base::fail(Error::out_of_range);
  }
  TRY_DO(check_totp(secret.totp));
  TRY_DO(check_lists(secret));
  return check_values(secret);
}

// ---- encoding
// -------------------------------------------------------------------------------------

auto bytes_upper_bound(const Secret& secret) -> std::size_t {
  constexpr std::size_t kPerValue = 5 + 8;  // its head, and its share of the list around it
  std::size_t bytes = 128;
  each_value(secret, [&](const SecretBytes& value, std::size_t, Form) {
    bytes += value.size() + kPerValue;
  });
  return bytes;
}

auto pairs(const Secret& secret) -> std::size_t {
  std::size_t count = 4 + secret.unknown.size();  // kind, label, created, modified: always
  for (const bool present :
       {!secret.username.empty(), !secret.password.empty(), !secret.urls.empty(),
        !secret.notes.empty(), !secret.tags.empty(), !secret.fields.empty(),
        !secret.totp.secret.empty(), !secret.attachments.empty(), !secret.sources.empty()})
    count += present ? 1 : 0;
  return count;
}

void write_text(SecretWriter& out, const SecretBytes& text) {
  text.expose_text([&](std::string_view view) { out.text(view); });
}
void write_bytes(SecretWriter& out, const SecretBytes& bytes) {
  bytes.expose([&](ByteView view) { out.bytes(view); });
}
void write_optional(SecretWriter& out, Key key, const SecretBytes& text) {
  if (text.empty()) return;
  out.uint(key);
  write_text(out, text);
}
void write_list(SecretWriter& out, Key key, const auto& items, auto&& write_item) {
  if (items.empty()) return;
  out.uint(key);
  out.array(items.size());
  for (const auto& item : items) write_item(item);
}

void write_field(SecretWriter& out, const Field& field) {
  out.array(5);
  write_text(out, field.section);
  write_text(out, field.name);
  write_bytes(out, field.value);
  out.boolean(field.is_protected);
  out.uint(std::to_underlying(field.type));
}

void write_totp(SecretWriter& out, const Totp& totp) {
  if (totp.secret.empty()) return;
  out.uint(kTotp);
  out.array(4);
  out.uint(std::to_underlying(totp.algorithm));
  out.uint(totp.digits);
  out.uint(totp.period);
  write_bytes(out, totp.secret);
}

void write_secret(SecretWriter& out, const Secret& secret) {
  const auto text = [&](const SecretBytes& item) { write_text(out, item); };
  out.map(pairs(secret));
  out.uint(kKind);
  out.uint(std::to_underlying(secret.kind));
  out.uint(kLabel);
  write_text(out, secret.label);
  write_optional(out, kUsername, secret.username);
  write_optional(out, kPassword, secret.password);
  write_list(out, kUrls, secret.urls, text);
  write_optional(out, kNotes, secret.notes);
  write_list(out, kTags, secret.tags, text);
  write_list(out, kFields, secret.fields, [&](const Field& field) { write_field(out, field); });
  write_totp(out, secret.totp);
  write_list(out, kAttachments, secret.attachments, [&](const Attachment& attachment) {
    out.array(3);
    write_text(out, attachment.name);
    write_text(out, attachment.media_type);
    write_bytes(out, attachment.content);
  });
  out.uint(kCreated);
  out.uint(std::to_underlying(secret.created));
  out.uint(kModified);
  out.uint(std::to_underlying(secret.modified));
  write_list(out, kSources, secret.sources, [&](const Source& source) {
    out.array(2);
    write_text(out, source.source);
    write_text(out, source.source_id);
  });
  for (const auto& [key, value] : secret.unknown) {
    out.uint(key);
    value.expose([&](ByteView encoded) { out.raw(encoded); });
  }
}

// ---- decoding
// -------------------------------------------------------------------------------------

class SecretReader {
 public:
  SecretReader(ByteView encoded, SecretMemory& memory) : in_{encoded}, memory_{memory} {}

  auto read() -> Result<Secret> {
    Secret secret{memory_};
    TRY(size, in_.map(kKeysKnown + kUnknownKeysMax));
    codec::MapKeys keys;
    std::bitset<kKeysKnown> seen;
    for (std::size_t i = 0; i < size; ++i) {
      TRY(key, keys.uint(in_, kAny));
      if (key < kKeysKnown) {
        seen.set(key);
        TRY_DO(read_known(static_cast<Key>(key), secret));
      } else {
        TRY_DO(read_unknown(key, secret));
      }
    }
    for (const Key key : {kKind, kLabel, kCreated, kModified}) {
      if (!seen.test(key)) return base::fail(Error::missing_key);
    }
    TRY_DO(in_.finish());
    return secret;
  }

 private:
  auto read_known(Key key, Secret& secret) -> Result<void> {
    switch (key) {
      case kKind:
        return number_below(kKinds, secret.kind);
      case kLabel:
        return text(kLabelBytesMax, secret.label);
      case kUsername:
        return present_text(kTextBytesMax, secret.username);
      case kPassword:
        return present_text(kTextBytesMax, secret.password);
      case kUrls:
        return texts(kTextBytesMax, secret.urls);
      case kNotes:
        return present_text(kNotesBytesMax, secret.notes);
      case kTags:
        return texts(kTagBytesMax, secret.tags);
      case kFields:
        return list([&] { return field(secret.fields); });
      case kTotp:
        return totp(secret.totp);
      case kAttachments:
        return list([&] { return attachment(secret.attachments); });
      case kCreated:
        return time(secret.created);
      case kModified:
        return time(secret.modified);
      case kSources:
        return list([&] { return source(secret.sources); });
      case kKeysKnown:
        break;
    }
    CHECK(false);
  }

  auto read_unknown(std::uint64_t key, Secret& secret) -> Result<void> {
    if (secret.unknown.size() == kUnknownKeysMax) return base::fail(Error::too_long);
    TRY(encoded, in_.skip_item(codec::kDepthMax - 1));
    TRY(kept, SecretBytes::copy_of(memory_, encoded));
    secret.unknown.emplace_back(key, std::move(kept));
    return {};
  }

  template <class E>
  auto number_below(std::uint64_t end, E& value) -> Result<void> {
    return in_.uint(end - 1).transform([&](std::uint64_t n) { value = static_cast<E>(n); });
  }
  auto time(TimeMs& value) -> Result<void> {
    return in_.uint(kAny).transform([&](std::uint64_t ms) { value = TimeMs{ms}; });
  }
  auto text(std::size_t max, SecretBytes& value) -> Result<void> {
    TRY(view, in_.text(max));
    TRY(copy, SecretBytes::copy_of(memory_, view));
    value = std::move(copy);
    return {};
  }
  auto bytes(std::size_t max, SecretBytes& value) -> Result<void> {
    TRY(view, in_.bytes(max));
    TRY(copy, SecretBytes::copy_of(memory_, view));
    value = std::move(copy);
    return {};
  }
  // An empty value is written as an absent key, so a present empty one is a second encoding.
  auto present_text(std::size_t max, SecretBytes& value) -> Result<void> {
    TRY_DO(text(max, value));
    if (value.empty()) return base::fail(Error::not_canonical);
    return {};
  }
  template <class Item>
  auto list(Item&& read_item) -> Result<void> {
    TRY(size, in_.array(kListItemsMax));
    if (size == 0) return base::fail(Error::not_canonical);
    for (std::size_t i = 0; i < size; ++i) TRY_DO(read_item());
    return {};
  }
  auto texts(std::size_t max, std::vector<SecretBytes>& items) -> Result<void> {
    return list([&] { return text(max, items.emplace_back(memory_)); });
  }

  auto field(std::vector<Field>& items) -> Result<void> {
    Field item{SecretBytes{memory_}, SecretBytes{memory_}, SecretBytes{memory_}};
    TRY_DO(in_.array_of(5));
    TRY_DO(text(kNameBytesMax, item.section));
    TRY_DO(text(kNameBytesMax, item.name));
    TRY_DO(bytes(kTextBytesMax, item.value));
    TRY(is_protected, in_.boolean());
    item.is_protected = is_protected;
    TRY_DO(number_below(kFieldTypes, item.type));
    items.push_back(std::move(item));
    return {};
  }
  auto totp(Totp& value) -> Result<void> {
    TRY_DO(in_.array_of(4));
    TRY_DO(number_below(kOtpAlgorithms, value.algorithm));
    TRY_DO(number_below(kDigitsMax + 1, value.digits));
    TRY_DO(number_below(kPeriodMax + 1, value.period));
    TRY_DO(bytes(kTextBytesMax, value.secret));
    if (value.secret.empty()) return base::fail(Error::not_canonical);
    return check_totp(value);
  }
  auto attachment(std::vector<Attachment>& items) -> Result<void> {
    Attachment item{SecretBytes{memory_}, SecretBytes{memory_}, SecretBytes{memory_}};
    TRY_DO(in_.array_of(3));
    TRY_DO(text(kNameBytesMax, item.name));
    TRY_DO(text(kNameBytesMax, item.media_type));
    TRY_DO(bytes(kAttachmentBytesMax, item.content));
    items.push_back(std::move(item));
    return {};
  }
  auto source(std::vector<Source>& items) -> Result<void> {
    Source item{SecretBytes{memory_}, SecretBytes{memory_}};
    TRY_DO(in_.array_of(2));
    TRY_DO(text(kNameBytesMax, item.source));
    TRY_DO(text(kNameBytesMax, item.source_id));
    items.push_back(std::move(item));
    return {};
  }

  Reader in_;
  SecretMemory& memory_;
};

template <class T>
auto clones(const std::vector<T>& items, auto&& clone_one) -> std::vector<T> {
  std::vector<T> copies;
  copies.reserve(items.size());
  for (const T& item : items) copies.push_back(clone_one(item));
  return copies;
}

}  // namespace

Secret::Secret(SecretMemory& memory)
    : label{memory},
      username{memory},
      password{memory},
      notes{memory},
      totp{.secret = SecretBytes{memory}} {}

Secret::Secret(const Secret& other)
    : kind{other.kind},
      label{other.label.clone()},
      username{other.username.clone()},
      password{other.password.clone()},
      urls{clones(other.urls, [](const SecretBytes& url) { return url.clone(); })},
      notes{other.notes.clone()},
      tags{clones(other.tags, [](const SecretBytes& tag) { return tag.clone(); })},
      fields{clones(other.fields,
                    [](const Field& f) {
                      return Field{f.section.clone(), f.name.clone(), f.value.clone(),
                                   f.is_protected, f.type};
                    })},
      totp{other.totp.algorithm, other.totp.digits, other.totp.period, other.totp.secret.clone()},
      attachments{clones(other.attachments,
                         [](const Attachment& a) {
                           return Attachment{a.name.clone(), a.media_type.clone(),
                                             a.content.clone()};
                         })},
      created{other.created},
      modified{other.modified},
      sources{
          clones(other.sources,
                 [](const Source& s) { return Source{s.source.clone(), s.source_id.clone()}; })},
      unknown{clones(other.unknown, [](const std::pair<std::uint64_t, SecretBytes>& item) {
        return std::pair{item.first, item.second.clone()};
      })} {}

auto Secret::clone() const -> Secret { return Secret{*this}; }

auto encode(const Secret& secret, SecretMemory& memory) -> Result<SecretBytes> {
  TRY_DO(check(secret));
  try {
    SecretBytes encoded{memory};
    encoded.buffer().reserve(bytes_upper_bound(secret));
    SecretWriter out{encoded.buffer()};
    write_secret(out, secret);
    if (encoded.size() > kSecretBytesMax) return base::fail(Error::too_long);
    return encoded;
  } catch (const std::bad_alloc&) {
    return base::fail(Error::secret_memory_exhausted);
  }
}

auto decode_secret(ByteView encoded, SecretMemory& memory) -> Result<Secret> {
  if (encoded.size() > kSecretBytesMax) return base::fail(Error::too_long);
  try {
    return SecretReader{encoded, memory}.read();
  } catch (const std::bad_alloc&) {
    return base::fail(Error::secret_memory_exhausted);
  }
}

}  // namespace holdfast::model
