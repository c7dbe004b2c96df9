// keepass_entry.h: an entry as KeePass's XML has it, between that XML and a secret of ours. What
// KeePass cannot hold goes into one item of the entry's CustomData, key "holdfast", as JSON:
//   {"v":1,"uuid":hex,"kind"?:text,"exact"?:{"label"|"username"|"password"|"notes":text...},
//    "urls"?:[text...],"tags"?:[text...],
//    "fields"?:[{"key","section","name","type","value"?:text,"value_base64"?}...],
//    "order"?:[number...],"attachments"?:[{"key","name","type"}...],"created"?:ms,"modified"?:ms,
//    "sources"?:[{"source","id"}...],"unknown"?:{number:base64...}}
// Each part counts only while the entry still says what was written beside it (the same title, the
// same keys, the same second), so that a change made in KeePass wins. What KeePass has and a secret
// lacks becomes fields of section "imported", named as the element: "IconID", "ExpiryTime",
// "AutoType" (its XML), "CustomData.KEY"; they go back to their place. Further addresses are
// strings KP2A_URL, KP2A_URL_1, as KeePassXC has them; TOTP is the string "otp", and is also read
// from TimeOtp-* (KeePass) and "TOTP Seed" with "TOTP Settings" (old KeePassXC). Limits:
// model/secret.h; kKeePassStringsMax, kKeePassItemsMax, kListItemsMax attachments. Time: none.
// Threads: functions any. Errors: capacity_exceeded, bad_utf8; throw std::bad_alloc. Source:
// keepass.info/help/kb/kdbx.html; docs/design/interfaces.md §4.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "model/secret.h"

namespace holdfast::formats {

using KeePassId = base::FixedBytes<struct KeePassIdTag, 16>;

// Of one entry: fields and addresses of a secret are strings here, and so are five more.
inline constexpr std::size_t kKeePassStringsMax = 2 * model::kListItemsMax + 8;
inline constexpr std::size_t kKeePassItemsMax = model::kListItemsMax + 1;  // of CustomData
inline constexpr std::string_view kKeePassExtra = "holdfast";              // the key in CustomData
inline constexpr std::uint64_t kKeePassExtraVersion = 1;
inline constexpr std::string_view kKeePassUrl = "KP2A_URL";
inline constexpr std::string_view kKeePassOtp = "otp";
inline constexpr std::string_view kKeePassStandard[] = {"Title", "UserName", "Password", "URL",
                                                        "Notes"};
// Elements of an entry that hold one text each, with the text that says nothing.
struct KeePassPart {
  std::string_view name, usual;
};
inline constexpr KeePassPart kKeePassParts[] = {{"IconID", "0"},
                                                {"CustomIconUUID", ""},
                                                {"ForegroundColor", ""},
                                                {"BackgroundColor", ""},
                                                {"OverrideURL", ""},
                                                {"QualityCheck", "True"},
                                                {"PreviousParentGroup", ""}};
inline constexpr std::string_view kKeePassAutoType = "AutoType";
inline constexpr std::string_view kKeePassData = "CustomData.";
inline constexpr std::string_view kKeePassDataTime = "CustomDataTime.";

struct KeePassString {
  base::SecretBytes key, value;
  bool is_protected = false;
};
struct KeePassBinary {
  base::SecretBytes name;
  const base::SecretBytes* content = nullptr;  // in the file's pool, or in an attachment
  std::size_t ref = 0;                         // its number in the pool
};
struct KeePassItem {
  base::SecretBytes key, value, time;  // time: as in the file; empty: none
};
struct KeePassText {
  std::string name;  // of the element
  base::SecretBytes text;
};

struct KeePassTimes {
  std::optional<model::TimeMs> created{}, modified{}, last_access{}, expiry{}, moved{};
  bool expires = false;
  std::uint64_t usage = 0;
};

struct KeePassEntry {
  KeePassId id{};
  KeePassTimes times{};
  base::SecretBytes tags;
  std::vector<KeePassString> strings{};
  std::vector<KeePassBinary> binaries{};
  std::vector<KeePassItem> custom_data{};
  std::vector<KeePassText> parts{};  // kKeePassParts; AutoType and unknown elements as XML
};

[[nodiscard]] auto from_keepass(const KeePassEntry& entry, model::TimeMs now,
                                base::SecretMemory& memory) -> base::Result<model::Secret>;
// Binaries point into the secret; their numbers are the caller's business.
[[nodiscard]] auto to_keepass(const model::Secret& secret, const KeePassId& id,
                              base::SecretMemory& memory) -> base::Result<KeePassEntry>;

// Where a field of section "imported" goes in the entry, if it goes back to its place.
enum class KeePassPlace : std::uint8_t { string, part, xml, data, time, otp };
[[nodiscard]] auto keepass_place(const model::Secret& secret, const model::Field& field,
                                 base::SecretMemory& memory) -> KeePassPlace;

// Names of a KeePass-typical form of one-time codes, and what they say.
[[nodiscard]] auto is_keepass_otp(std::string_view key) -> bool;
struct KeePassOtp {
  std::optional<model::Totp> totp{};
  bool plain = true;                // false: the string "otp" also says something else
  std::vector<std::size_t> used{};  // strings that need not be kept
};
[[nodiscard]] auto keepass_otp(const std::vector<KeePassString>& strings,
                               base::SecretMemory& memory) -> KeePassOtp;
// otpauth://totp/?secret=…, also where all parameters are the usual ones.
[[nodiscard]] auto otp_uri(const model::Totp& totp, base::SecretMemory& memory)
    -> base::SecretBytes;

// ISO 8601, or base64 of the seconds since year 1. Times before 1970 count as 1970, empty as none.
[[nodiscard]] auto parse_keepass_time(std::string_view text)
    -> base::Result<std::optional<model::TimeMs>>;
[[nodiscard]] auto keepass_seconds(model::TimeMs time) -> std::uint64_t;  // since year 1

// "a; b,c" gives three.
[[nodiscard]] auto split_tags(std::string_view text, base::SecretMemory& memory)
    -> std::vector<base::SecretBytes>;
[[nodiscard]] auto joined_tags(const std::vector<base::SecretBytes>& tags,
                               base::SecretMemory& memory) -> base::SecretBytes;
[[nodiscard]] auto usual_kind(const model::Secret& secret) -> model::Kind;

}  // namespace holdfast::formats
