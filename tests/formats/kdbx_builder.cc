#include "formats/kdbx_builder.h"

#include <botan/base64.h>
#include <botan/block_cipher.h>
#include <botan/cipher_mode.h>
#include <botan/hash.h>
#include <botan/hex.h>
#include <botan/mac.h>
#include <botan/pwdhash.h>
#include <botan/stream_cipher.h>
#include <zlib.h>

#include <map>
#include <stdexcept>

namespace holdfast::formats::test {
namespace {

using Bytes = std::vector<std::uint8_t>;

auto bytes_of(const std::string& text) -> Bytes { return {text.begin(), text.end()}; }
template <class Range>
auto text_of(const Range& bytes) -> std::string {
  return {bytes.begin(), bytes.end()};
}

auto digest(const char* name, const std::string& bytes) -> std::string {
  const auto hash = Botan::HashFunction::create_or_throw(name);
  hash->update(bytes);
  return text_of(hash->final());
}
auto hmac(const std::string& key, const std::string& message) -> std::string {
  const auto mac = Botan::MessageAuthenticationCode::create_or_throw("HMAC(SHA-256)");
  mac->set_key(bytes_of(key));
  mac->update(message);
  return text_of(mac->final());
}
auto stream_over(const char* name, const std::string& key, const std::string& iv) {
  auto cipher = Botan::StreamCipher::create_or_throw(name);
  cipher->set_key(bytes_of(key));
  const Bytes bytes = bytes_of(iv);
  cipher->set_iv(bytes.data(), bytes.size());
  return cipher;
}

// Made-up bytes that differ from field to field.
auto filler(char first, std::size_t size) -> std::string {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i)
    bytes += static_cast<char>(first + 7 * static_cast<int>(i));
  return bytes;
}

const std::string kMasterSeed = filler('a', 32);
const std::string kSalt = filler('b', 32);
const std::string kStreamKey = filler('c', 32);
const std::string kStreamStart = filler('d', 32);
auto iv_of(const Recipe& recipe) -> std::string {
  return filler('e', recipe.cipher == "ChaCha20" ? 12 : 16);
}

auto cipher_id(const std::string& cipher) -> std::string {
  const std::map<std::string, std::string> ids = {{"AES-256", "31c1f2e6bf714350be5805216afc5aff"},
                                                  {"ChaCha20", "d6038a2b8b6f4cb5a524339a31dbb59a"},
                                                  {"Twofish", "ad68f29f576f4bb9a36ad47af965346c"}};
  const auto found = ids.find(cipher);
  return text_of(Botan::hex_decode(found == ids.end() ? cipher : found->second));
}

auto kdf_id(const std::string& kdf) -> std::string {
  const std::map<std::string, std::string> ids = {{"AES", "c9d9f39a628a4460bf740d08c18a4fea"},
                                                  {"Argon2d", "ef636ddf8c29444b91f7a9a403e30a0c"},
                                                  {"Argon2id", "9e298b1956db4773b23dfc3ec6f0a1e6"}};
  const auto found = ids.find(kdf);
  return text_of(Botan::hex_decode(found == ids.end() ? kdf : found->second));
}

auto item(int type, const std::string& name, const std::string& value) -> std::string {
  return static_cast<char>(type) + le(name.size(), 4) + name + le(value.size(), 4) + value;
}

auto kdf_parameters(const Recipe& recipe) -> std::string {
  std::string out = le(0x100, 2) + item(0x42, "$UUID", kdf_id(recipe.kdf));
  if (recipe.kdf == "AES") {
    out += item(0x05, "R", le(recipe.rounds, 8));
  } else {
    out += item(0x04, "V", le(recipe.argon_version, 4));
    out += item(0x05, "M", le(recipe.argon_memory, 8));
    out += item(0x05, "I", le(recipe.argon_passes, 8));
    out += item(0x04, "P", le(recipe.argon_lanes, 4));
    out += item(0x18, "note", "of a type that no derivation needs");
  }
  return out + item(0x42, "S", kSalt) + '\0';
}

auto transformed_key(const Recipe& recipe) -> std::string {
  std::string parts;
  if (recipe.passphrase) parts += digest("SHA-256", *recipe.passphrase);
  parts += recipe.key_component;
  Bytes key = bytes_of(digest("SHA-256", parts));
  if (recipe.kdf == "AES") {
    const auto aes = Botan::BlockCipher::create_or_throw("AES-256");
    aes->set_key(bytes_of(kSalt));
    for (std::uint64_t i = 0; i < recipe.rounds; ++i) {
      aes->encrypt(key.data());
      aes->encrypt(key.data() + 16);
    }
    return digest("SHA-256", text_of(key));
  }
  if (!recipe.kdf.starts_with("Argon2")) return std::string(32, 'x');
  const auto argon =
      Botan::PasswordHashFamily::create_or_throw(recipe.kdf)
          ->from_params(recipe.argon_memory / 1024, recipe.argon_passes, recipe.argon_lanes);
  Bytes out(32);
  argon->hash(out, std::string_view{reinterpret_cast<const char*>(key.data()), key.size()},
              bytes_of(kSalt));
  return text_of(out);
}

auto encrypted(const Recipe& recipe, const std::string& key, const std::string& plain)
    -> std::string {
  if (recipe.cipher == "ChaCha20") {
    Bytes bytes = bytes_of(plain);
    stream_over("ChaCha20", key, iv_of(recipe))->encipher(bytes);
    return text_of(bytes);
  }
  const auto mode = Botan::Cipher_Mode::create_or_throw(recipe.cipher + "/CBC/PKCS7",
                                                        Botan::Cipher_Dir::Encryption);
  mode->set_key(bytes_of(key));
  mode->start(bytes_of(iv_of(recipe)));
  Botan::secure_vector<std::uint8_t> buffer{plain.begin(), plain.end()};
  mode->finish(buffer);
  return text_of(buffer);
}

class Inner {
 public:
  explicit Inner(std::uint32_t kind) {
    if (kind == 2)
      cipher_ =
          stream_over("Salsa20", digest("SHA-256", kStreamKey), "\xE8\x30\x09\x4B\x97\x20\x5D\x2A");
    if (kind != 3) return;
    const std::string hash = digest("SHA-512", kStreamKey);
    cipher_ = stream_over("ChaCha20", hash.substr(0, 32), hash.substr(32, 12));
  }
  auto protect(const std::string& text) -> std::string {
    Bytes bytes = bytes_of(text);
    if (cipher_ && !bytes.empty()) cipher_->encipher(bytes);
    return base64(text_of(bytes));
  }

 private:
  std::unique_ptr<Botan::StreamCipher> cipher_;
};

auto finished_xml(const Recipe& recipe) -> std::string {
  std::string xml = recipe.xml;
  if (const auto at = xml.find("@HASH@"); at != std::string::npos)
    xml.replace(at, 6, base64(digest("SHA-256", header_of(recipe))));
  Inner inner{recipe.stream};
  for (std::size_t at = 0; (at = xml.find("@P(", at)) != std::string::npos;) {
    const std::size_t end = xml.find(")@", at);
    const std::string value =
        "<Value Protected=\"True\">" + inner.protect(xml.substr(at + 3, end - at - 3)) + "</Value>";
    xml.replace(at, end + 2 - at, value);
    at += value.size();
  }
  return xml;
}

auto hashed_blocks(const Recipe& recipe, const std::string& content) -> std::string {
  std::string out;
  std::size_t index = 0;
  for (std::size_t at = 0; at < content.size(); at += recipe.block_bytes) {
    const std::string block = content.substr(at, recipe.block_bytes);
    out += le(index++, 4) + digest("SHA-256", block) + le(block.size(), 4) + block;
  }
  return out + le(index, 4) + std::string(32, '\0') + le(0, 4);
}

auto tagged_blocks(const Recipe& recipe, const std::string& base_key, const std::string& content)
    -> std::string {
  std::string out;
  std::size_t index = 0;
  for (std::size_t at = 0;; at += recipe.block_bytes) {
    const std::string block =
        at < content.size() ? content.substr(at, recipe.block_bytes) : std::string{};
    const std::string key = digest("SHA-512", le(index, 8) + base_key);
    out += hmac(key, le(index, 8) + le(block.size(), 4) + block) + le(block.size(), 4) + block;
    ++index;
    if (block.empty()) return out;
  }
}

auto inner_header(const Recipe& recipe) -> std::string {
  const auto field = [](int id, const std::string& value) {
    return static_cast<char>(id) + le(value.size(), 4) + value;
  };
  std::string out = field(1, le(recipe.stream, 4)) + field(2, kStreamKey);
  for (const std::string& binary : recipe.binaries) out += field(3, '\1' + binary);
  return out + field(0, "");
}

}  // namespace

auto le(std::uint64_t value, std::size_t bytes) -> std::string {
  std::string out;
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 255);
  return out;
}
auto base64(const std::string& bytes) -> std::string {
  return Botan::base64_encode(bytes_of(bytes));
}
auto sha256(const std::string& bytes) -> std::string { return digest("SHA-256", bytes); }

auto gzip(const std::string& bytes) -> std::string {
  z_stream stream{};
  if (::deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error{"deflateInit2"};
  std::string out(::deflateBound(&stream, bytes.size()), '\0');
  Bytes in = bytes_of(bytes);
  stream.next_in = in.data();
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

auto header_of(const Recipe& recipe) -> std::string {
  const std::size_t width = recipe.major >= 4 ? 4 : 2;
  const auto field = [&](int id, const std::string& value) {
    return static_cast<char>(id) + le(value.size(), width) + value;
  };
  std::string out =
      le(0x9AA2D903, 4) + le(0xB54BFB67, 4) + le(recipe.minor, 2) + le(recipe.major, 2);
  out += field(2, cipher_id(recipe.cipher)) + field(3, le(recipe.packed ? 1 : 0, 4));
  out += field(4, kMasterSeed) + field(7, iv_of(recipe));
  if (recipe.major >= 4) {
    out += field(11, kdf_parameters(recipe));
  } else {
    out += field(5, kSalt) + field(6, le(recipe.rounds, 8)) + field(8, kStreamKey) +
           field(9, kStreamStart) + field(10, le(recipe.stream, 4));
  }
  return out + field(0, "\r\n\r\n");
}

auto build(const Recipe& recipe) -> std::string {
  const std::string header = header_of(recipe);
  const std::string transformed = transformed_key(recipe);
  const std::string key = digest("SHA-256", kMasterSeed + transformed);
  std::string content = finished_xml(recipe);
  if (recipe.major >= 4) content = inner_header(recipe) + content;
  if (recipe.packed) content = gzip(content);
  if (recipe.major < 4)
    return header + encrypted(recipe, key, kStreamStart + hashed_blocks(recipe, content));
  const std::string base_key = digest("SHA-512", kMasterSeed + transformed + '\1');
  const std::string header_key = digest("SHA-512", std::string(8, '\xFF') + base_key);
  return header + digest("SHA-256", header) + hmac(header_key, header) +
         tagged_blocks(recipe, base_key, encrypted(recipe, key, content));
}

}  // namespace holdfast::formats::test
