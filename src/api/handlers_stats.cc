// Statistics of a vault: counts and labels. Passwords are compared by a hash under a key that is
// drawn for one request and forgotten with it.
#include <array>
#include <map>
#include <optional>

#include "api/handlers.h"
#include "api/secret_json.h"
#include "api/strength.h"
#include "crypto/hash.h"
#include "node/breach_list.h"

namespace holdfast::api {
namespace {

using base::Detailed;
using crypto::Digest;

constexpr std::uint64_t kDayMs = 86'400'000;
constexpr std::uint8_t kWeakScore = 1;  // this and below are listed
struct Age {
  std::string_view name;
  std::uint64_t days;  // below
};
constexpr auto kAges = std::to_array<Age>(
    {{"30d", 30}, {"90d", 90}, {"1y", 365}, {"2y", 730}, {"older", ~std::uint64_t{0}}});

struct Labelled {
  model::SecretId id;
  base::SecretBytes label;
};
struct Password {
  std::vector<Labelled> users;
  std::uint8_t score = 0;
  std::uint64_t leaked = 0;  // times, by the list given
};

struct Counted {
  std::uint64_t secrets = 0, with_password = 0, with_totp = 0, attachments = 0;
  std::map<model::CategoryId, std::uint64_t> by_category;
  std::array<std::uint64_t, kAges.size()> by_age{};
  std::map<Digest, Password> passwords;
};

struct Wanted {
  bool by_category, by_age, strength, reused;
  std::optional<node::BreachList> breached;
};

auto wanted_of(const Query& query) -> Detailed<Wanted> {
  TRY(by_category, query.flag("by_category"));
  TRY(by_age, query.flag("by_age"));
  TRY(strength, query.flag("strength"));
  TRY(reused, query.flag("reused"));
  Wanted wanted{by_category, by_age, strength, reused, {}};
  if (const auto file = query.text("breached")) {
    TRY(list, node::BreachList::open(store::Path{*file}));
    wanted.breached = std::move(list);
  }
  return wanted;
}

void count_age(Counted& counted, model::TimeMs modified, model::TimeMs now) {
  const auto then = std::to_underlying(modified);
  const auto today = std::to_underlying(now);
  const std::uint64_t days = today > then ? (today - then) / kDayMs : 0;
  std::size_t place = 0;
  while (place + 1 < kAges.size() && days >= kAges[place].days) ++place;
  ++counted.by_age[place];
}

auto count_password(const Call& call, const node::Entry& entry, const Wanted& wanted,
                    base::ByteView key, Counted& counted) -> Detailed<void> {
  const Digest digest = entry.secret.password.expose(
      [&](base::ByteView bytes) { return crypto::hmac_sha256(key, bytes); });
  const auto [place, is_new] = counted.passwords.try_emplace(digest);
  if (is_new && wanted.strength) {
    place->second.score = estimate_strength(entry.secret.password, call.memory).score;
  }
  if (is_new && wanted.breached) {
    TRY(leaked, entry.secret.password.expose(
                    [&](base::ByteView bytes) { return wanted.breached->seen(bytes); }));
    place->second.leaked = leaked;
  }
  place->second.users.push_back({entry.id, entry.secret.label.clone()});
  return {};
}

auto count(const Call& call, const Wanted& wanted) -> Detailed<Counted> {
  TRY(key, call.services.ports.random_key<base::Secret<struct CompareKeyTag, 32>>());
  Counted counted;
  const model::TimeMs now = call.services.ports.now();
  Detailed<void> looked_up;
  TRY_DO(call.vault->vault->for_each({}, [&](const node::Entry& entry) {
    ++counted.secrets;
    ++counted.by_category[entry.category];
    counted.attachments += entry.secret.attachments.size();
    if (!entry.secret.totp.secret.empty()) ++counted.with_totp;
    if (entry.secret.password.empty()) return true;
    ++counted.with_password;
    count_age(counted, entry.secret.modified, now);
    if (wanted.strength || wanted.reused || wanted.breached) {
      looked_up = key.expose(
          [&](auto bytes) { return count_password(call, entry, wanted, bytes, counted); });
    }
    return looked_up.has_value();
  }));
  if (!looked_up) return std::unexpected{looked_up.error()};
  return counted;
}

void write_labelled(JsonWriter& out, const Labelled& one) {
  out.begin_object().key("id").text("sec_" + one.id.hex()).key("label").text(one.label);
  out.end_object();
}

void write_strengths(JsonWriter& out, const Counted& counted) {
  std::array<std::uint64_t, 5> scores{};
  for (const auto& [digest, password] : counted.passwords) {
    scores[password.score] += password.users.size();
  }
  out.key("strength").begin_object();
  for (std::size_t score = 0; score < scores.size(); ++score) {
    out.key(Strength{.score = static_cast<std::uint8_t>(score)}.name()).number(scores[score]);
  }
  out.end_object().key("weak").begin_array();
  for (const auto& [digest, password] : counted.passwords) {
    if (password.score > kWeakScore) continue;
    for (const Labelled& user : password.users) write_labelled(out, user);
  }
  out.end_array();
}

void write_reused(JsonWriter& out, const Counted& counted) {
  out.key("reused").begin_array();
  for (const auto& [digest, password] : counted.passwords) {
    if (password.users.size() < 2) continue;
    out.begin_array();
    for (const Labelled& user : password.users) write_labelled(out, user);
    out.end_array();
  }
  out.end_array();
}

void write_breached(JsonWriter& out, const Counted& counted) {
  out.key("breached").begin_array();
  for (const auto& [digest, password] : counted.passwords) {
    if (password.leaked == 0) continue;
    for (const Labelled& user : password.users) {
      out.begin_object().key("id").text("sec_" + user.id.hex()).key("label").text(user.label);
      out.key("times").number(password.leaked).end_object();
    }
  }
  out.end_array();
}

auto write_categories(const Call& call, JsonWriter& out, const Counted& counted) -> Detailed<void> {
  TRY(categories, call.vault->vault->categories());
  out.key("by_category").begin_array();
  for (const node::Category& category : categories) {
    const auto found = counted.by_category.find(category.id);
    out.begin_object().key("id").text(category_name(category.id)).key("name").text(category.name);
    out.key("secrets").number(found == counted.by_category.end() ? 0 : found->second).end_object();
  }
  out.end_array();
  return {};
}

}  // namespace

auto get_stats(const Call& call) -> Detailed<Answer> {
  TRY(wanted, wanted_of(call.query));
  TRY(counted, count(call, wanted));
  JsonWriter out{call.memory};
  out.begin_object();
  out.key("secrets").number(counted.secrets);
  out.key("with_password").number(counted.with_password);
  out.key("with_totp").number(counted.with_totp);
  out.key("attachments").number(counted.attachments);
  if (wanted.by_category) TRY_DO(write_categories(call, out, counted));
  if (wanted.by_age) {
    out.key("by_age").begin_object();
    for (std::size_t i = 0; i < kAges.size(); ++i) {
      out.key(kAges[i].name).number(counted.by_age[i]);
    }
    out.end_object();
  }
  if (wanted.strength) write_strengths(out, counted);
  if (wanted.reused) write_reused(out, counted);
  if (wanted.breached) write_breached(out, counted);
  out.end_object();
  return Answer{out.take()};
}

}  // namespace holdfast::api
