#include "formats/kdbx_header.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

#include "formats/little_endian.h"

namespace holdfast::formats {
namespace {

using base::Bytes, base::ByteView, base::Detailed, base::Error, base::fail, base::Result;

constexpr std::uint32_t kSignature1 = 0x9AA2D903;
constexpr std::uint32_t kSignature2 = 0xB54BFB67;
constexpr std::uint32_t kSignature2Beta = 0xB54BFB66;      // before KeePass 2.0
constexpr std::uint32_t kSignature2KeePass1 = 0xB54BFB65;  // .kdb
constexpr KdbxVersion kWritten{4, 1};
constexpr std::uint32_t kArgonVersion = 0x13;

enum class HeaderField : std::uint8_t {
  end = 0,
  comment = 1,
  cipher = 2,
  compression = 3,
  master_seed = 4,
  transform_seed = 5,
  transform_rounds = 6,
  iv = 7,
  stream_key = 8,
  stream_start = 9,
  stream_id = 10,
  kdf = 11,
  public_custom_data = 12,
};

constexpr std::string_view kAes256 = "31c1f2e6bf714350be5805216afc5aff";
constexpr std::string_view kChaCha20 = "d6038a2b8b6f4cb5a524339a31dbb59a";
constexpr std::string_view kTwofish = "ad68f29f576f4bb9a36ad47af965346c";
constexpr std::string_view kAes128 = "61ab05a1946441c38d743a563df8dd35";
constexpr std::string_view kAesKdf = "c9d9f39a628a4460bf740d08c18a4fea";
constexpr std::string_view kAesKdf4 = "7c02bb8279a74ac0927d114a00648238";
constexpr std::string_view kArgon2d = "ef636ddf8c29444b91f7a9a403e30a0c";
constexpr std::string_view kArgon2id = "9e298b1956db4773b23dfc3ec6f0a1e6";

enum class Type : std::uint8_t { end = 0, u32 = 4, u64 = 5, bytes = 0x42 };
constexpr std::uint16_t kDictionaryVersion = 0x0100;

auto corrupt() { return fail(Error::file_corrupt, "header"); }
auto at_header(Error error) { return fail(error, "header"); }

using Fields = std::map<std::uint8_t, ByteView>;

auto cipher_from(ByteView id) -> Detailed<KdbxCipher> {
  if (id.size() != 16) return corrupt();
  const std::string name = base::to_hex(id);
  if (name == kAes256) return KdbxCipher::aes_256;
  if (name == kChaCha20) return KdbxCipher::chacha20;
  if (name == kTwofish) return KdbxCipher::twofish;
  return fail(Error::kdbx_cipher, name == kAes128 ? "AES-128" : "cipher " + name);
}

// A list of named values; types that no derivation needs are passed over.
class Dictionary {
 public:
  static auto read(ByteView bytes) -> Result<Dictionary> {
    ByteCursor cursor{bytes};
    Dictionary dictionary;
    TRY(version, cursor.number<std::uint16_t>());
    if (version >> 8 != kDictionaryVersion >> 8) return fail(Error::kdbx_kdf);
    while (true) {
      TRY(type, cursor.number<std::uint8_t>());
      if (type == static_cast<std::uint8_t>(Type::end)) break;
      if (dictionary.items_.size() == kKdbxHeaderFieldsMax) return fail(Error::file_corrupt);
      TRY(name_size, cursor.number<std::uint32_t>());
      TRY(name, cursor.take(name_size));
      TRY(size, cursor.number<std::uint32_t>());
      TRY(value, cursor.take(size));
      const bool fresh = dictionary.items_.emplace(base::text_of(name), Item{type, value}).second;
      if (!fresh) return fail(Error::file_corrupt);
    }
    if (cursor.left() != 0) return fail(Error::file_corrupt);
    return dictionary;
  }

  [[nodiscard]] auto bytes(std::string_view name) const -> ByteView {
    const auto found = items_.find(name);
    if (found == items_.end() || found->second.type != static_cast<std::uint8_t>(Type::bytes))
      return {};
    return found->second.value;
  }
  [[nodiscard]] auto number(std::string_view name) const -> Result<std::uint64_t> {
    const auto found = items_.find(name);
    if (found == items_.end()) return fail(Error::file_corrupt);
    const auto& [type, value] = found->second;
    if (type == static_cast<std::uint8_t>(Type::u32) && value.size() == 4)
      return little_endian<std::uint32_t>(value);
    if (type == static_cast<std::uint8_t>(Type::u64) && value.size() == 8)
      return little_endian<std::uint64_t>(value);
    return fail(Error::file_corrupt);
  }

 private:
  struct Item {
    std::uint8_t type;
    ByteView value;
  };
  std::map<std::string_view, Item> items_;
};

auto too_costly(std::string_view what, std::uint64_t has, std::uint64_t most) {
  return fail(Error::kdbx_kdf_costly,
              std::string{what} + " " + std::to_string(has) + ", at most " + std::to_string(most));
}

auto aes_kdf(std::uint64_t rounds, ByteView seed) -> Detailed<AesKdf> {
  if (rounds > kKdbxAesRoundsMax) return too_costly("AES-KDF rounds", rounds, kKdbxAesRoundsMax);
  if (seed.size() != 32) return corrupt();
  return AesKdf{.rounds = rounds, .seed = base::to_bytes(seed)};
}

auto argon_kdf(crypto::Argon2Type type, const Dictionary& dictionary) -> Detailed<ArgonKdf> {
  const auto memory = dictionary.number("M");  // bytes
  const auto passes = dictionary.number("I");
  const auto lanes = dictionary.number("P");
  const auto version = dictionary.number("V");
  if (!memory || !passes || !lanes || !version) return corrupt();
  if (*version != kArgonVersion) return fail(Error::kdbx_kdf, "Argon2 version 1.0");
  const std::uint64_t kib = *memory / 1024;
  if (kib > kKdbxArgonMemoryKibMax)
    return too_costly("Argon2 memory in KiB", kib, kKdbxArgonMemoryKibMax);
  if (*passes > kKdbxArgonPassesMax)
    return too_costly("Argon2 passes", *passes, kKdbxArgonPassesMax);
  if (*lanes > kKdbxArgonLanesMax) return too_costly("Argon2 lanes", *lanes, kKdbxArgonLanesMax);
  if (kib * *passes > kKdbxArgonWorkKibMax)
    return too_costly("Argon2 memory times passes in KiB", kib * *passes, kKdbxArgonWorkKibMax);
  if (*lanes == 0 || *passes == 0 || kib < 8 * *lanes) return corrupt();
  const ByteView salt = dictionary.bytes("S");
  if (salt.size() < 8) return corrupt();
  return ArgonKdf{.type = type,
                  .params = {.memory_kib = static_cast<std::uint32_t>(kib),
                             .passes = static_cast<std::uint32_t>(*passes),
                             .lanes = static_cast<std::uint32_t>(*lanes)},
                  .salt = base::to_bytes(salt),
                  .secret = base::to_bytes(dictionary.bytes("K")),
                  .associated = base::to_bytes(dictionary.bytes("A"))};
}

auto read_kdf(ByteView bytes, KdbxHeader& header) -> Detailed<void> {
  const auto dictionary = Dictionary::read(bytes);
  if (!dictionary) return at_header(dictionary.error());
  const std::string id = base::to_hex(dictionary->bytes("$UUID"));
  if (id == kAesKdf || id == kAesKdf4) {
    const auto rounds = dictionary->number("R");
    if (!rounds) return corrupt();
    TRY(kdf, aes_kdf(*rounds, dictionary->bytes("S")));
    header.kdf = std::move(kdf);
  } else if (id == kArgon2d || id == kArgon2id) {
    TRY(kdf,
        argon_kdf(id == kArgon2d ? crypto::Argon2Type::d : crypto::Argon2Type::id, *dictionary));
    header.kdf = std::move(kdf);
  } else {
    return fail(Error::kdbx_kdf, id.empty() ? "header" : "key derivation " + id);
  }
  return {};
}

auto read_fields(ByteCursor& cursor, const KdbxVersion& version) -> Result<Fields> {
  Fields fields;
  while (true) {
    TRY(id, cursor.number<std::uint8_t>());
    std::uint32_t size = 0;
    if (version.major >= 4) {
      TRY(wide, cursor.number<std::uint32_t>());
      size = wide;
    } else {
      TRY(narrow, cursor.number<std::uint16_t>());
      size = narrow;
    }
    if (size > kKdbxHeaderFieldBytesMax) return fail(Error::file_corrupt);
    TRY(value, cursor.take(size));
    if (id == static_cast<std::uint8_t>(HeaderField::end)) return fields;
    if (fields.size() == kKdbxHeaderFieldsMax) return fail(Error::file_corrupt);
    if (!fields.emplace(id, value).second) return fail(Error::file_corrupt);
  }
}

// The field, if it has one of the sizes allowed.
auto sized(const Fields& fields, HeaderField field, std::size_t low, std::size_t high)
    -> Detailed<ByteView> {
  const auto found = fields.find(static_cast<std::uint8_t>(field));
  if (found == fields.end()) return corrupt();
  if (found->second.size() < low || found->second.size() > high) return corrupt();
  return found->second;
}

auto read_common(const Fields& fields, KdbxHeader& header) -> Detailed<void> {
  TRY(id, sized(fields, HeaderField::cipher, 16, 16));
  TRY(cipher, cipher_from(id));
  header.cipher = cipher;
  TRY(compression, sized(fields, HeaderField::compression, 4, 4));
  const auto packed = little_endian<std::uint32_t>(compression);
  if (packed > 1) return corrupt();
  header.packed = packed == 1;
  TRY(seed, sized(fields, HeaderField::master_seed, 32, 32));
  header.master_seed = base::to_bytes(seed);
  const std::size_t iv_bytes = header.cipher == KdbxCipher::chacha20 ? 12 : 16;
  TRY(iv, sized(fields, HeaderField::iv, iv_bytes, iv_bytes));
  header.iv = base::to_bytes(iv);
  return {};
}

auto read_version_3(const Fields& fields, KdbxHeader& header) -> Detailed<void> {
  TRY(rounds, sized(fields, HeaderField::transform_rounds, 8, 8));
  TRY(seed, sized(fields, HeaderField::transform_seed, 32, 32));
  TRY(kdf, aes_kdf(little_endian<std::uint64_t>(rounds), seed));
  header.kdf = std::move(kdf);
  TRY(id, sized(fields, HeaderField::stream_id, 4, 4));
  const auto stream = stream_from_id(little_endian<std::uint32_t>(id));
  if (!stream) return fail(stream.error(), "inner cipher");
  header.stream = *stream;
  TRY(key, sized(fields, HeaderField::stream_key, 0, 1024));
  header.stream_key = base::to_bytes(key);
  TRY(start, sized(fields, HeaderField::stream_start, 32, 32));
  header.stream_start = base::to_bytes(start);
  return {};
}

auto read_version(ByteCursor& cursor) -> Detailed<KdbxVersion> {
  const auto first = cursor.number<std::uint32_t>();
  const auto second = cursor.number<std::uint32_t>();
  if (!first || !second || *first != kSignature1) return at_header(Error::wrong_format);
  if (*second == kSignature2KeePass1) return fail(Error::kdbx_version, "KeePass 1 (.kdb)");
  if (*second == kSignature2Beta) return fail(Error::kdbx_version, "KeePass 2 before 2.0");
  if (*second != kSignature2) return at_header(Error::wrong_format);
  const auto minor = cursor.number<std::uint16_t>();
  const auto major = cursor.number<std::uint16_t>();
  if (!minor || !major) return corrupt();
  const KdbxVersion version{*major, *minor};
  const bool known = (version.major == 3 && version.minor <= 1) ||
                     (version.major == 4 && version.minor <= kWritten.minor);
  if (known) return version;
  return fail(Error::kdbx_version,
              "KDBX " + std::to_string(version.major) + "." + std::to_string(version.minor));
}

void put_field(Bytes& out, HeaderField field, ByteView value) {
  out.push_back(static_cast<std::uint8_t>(field));
  append_little_endian(out, static_cast<std::uint32_t>(value.size()));
  base::append(out, value);
}

void put_item(Bytes& out, Type type, std::string_view name, ByteView value) {
  out.push_back(static_cast<std::uint8_t>(type));
  append_little_endian(out, static_cast<std::uint32_t>(name.size()));
  base::append(out, base::view_of(name));
  append_little_endian(out, static_cast<std::uint32_t>(value.size()));
  base::append(out, value);
}

template <std::unsigned_integral Number>
auto number_bytes(Number number) -> Bytes {
  Bytes bytes;
  append_little_endian(bytes, number);
  return bytes;
}

auto id_bytes(std::string_view hex) -> Bytes { return *base::from_hex(hex); }

auto kdf_bytes(const ArgonKdf& kdf) -> Bytes {
  Bytes out;
  append_little_endian(out, kDictionaryVersion);
  put_item(out, Type::bytes, "$UUID", id_bytes(kArgon2id));
  put_item(out, Type::u64, "I", number_bytes(std::uint64_t{kdf.params.passes}));
  put_item(out, Type::u64, "M", number_bytes(std::uint64_t{kdf.params.memory_kib} * 1024));
  put_item(out, Type::u32, "P", number_bytes(kdf.params.lanes));
  put_item(out, Type::bytes, "S", kdf.salt);
  put_item(out, Type::u32, "V", number_bytes(kArgonVersion));
  out.push_back(static_cast<std::uint8_t>(Type::end));
  return out;
}

}  // namespace

auto stream_from_id(std::uint32_t id) -> Result<KdbxStream> {
  if (id == 0) return KdbxStream::none;
  if (id == 2) return KdbxStream::salsa20;
  if (id == 3) return KdbxStream::chacha20;
  return fail(Error::kdbx_cipher);  // 1 is ArcFour
}

auto is_kdbx(ByteView file) -> bool {
  if (file.size() < 8 || little_endian<std::uint32_t>(file) != kSignature1) return false;
  const auto second = little_endian<std::uint32_t>(file.subspan(4));
  return second == kSignature2 || second == kSignature2Beta || second == kSignature2KeePass1;
}

auto read_kdbx_header(ByteView file) -> Detailed<KdbxHeader> {
  ByteCursor cursor{file};
  TRY(version, read_version(cursor));
  KdbxHeader header;
  header.version = version;
  const auto fields = read_fields(cursor, header.version);
  if (!fields) return at_header(fields.error());
  TRY_DO(read_common(*fields, header));
  if (header.version.major >= 4) {
    TRY(kdf, sized(*fields, HeaderField::kdf, 1, kKdbxHeaderFieldBytesMax));
    TRY_DO(read_kdf(kdf, header));
  } else {
    TRY_DO(read_version_3(*fields, header));
  }
  header.bytes = cursor.offset();
  return header;
}

auto write_kdbx_header(const KdbxHeader& header) -> Bytes {
  Bytes out;
  append_little_endian(out, kSignature1);
  append_little_endian(out, kSignature2);
  append_little_endian(out, kWritten.minor);
  append_little_endian(out, kWritten.major);
  put_field(out, HeaderField::cipher,
            id_bytes(header.cipher == KdbxCipher::aes_256 ? kAes256 : kChaCha20));
  put_field(out, HeaderField::compression, number_bytes(std::uint32_t{header.packed ? 1U : 0U}));
  put_field(out, HeaderField::master_seed, header.master_seed);
  put_field(out, HeaderField::iv, header.iv);
  put_field(out, HeaderField::kdf, kdf_bytes(std::get<ArgonKdf>(header.kdf)));
  put_field(out, HeaderField::end, base::view_of("\r\n\r\n"));
  return out;
}

}  // namespace holdfast::formats
