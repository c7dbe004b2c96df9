#include "formats/bitwarden_encrypted.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "crypto/equal.h"
#include "crypto/foreign_ciphers.h"
#include "formats/base_text.h"
#include "formats/entry_tools.h"
#include "formats/json_reader.h"
#include "formats/json_writer.h"
#include "formats/secret_text.h"
#include "formats/writers.h"

namespace holdfast::formats {
namespace {

using base::ByteView, base::Detailed, base::Error, base::fail, base::Result, base::SecretBytes,
    base::SecretMemory;

constexpr std::uint64_t kPbkdf2 = 0, kArgon2id = 1;
constexpr std::string_view kCheckMember = "encKeyValidation_DO_NOT_EDIT";
constexpr std::string_view kCipherType = "2.";  // AES-256-CBC, HMAC-SHA-256
constexpr std::uint32_t kKibInMib = 1024;

struct Kdf {
  std::uint64_t type = kArgon2id;
  std::uint64_t rounds = 0, memory_mib = 0, lanes = 0;
};

struct Keys {
  SecretBytes cipher, integrity;  // 32 bytes each
};

auto number(const JsonValue& root, std::string_view name) -> Detailed<std::uint64_t> {
  const JsonValue* value = root.find(name);
  const auto found = value == nullptr ? std::nullopt : value->unsigned_number();
  if (!found || *found == 0) return fail(Error::bad_entry, std::string{name});
  return *found;
}

auto read_kdf(const JsonValue& root) -> Detailed<Kdf> {
  const JsonValue* type = root.find("kdfType");
  const auto known = type == nullptr ? std::nullopt : type->unsigned_number();
  if (!known || *known > kArgon2id) return fail(Error::bad_entry, "kdfType");
  Kdf kdf{.type = *known};
  TRY(rounds, number(root, "kdfIterations"));
  kdf.rounds = rounds;
  if (kdf.type == kPbkdf2) {
    if (rounds > kBitwardenRoundsMax) return fail(Error::kdf_above_ceiling, "kdfIterations");
    return kdf;
  }
  TRY(memory_mib, number(root, "kdfMemory"));
  TRY(lanes, number(root, "kdfParallelism"));
  if (memory_mib > kBitwardenMemoryMibMax) return fail(Error::kdf_above_ceiling, "kdfMemory");
  if (lanes > kBitwardenLanesMax) return fail(Error::kdf_above_ceiling, "kdfParallelism");
  if (rounds > kBitwardenPassesMax || rounds * memory_mib > kBitwardenWorkMibMax)
    return fail(Error::kdf_above_ceiling, "kdfIterations");
  kdf.memory_mib = memory_mib;
  kdf.lanes = lanes;
  return kdf;
}

// One block of HKDF-Expand.
auto expand(const SecretBytes& master, std::string_view info, SecretMemory& memory) -> SecretBytes {
  constexpr std::uint8_t kFirstBlock = 1;
  const crypto::Digest block = crypto::hmac_sha256(
      base::view_of(peek(master)), {base::view_of(info), ByteView{&kFirstBlock, 1}});
  return secret_text(base::text_of(block.view()), memory);
}

// The salt is the text in the file, not what it encodes.
auto derive(const Kdf& kdf, std::string_view salt, const SecretBytes& password,
            SecretMemory& memory) -> Result<Keys> {
  SecretBytes master{memory};
  master.buffer().resize(32);
  const ByteView word = base::view_of(peek(password));
  if (kdf.type == kPbkdf2) {
    TRY_DO(crypto::pbkdf2_sha256(word, base::view_of(salt), static_cast<std::uint32_t>(kdf.rounds),
                                 master.buffer()));
  } else {
    const crypto::Argon2Params params{
        .memory_kib = static_cast<std::uint32_t>(kdf.memory_mib) * kKibInMib,
        .passes = static_cast<std::uint32_t>(kdf.rounds),
        .lanes = static_cast<std::uint32_t>(kdf.lanes)};
    TRY_DO(crypto::argon2_raw(crypto::Argon2Type::id, word,
                              crypto::sha256(base::view_of(salt)).view(), params, master.buffer()));
  }
  return Keys{.cipher = expand(master, "enc", memory), .integrity = expand(master, "mac", memory)};
}

auto cipher_key(const Keys& keys) -> crypto::ForeignKey {
  return base::view_of(peek(keys.cipher)).first<32>();
}

// "2.IV|CIPHERTEXT|TAG", each in base64.
auto decrypt(std::string_view text, const Keys& keys, SecretMemory& memory) -> Result<SecretBytes> {
  if (!text.starts_with(kCipherType)) return fail(Error::file_corrupt);
  text.remove_prefix(kCipherType.size());
  const std::size_t first = text.find('|');
  const std::size_t second = text.find('|', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos) return fail(Error::file_corrupt);
  const auto iv = base64_decode(text.substr(0, first), memory);
  auto content = base64_decode(text.substr(first + 1, second - first - 1), memory);
  const auto tag = base64_decode(text.substr(second + 1), memory);
  if (!iv || !content || !tag || iv->size() != crypto::kCbcBlockBytes || content->empty() ||
      content->size() % crypto::kCbcBlockBytes != 0)
    return fail(Error::file_corrupt);
  const crypto::Digest expected =
      crypto::hmac_sha256(base::view_of(peek(keys.integrity)),
                          {base::view_of(peek(*iv)), base::view_of(peek(*content))});
  if (!crypto::equal(expected.view(), base::view_of(peek(*tag))))
    return fail(Error::authentication_failed);
  TRY_DO(crypto::cbc_decrypt(crypto::BlockKind::aes_256, cipher_key(keys), base::view_of(peek(*iv)),
                             content->buffer()));
  const std::size_t padding = content->buffer().back();
  if (padding == 0 || padding > crypto::kCbcBlockBytes) return fail(Error::file_corrupt);
  content->buffer().resize(content->size() - padding);  // authentic, so the padding is what it says
  return *std::move(content);
}

void encrypt_into(JsonWriter& json, std::string_view content, const Keys& keys,
                  const FileSeal& seal, SecretMemory& memory) {
  std::array<std::uint8_t, crypto::kCbcBlockBytes> iv{};
  seal.random(iv);
  SecretBytes sealed = secret_text(content, memory);
  const std::size_t padding = iv.size() - content.size() % iv.size();
  sealed.buffer().insert(sealed.buffer().end(), padding, static_cast<std::uint8_t>(padding));
  const auto encrypted =
      crypto::cbc_encrypt(crypto::BlockKind::aes_256, cipher_key(keys), iv, sealed.buffer());
  CHECK(encrypted.has_value());  // whole blocks
  const ByteView body = base::view_of(peek(sealed));
  const crypto::Digest tag =
      crypto::hmac_sha256(base::view_of(peek(keys.integrity)), {ByteView{iv}, body});
  SecretBytes text = secret_text(kCipherType, memory);
  base64_append(text.buffer(), iv);
  append_text(text.buffer(), "|");
  base64_append(text.buffer(), body);
  append_text(text.buffer(), "|");
  base64_append(text.buffer(), tag.view());
  json.string(text);
}

auto is_true(const JsonValue& root, std::string_view name) -> bool {
  const JsonValue* value = root.find(name);
  return value != nullptr && value->is_true();
}

auto text_of(const JsonValue& root, std::string_view name) -> Detailed<std::string_view> {
  const JsonValue* value = root.find(name);
  if (value == nullptr || !value->is(JsonType::string))
    return fail(Error::bad_entry, std::string{name});
  return value->text();
}

}  // namespace

auto import_bitwarden_encrypted(ByteView file, const FileKey& key, model::TimeMs now,
                                SecretMemory& memory) -> Detailed<Imported> {
  if (!base::is_utf8(file)) return fail(Error::wrong_format, "");
  TRY(document, JsonDocument::parse(file, memory));
  const JsonValue& root = document.root();
  if (!is_true(root, "encrypted")) return fail(Error::wrong_format, "");
  if (!is_true(root, "passwordProtected")) return fail(Error::encrypted_with_account_key, "");
  TRY(kdf, read_kdf(root));
  TRY(salt, text_of(root, "salt"));
  if (salt.size() > kBitwardenSaltBytesMax) return fail(Error::too_long, "salt");
  TRY(check, text_of(root, kCheckMember));
  TRY(data, text_of(root, "data"));
  if (key.key_component != nullptr) return fail(Error::password_needed, "");
  if (key.passphrase == nullptr) return fail(Error::file_key_missing, "");
  TRY(keys, derive(kdf, salt, *key.passphrase, memory));
  if (const auto checked = decrypt(check, keys, memory); !checked) {
    const bool wrong = checked.error() == Error::authentication_failed;
    return fail(wrong ? Error::file_key_wrong : checked.error(), std::string{kCheckMember});
  }
  auto plain = decrypt(data, keys, memory);
  if (!plain) {
    const bool damaged = plain.error() == Error::authentication_failed;
    return fail(damaged ? Error::file_corrupt : plain.error(), "data");
  }
  const ByteView inner = base::view_of(peek(*plain));
  if (!base::is_utf8(inner)) return fail(Error::bad_utf8, "data");
  return import_bitwarden(inner, now, memory);
}

auto export_bitwarden_encrypted(const std::vector<ExportEntry>& entries, const FileSeal& seal,
                                SecretMemory& memory) -> Detailed<SecretBytes> {
  if (!seal.key.given() || !seal.random) return fail(Error::new_file_key_needed, "");
  if (seal.key.passphrase == nullptr || seal.key.key_component != nullptr)
    return fail(Error::password_needed, "");
  TRY(plain, export_bitwarden(entries, memory));
  const Kdf kdf{.type = kArgon2id,
                .rounds = std::min<std::uint64_t>(seal.kdf.passes, 10),  // what Bitwarden accepts
                .memory_mib = std::min<std::uint64_t>(seal.kdf.memory_kib / kKibInMib,
                                                      kBitwardenMemoryMibMax),
                .lanes = seal.kdf.lanes};
  std::array<std::uint8_t, 16> bytes{};
  seal.random(bytes);
  SecretBytes salt{memory};
  base64_append(salt.buffer(), bytes);
  TRY(keys, derive(kdf, peek(salt), *seal.key.passphrase, memory));
  SecretBytes out{memory};
  JsonWriter json{out.buffer()};
  json.begin_object();
  json.key("encrypted"), json.boolean(true);
  json.key("passwordProtected"), json.boolean(true);
  json.member("salt", salt);
  json.key("kdfType"), json.number(kdf.type);
  json.key("kdfIterations"), json.number(kdf.rounds);
  json.key("kdfMemory"), json.number(kdf.memory_mib);
  json.key("kdfParallelism"), json.number(kdf.lanes);
  seal.random(bytes);
  json.key(kCheckMember), encrypt_into(json, base::to_hex(bytes), keys, seal, memory);
  json.key("data"), encrypt_into(json, peek(plain), keys, seal, memory);
  json.end_object();
  if (out.size() > kImportBytesMax) return fail(Error::file_too_large, "");
  return out;
}

}  // namespace holdfast::formats
