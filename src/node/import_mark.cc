#include "node/import_mark.h"

#include <algorithm>

namespace holdfast::node {
namespace {

using base::Result;
using crypto::Digest;
using model::Secret;
using model::Source;

constexpr std::size_t kKeyDigits = 32;
constexpr std::size_t kContentDigits = 2 * Digest::kSize;

// The digits that stand for a source: of the first that is no mark. Empty: there is none.
auto key_of(const Secret& secret) -> std::string {
  const auto first = std::ranges::find_if_not(secret.sources, is_import_mark);
  if (first == secret.sources.end()) return {};
  return digest_of(*first).hex().substr(0, kKeyDigits);
}

auto is_mark_of(const Source& source, std::string_view key) -> bool {
  return is_import_mark(source) &&
         source.source_id.expose_text([&](std::string_view id) { return id.starts_with(key); });
}

}  // namespace

auto digest_of(const Source& source) -> Digest {
  const std::uint8_t separator[] = {0};
  return source.source.expose([&](auto name) {
    return source.source_id.expose(
        [&](auto id) { return crypto::sha256({name, base::ByteView{separator}, id}); });
  });
}

auto is_import_mark(const Source& source) -> bool {
  return source.source.expose_text([](std::string_view name) { return name == kImportMark; });
}

auto content_digest(const Secret& secret, base::SecretMemory& memory) -> Result<Digest> {
  Secret content = secret.clone();
  content.created = content.modified = {};
  content.sources.clear();
  TRY(encoded, model::encode(content, memory));
  return encoded.expose([](base::ByteView bytes) { return crypto::sha256(bytes); });
}

auto import_mark(const Secret& secret, const Secret& of) -> std::optional<ImportMark> {
  const std::string key = key_of(of);
  if (key.empty()) return std::nullopt;
  for (const Source& source : secret.sources) {
    if (!is_mark_of(source, key)) continue;
    return source.source_id.expose_text([](std::string_view id) -> std::optional<ImportMark> {
      if (id.size() != kKeyDigits + kContentDigits + 1) return std::nullopt;
      const auto content = Digest::from_hex(id.substr(kKeyDigits, kContentDigits));
      if (!content) return std::nullopt;
      return ImportMark{.content = *content, .deleted = id.ends_with('-')};
    });
  }
  return std::nullopt;
}

void set_import_mark(Secret& secret, const Secret& of, const ImportMark& mark,
                     base::SecretMemory& memory) {
  const std::string key = key_of(of);
  if (key.empty()) return;
  std::erase_if(secret.sources, [&](const Source& source) { return is_mark_of(source, key); });
  Source added{base::SecretBytes{memory}, base::SecretBytes{memory}};
  const auto append = [](base::SecretBytes& to, std::string_view text) {
    to.buffer().insert(to.buffer().end(), text.begin(), text.end());
  };
  append(added.source, kImportMark);
  append(added.source_id, key);
  append(added.source_id, mark.content.hex());
  append(added.source_id, mark.deleted ? "-" : "+");
  secret.sources.push_back(std::move(added));
}

}  // namespace holdfast::node
