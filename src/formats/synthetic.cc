#include "formats/synthetic.h"

#include <array>
#include <string>
#include <string_view>

#include "formats/import.h"
#include "formats/json_writer.h"
#include "formats/time_text.h"

namespace holdfast::formats {
namespace {

using base::Error, base::fail, base::Result, base::SecretBytes, base::SecretMemory;

constexpr std::string_view kServices[] = {
    "Northwind Mail", "Harbour Bank",  "Kiosk",        "Weatherly",   "Café Lumière", "Straßenbahn",
    "日本旅行",       "Книжный клуб",  "Pixel Forge",  "Tidewater",   "Орион",        "Smörgås",
    "Granite Cloud",  "Paper Lantern", "Blue Heron",   "Ferry Lines", "Zürich Strom", "Αθήνα Νέα",
    "Copper Kettle",  "Quiet Library", "Marble Games", "Sundial",     "Łódź Fabryka", "Ember 🔥"};
constexpr std::string_view kPeople[] = {"ann",    "bořek", "chidi", "dmitri", "élodie", "fatima",
                                        "günter", "hana",  "ines",  "joão",   "karin",  "linh"};
constexpr std::string_view kFolders[] = {"Work",   "Work/Servers", "Work/Mail", "Home",
                                         "Reisen", "Банк",         "家族",      "Archive/Old"};

// SplitMix64: even, fast and the same everywhere; nothing here is secret.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_{seed} {}
  auto roll() -> std::uint64_t {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  auto below(std::uint64_t end) -> std::uint64_t { return roll() % end; }
  auto one_in(std::uint64_t odds) -> bool { return below(odds) == 0; }
  auto text(std::string_view alphabet, std::size_t size) -> std::string {
    std::string text;
    while (text.size() < size) text += alphabet[below(alphabet.size())];
    return text;
  }
  template <std::size_t kCount>
  auto pick(const std::string_view (&from)[kCount]) -> std::string_view {
    return from[below(kCount)];
  }
  auto uuid() -> std::string {
    std::string id = text("0123456789abcdef", 32);
    for (const std::size_t at : {8u, 13u, 18u, 23u}) id.insert(at, 1, '-');
    return id;
  }

 private:
  std::uint64_t state_;
};

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kPasswordLetters =
    "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#$%&*+-/:;<=>?@^_\"\\,";

class Maker {
 public:
  Maker(JsonWriter& json, std::uint64_t seed) : json_{json}, dice_{seed} {}

  void file(std::size_t entries) {
    json_.begin_object();
    json_.key("encrypted"), json_.boolean(false);
    json_.key("folders"), json_.begin_array();
    for (std::size_t i = 0; i < std::size(kFolders); ++i) {
      folder_ids_[i] = dice_.uuid();
      json_.newline();
      json_.begin_object();
      json_.member("id", folder_ids_[i]), json_.member("name", kFolders[i]);
      json_.end_object();
    }
    json_.end_array();
    json_.key("items"), json_.begin_array();
    for (std::size_t i = 0; i < entries; ++i) {
      json_.newline();
      item(i);
    }
    json_.end_array();
    json_.end_object();
  }

 private:
  void number(std::string_view key, std::uint64_t value) { json_.key(key), json_.number(value); }

  void item(std::size_t index) {
    const std::uint64_t kind = dice_.below(20);  // 15 logins in 20
    service_ = dice_.pick(kServices);
    json_.begin_object();
    json_.member("id", dice_.uuid());
    json_.key("organizationId"), json_.null();
    json_.key("folderId");
    if (dice_.one_in(4)) {
      json_.null();
    } else {
      json_.string(folder_ids_[dice_.below(folder_ids_.size())]);
    }
    number("reprompt", dice_.one_in(25) ? 1 : 0);
    json_.member("name", std::string{service_} + " " + std::to_string(index + 1));
    notes(kind == 15);
    json_.key("favorite"), json_.boolean(dice_.one_in(12));
    dates();
    fields();
    kind < 15    ? login()
    : kind == 15 ? note()
    : kind == 16 ? card()
    : kind == 17 ? identity()
    : kind == 18 ? ssh_key()
                 : note();
    json_.key("collectionIds"), json_.null();
    json_.end_object();
  }

  void notes(bool always) {
    json_.key("notes");
    if (!always && !dice_.one_in(5)) return json_.null();
    json_.string("Account of " + std::string{dice_.pick(kPeople)} + ".\nRecovery word: " +
                 dice_.text("aeioubdlmnrst", 12) + "\n\t– „" + std::string{service_} + "“");
  }

  void dates() {
    const std::uint64_t created = 1'500'000'000'000 + dice_.below(200'000'000'000);
    json_.member("creationDate", format_time(model::TimeMs{created}));
    json_.member("revisionDate", format_time(model::TimeMs{created + dice_.below(60'000'000'000)}));
    json_.key("deletedDate"), json_.null();
    json_.key("passwordHistory");
    if (!dice_.one_in(10)) return json_.null();
    json_.begin_array(), json_.begin_object();
    json_.member("lastUsedDate", format_time(model::TimeMs{created + dice_.below(1'000'000'000)}));
    json_.member("password", dice_.text(kPasswordLetters, 14));
    json_.end_object(), json_.end_array();
  }

  void fields() {
    json_.key("fields"), json_.begin_array();
    if (dice_.one_in(4)) field("Customer number", dice_.text(kDigits, 9), 0);
    if (dice_.one_in(6)) field("PIN", dice_.text(kDigits, 6), 1);
    if (dice_.one_in(15)) field("newsletter", dice_.one_in(2) ? "true" : "false", 2);
    json_.end_array();
  }
  void field(std::string_view name, std::string_view value, std::uint64_t type) {
    json_.begin_object();
    json_.member("name", name), json_.member("value", value), number("type", type);
    json_.end_object();
  }

  void login() {
    const std::string host = dice_.text("abcdefghijklmnopqrstuvwxyz", 9) + ".example";
    number("type", 1);
    json_.key("login"), json_.begin_object();
    json_.key("fido2Credentials"), json_.begin_array(), json_.end_array();
    json_.key("uris"), json_.begin_array();
    uri("https://" + host + "/login", dice_.one_in(8));
    if (dice_.one_in(6)) uri("androidapp://example." + dice_.text("abcdefghij", 8), false);
    json_.end_array();
    json_.member("username", std::string{dice_.pick(kPeople)} + "." +
                                 dice_.text("abcdefghijklmnop", 5) + "@" + host);
    json_.member("password", dice_.text(kPasswordLetters, 12 + dice_.below(13)));
    json_.key("totp");
    if (!dice_.one_in(4)) {
      json_.null();
    } else if (dice_.one_in(3)) {
      json_.string("otpauth://totp/" + host + "?secret=" + dice_.text(kBase32, 32) +
                   "&algorithm=SHA256&digits=8&period=60");
    } else {
      json_.string(dice_.text(kBase32, 32));
    }
    json_.end_object();
  }
  void uri(std::string_view uri, bool match) {
    json_.begin_object();
    json_.key("match");
    match ? json_.number(dice_.below(5)) : json_.null();
    json_.member("uri", uri);
    json_.end_object();
  }

  void note() {
    number("type", 2);
    json_.key("secureNote"), json_.begin_object(), number("type", 0), json_.end_object();
  }

  void card() {
    number("type", 3);
    json_.key("card"), json_.begin_object();
    json_.member("cardholderName", dice_.pick(kPeople));
    json_.member("brand", "Visa");
    json_.member("number", "4000" + dice_.text(kDigits, 12));
    json_.member("expMonth", std::to_string(1 + dice_.below(12)));
    json_.member("expYear", std::to_string(2025 + dice_.below(9)));
    json_.member("code", dice_.text(kDigits, 3));
    json_.end_object();
  }

  void identity() {
    number("type", 4);
    json_.key("identity"), json_.begin_object();
    json_.key("title"), json_.null();
    json_.member("firstName", dice_.pick(kPeople));
    json_.member("lastName", "Müller-" + dice_.text("abcdefg", 4));
    json_.member("address1", "Hafenstraße " + dice_.text(kDigits, 2));
    json_.member("city", "Kraków");
    json_.member("country", "PL");
    json_.member("email", dice_.text("abcdefgh", 7) + "@mail.example");
    json_.member("phone", "+48 " + dice_.text(kDigits, 9));
    json_.member("passportNumber", dice_.text("ABCDEFGH0123456789", 9));
    json_.end_object();
  }

  void ssh_key() {
    number("type", 5);
    json_.key("sshKey"), json_.begin_object();
    json_.member("privateKey", "-----BEGIN OPENSSH PRIVATE KEY-----\n" + dice_.text(kBase32, 70) +
                                   "\n" + dice_.text(kBase32, 70) +
                                   "\n-----END OPENSSH PRIVATE KEY-----\n");
    json_.member("publicKey", "ssh-ed25519 " + dice_.text(kBase32, 68));
    json_.member("keyFingerprint", "SHA256:" + dice_.text(kBase32, 43));
    json_.end_object();
  }

  JsonWriter& json_;
  Dice dice_;
  std::string_view service_;
  std::array<std::string, std::size(kFolders)> folder_ids_;
};

}  // namespace

auto synthetic_bitwarden_json(std::size_t entries, std::uint64_t seed, SecretMemory& memory)
    -> Result<SecretBytes> {
  if (entries > kImportEntriesMax) return fail(Error::capacity_exceeded);
  try {
    SecretBytes out{memory};
    JsonWriter json{out.buffer()};
    Maker{json, seed}.file(entries);
    return out;
  } catch (const std::bad_alloc&) {
    return fail(Error::secret_memory_exhausted);
  }
}

}  // namespace holdfast::formats
