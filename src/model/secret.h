// secret.h: a secret in plaintext, and its encoding. Lives only in wiped memory.
// An empty text or list means the field is absent; unknown keys of newer versions are kept.
// Limits: below, checked by encode and decode. Time: none. Threads: one writer.
// Errors: too_long, bad_utf8, and the codec's. Source: docs/formats.cddl, Secret.
#pragma once

#include <utility>
#include <vector>

#include "base/secret.h"
#include "model/ids.h"

namespace holdfast::model {

inline constexpr std::size_t kLabelBytesMax = 1 << 10;
inline constexpr std::size_t kTextBytesMax = 64 << 10;  // username, password, url, field value
inline constexpr std::size_t kNotesBytesMax = 1 << 20;
inline constexpr std::size_t kTagBytesMax = 256;
inline constexpr std::size_t kAttachmentBytesMax = 1 << 20;
inline constexpr std::size_t kListItemsMax =
    1000;  // urls, tags, fields, attachments, sources: each
inline constexpr std::size_t kSecretBytesMax = 1850
                                               << 10;  // the encoded whole: a transaction holds it
inline constexpr std::size_t kUnknownKeysMax = 64;

enum class Kind : std::uint8_t { login, note, card, identity, ssh_key, token, file };
inline constexpr std::uint64_t kKinds = 7;
enum class FieldType : std::uint8_t { text, concealed, boolean, linked, date, email, phone, url };
inline constexpr std::uint64_t kFieldTypes = 8;
enum class OtpAlgorithm : std::uint8_t { sha1, sha256, sha512 };

struct Field {
  base::SecretBytes section, name, value;  // value may be any bytes, the others are text
  bool is_protected = false;
  FieldType type = FieldType::text;
};

struct Totp {
  OtpAlgorithm algorithm = OtpAlgorithm::sha1;
  std::uint8_t digits = 6;    // 6 to 8
  std::uint32_t period = 30;  // seconds, 1 to 3,600
  base::SecretBytes secret;   // decoded; empty: the secret has no TOTP
};

struct Attachment {
  base::SecretBytes name, media_type, content;
};

struct Source {  // where an import found it, so that a second run changes nothing
  base::SecretBytes source, source_id;
};

struct Secret {
  explicit Secret(base::SecretMemory& memory);
  Secret(Secret&&) = default;
  auto operator=(Secret&&) -> Secret& = default;
  ~Secret() = default;

  Kind kind = Kind::login;
  base::SecretBytes label, username, password;
  std::vector<base::SecretBytes> urls;
  base::SecretBytes notes;
  std::vector<base::SecretBytes> tags;
  std::vector<Field> fields;
  Totp totp;
  std::vector<Attachment> attachments;
  TimeMs created{}, modified{};
  std::vector<Source> sources;
  std::vector<std::pair<std::uint64_t, base::SecretBytes>>
      unknown;  // key, encoded value; ascending

  [[nodiscard]] auto clone() const -> Secret;  // on the same memory; full: throws std::bad_alloc

 private:
  Secret(const Secret& other);
  auto operator=(const Secret&) -> Secret& = delete;
};

[[nodiscard]] auto encode(const Secret& secret, base::SecretMemory& memory)
    -> base::Result<base::SecretBytes>;
[[nodiscard]] auto decode_secret(base::ByteView encoded, base::SecretMemory& memory)
    -> base::Result<Secret>;

}  // namespace holdfast::model
