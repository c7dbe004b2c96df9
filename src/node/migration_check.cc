// migration_check.cc: phase 3. Every version of the source and its copy are compared field by field
// by a hash under a key drawn for this run, so that nothing it leaves behind tells a value.
#include <algorithm>

#include "codec/cbor_writer.h"
#include "node/migration_parts.h"

namespace holdfast::node {
namespace {

using crypto::Digest;
using HashKey = base::FixedBytes<struct HashKeyTag, 32>;

struct FieldHash {
  std::string name;
  Digest hash;
};

// One hash a field. Lists are encoded whole, so that their order and their ends count.
class FieldHashes {
 public:
  FieldHashes(const HashKey& key, base::SecretMemory& memory) : key_{key}, memory_{memory} {}

  auto of(const model::Secret& secret) -> std::vector<FieldHash> {
    hashes_.clear();
    number("kind", std::to_underlying(secret.kind));
    number("created", std::to_underlying(secret.created));
    number("modified", std::to_underlying(secret.modified));
    text("label", secret.label);
    text("username", secret.username);
    text("password", secret.password);
    text("notes", secret.notes);
    list("urls", secret.urls, [](auto& out, const auto& url) { put(out, url); });
    list("tags", secret.tags, [](auto& out, const auto& tag) { put(out, tag); });
    list("fields", secret.fields, [](auto& out, const model::Field& field) {
      put(out, field.section);
      put(out, field.name);
      put(out, field.value);
      out.boolean(field.is_protected);
      out.uint(std::to_underlying(field.type));
    });
    encoded("totp", [&](auto& out) {
      out.uint(std::to_underlying(secret.totp.algorithm));
      out.uint(secret.totp.digits);
      out.uint(secret.totp.period);
      put(out, secret.totp.secret);
    });
    list("attachments", secret.attachments, [](auto& out, const model::Attachment& file) {
      put(out, file.name);
      put(out, file.media_type);
      put(out, file.content);
    });
    list("sources", secret.sources, [](auto& out, const model::Source& source) {
      const bool ours = source.source.expose_text([](std::string_view name) {
        return name.starts_with(kMigratedSecret) || name.starts_with(kMigratedVersion);
      });
      if (ours) return;  // the copy's memory of where it came from
      put(out, source.source);
      put(out, source.source_id);
    });
    list("unknown", secret.unknown, [](auto& out, const auto& item) {
      out.uint(item.first);
      put(out, item.second);
    });
    return std::move(hashes_);
  }

 private:
  static void put(codec::SecretWriter& out, const base::SecretBytes& value) {
    value.expose([&](base::ByteView bytes) { out.bytes(bytes); });
  }
  template <class Write>
  void encoded(std::string_view name, Write&& write) {
    base::SecretBytes plain{memory_};
    codec::SecretWriter out{plain.buffer()};
    write(out);
    hashes_.push_back({std::string{name}, plain.expose([&](base::ByteView bytes) {
                         return crypto::hmac_sha256(key_.view(), {base::view_of(name), bytes});
                       })});
  }
  void number(std::string_view name, std::uint64_t value) {
    encoded(name, [&](auto& out) { out.uint(value); });
  }
  void text(std::string_view name, const base::SecretBytes& value) {
    encoded(name, [&](auto& out) { put(out, value); });
  }
  template <class Item, class Write>
  void list(std::string_view name, const std::vector<Item>& items, Write&& write) {
    encoded(name, [&](auto& out) {
      for (const Item& item : items) write(out, item);
    });
  }

  const HashKey& key_;
  base::SecretMemory& memory_;
  std::vector<FieldHash> hashes_;
};

void differs(MigrationCheck& result, std::string what) {
  if (result.differences.size() < kMigrationReasonsMax) {
    result.differences.push_back(std::move(what));
  }
}

}  // namespace

auto Migration::check() const -> Detailed<MigrationCheck> {
  MigrationCheck result;
  for (std::size_t number = 0; number < items_.size(); ++number) {
    if (failed_.contains(number)) continue;  // an error already
    TRY_DO(check_secret(items_[number], result));
  }
  return result;
}

auto Migration::check_secret(const Item& item, MigrationCheck& result) const -> Detailed<void> {
  TRY(theirs, originals(item));
  if (theirs.empty()) return {};
  const auto known = known_.find(item.id.hex());
  if (known == known_.end()) {
    differs(result, item.name() + ": is missing");
    return {};
  }
  TRY(ours, copied(known->second));
  const Ports& ports = target_.impl_->ports();
  const auto key = ports.random<HashKey>();
  FieldHashes hashes{key, ports.plaintext};
  for (const Original& original : theirs) {
    const std::string place = item.name() + ", ver_" + original.id.hex();
    const auto copy =
        std::ranges::find(ours.versions, original.id.hex(), &Copied::Version::original);
    if (copy == ours.versions.end()) {
      differs(result, place + ": is missing");
      continue;
    }
    TRY(from, source_.get_version(item.id, original.id));
    TRY(to, target_.get_version(known->second, copy->id));
    const auto left = hashes.of(from.secret);
    const auto right = hashes.of(to.secret);
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (left[i].hash != right[i].hash) differs(result, place + ": " + left[i].name + " differs");
    }
    ++result.versions;
    result.fields += left.size();
    result.attachments += from.secret.attachments.size();
  }
  // What the target did with it afterwards is its own; what was deleted must not be back by itself.
  if (item.deleted && !ours.deleted && !ours.edited)
    differs(result, item.name() + ": is not deleted");
  ++(item.deleted ? result.deleted : result.secrets);
  return {};
}

}  // namespace holdfast::node
