#include "formats/file_key.h"

#include <algorithm>
#include <new>
#include <optional>

#include "crypto/equal.h"
#include "crypto/foreign_ciphers.h"
#include "formats/base_text.h"
#include "formats/secret_text.h"
#include "formats/xml_reader.h"

namespace holdfast::formats {
namespace {

using base::ByteView, base::Error, base::fail, base::Result, base::SecretBytes, base::SecretMemory;

constexpr std::size_t kCheckBytes = 4;

auto digit(std::uint8_t c) -> int {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Not base::from_hex: the bytes are a secret. Blanks between the digits are allowed in XML files.
auto from_hex(ByteView text, bool blanks, SecretMemory& memory) -> std::optional<SecretBytes> {
  SecretBytes bytes{memory};
  bytes.buffer().reserve(text.size() / 2);
  int high = -1;
  for (const std::uint8_t c : text) {
    if (blanks && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) continue;
    const int value = digit(c);
    if (value < 0) return std::nullopt;
    if (high < 0) {
      high = value;
    } else {
      bytes.buffer().push_back(static_cast<std::uint8_t>(high * 16 + value));
      high = -1;
    }
  }
  if (high >= 0) return std::nullopt;
  return bytes;
}

struct XmlKey {
  SecretBytes version, data, check;
};

auto read_key(XmlReader& reader, SecretMemory& memory, XmlKey& key) -> Result<void> {
  while (true) {
    TRY(more, reader.next_child());
    if (!more) return {};
    if (reader.name() == "Data") {
      key.check = secret_text(reader.attribute("Hash"), memory);
      TRY(text, reader.text());
      key.data = secret_text(text, memory);
    } else {
      TRY_DO(reader.text());
    }
  }
}

auto read_meta(XmlReader& reader, SecretMemory& memory, XmlKey& key) -> Result<void> {
  while (true) {
    TRY(more, reader.next_child());
    if (!more) return {};
    const bool version = reader.name() == "Version";
    TRY(text, reader.text());
    if (version) key.version = secret_text(text, memory);
  }
}

// Nothing: this is not KeePass's XML, so the file counts as any other.
auto read_xml(ByteView file, SecretMemory& memory) -> std::optional<XmlKey> {
  XmlReader reader{base::text_of(file), memory};
  XmlKey key{SecretBytes{memory}, SecretBytes{memory}, SecretBytes{memory}};
  if (!reader.open_root() || reader.name() != "KeyFile") return std::nullopt;
  while (true) {
    const auto more = reader.next_child();
    if (!more) return std::nullopt;
    if (!*more) break;
    const bool meta = reader.name() == "Meta";
    if (!meta && reader.name() != "Key") return std::nullopt;
    if (!(meta ? read_meta : read_key)(reader, memory, key)) return std::nullopt;
  }
  if (!reader.finish()) return std::nullopt;
  return key;
}

auto without_blanks(std::string_view text, SecretMemory& memory) -> SecretBytes {
  SecretBytes out{memory};
  for (const char c : text)
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
      out.buffer().push_back(static_cast<std::uint8_t>(c));
  return out;
}

auto component_of(const XmlKey& key, SecretMemory& memory) -> Result<SecretBytes> {
  const std::string_view version = peek(key.version);
  if (version.starts_with("1.")) {
    auto data = base64_decode(peek(without_blanks(peek(key.data), memory)), memory);
    if (!data || data->size() != kKeyComponentBytes) return fail(Error::bad_key_file);
    return data;
  }
  if (!version.starts_with("2.")) return fail(Error::bad_key_file);
  auto data = from_hex(base::view_of(peek(key.data)), true, memory);
  const auto check = from_hex(base::view_of(peek(key.check)), true, memory);
  if (!data || data->size() != kKeyComponentBytes) return fail(Error::bad_key_file);
  if (!check || check->size() != kCheckBytes) return fail(Error::bad_key_file);
  SecretBytes digest{memory};
  digest.buffer().resize(32);
  TRY_DO(crypto::sha256_into(std::span{digest.buffer()}.first<32>(), {base::view_of(peek(*data))}));
  const ByteView expected = base::view_of(peek(digest)).first(kCheckBytes);
  if (!crypto::equal(expected, base::view_of(peek(*check)))) return fail(Error::bad_key_file);
  return *std::move(data);
}

}  // namespace

auto key_file_component(ByteView file, SecretMemory& memory) -> Result<SecretBytes> {
  if (file.size() > kKeyFileBytesMax) return fail(Error::bad_key_file);
  try {
    if (file.size() == kKeyComponentBytes) return SecretBytes::copy_of(memory, file);
    if (file.size() == 2 * kKeyComponentBytes)
      if (auto bytes = from_hex(file, false, memory)) return *std::move(bytes);
    if (const auto key = read_xml(file, memory)) return component_of(*key, memory);
    SecretBytes digest{memory};
    digest.buffer().resize(kKeyComponentBytes);
    TRY_DO(crypto::sha256_into(std::span{digest.buffer()}.first<kKeyComponentBytes>(), {file}));
    return digest;
  } catch (const std::bad_alloc&) {
    return fail(Error::secret_memory_exhausted);
  }
}

}  // namespace holdfast::formats
