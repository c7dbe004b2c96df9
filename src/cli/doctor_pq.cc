// What doctor --pq says: which algorithm protects what, and what a quantum computer would break.
#include <array>

#include "cli/doctor.h"
#include "crypto/aead.h"
#include "crypto/kem.h"
#include "crypto/sign.h"
#include "formats/json_writer.h"
#include "model/ids.h"

namespace holdfast::cli {
namespace {

enum class Against : std::uint8_t { hybrid, symmetric, hash };
struct Protection {
  std::string_view what, algorithm;
  Against kind;
};

// Another suite needs other rows; what a vault says is compared when it is opened.
static_assert(model::kSuite == 1);
static_assert(crypto::kMlDsaPublicBytes == 1952);    // ML-DSA-65 (FIPS 204)
static_assert(crypto::KemPublicKey::kSize == 1216);  // X-Wing: ML-KEM-768 and X25519
static_assert(crypto::Nonce::kSize == 24);           // XChaCha20-Poly1305

constexpr auto kProtections = std::to_array<Protection>({
    {"secrets, labels, index", "XChaCha20-Poly1305, 256-bit keys", Against::symmetric},
    {"keys of categories, for each member", "X-Wing: ML-KEM-768 + X25519", Against::hybrid},
    {"transactions, commits, genesis", "ML-DSA-65 + Ed25519, both must hold", Against::hybrid},
    {"passphrase", "Argon2id, then XChaCha20-Poly1305", Against::symmetric},
    {"state, history and audit log", "SHA-256 trees", Against::hash},
    {"backups", "X-Wing, XChaCha20-Poly1305, ML-DSA-65 + Ed25519", Against::hybrid},
});

auto kind_text(Against kind) -> std::string_view {
  constexpr std::array<std::string_view, 3> kNames = {"hybrid: holds while one of the two holds",
                                                      "symmetric: holds", "hash: holds"};
  return kNames[std::to_underlying(kind)];
}

void print_json_protections(Screen& screen) {
  constexpr std::array<std::string_view, 3> kKinds = {"hybrid", "symmetric", "hash"};
  base::SecretBytes::Buffer out{&screen.memory()};
  formats::JsonWriter json{out};
  json.begin_object();
  json.key("suite");
  json.number(model::kSuite);
  json.key("items");
  json.begin_array();
  for (const Protection& one : kProtections) {
    json.begin_object();
    json.member("what", one.what);
    json.member("algorithm", one.algorithm);
    json.member("kind", kKinds[std::to_underlying(one.kind)]);
    json.end_object();
  }
  json.end_array();
  json.key("classical_only");
  json.begin_array();
  json.end_array();
  json.end_object();
  screen.put(base::text_of(out));
  screen.put("\n");
}

}  // namespace

void print_protections(Screen& screen) {
  if (screen.json()) return print_json_protections(screen);
  Table table{screen.memory(), {"WHAT", "PROTECTED BY", "AGAINST A QUANTUM COMPUTER"}};
  for (const Protection& one : kProtections) {
    table.cell(one.what);
    table.cell(one.algorithm);
    table.cell(kind_text(one.kind));
  }
  table.print(screen);
  screen.note("Suite " + std::to_string(model::kSuite) +
              ". Nothing is protected by a classical algorithm alone; this device has no links to "
              "others.");
}

}  // namespace holdfast::cli
