// holdfast_json.h: the complete plaintext format. Version 1:
//   FILE:   {"format":"holdfast-json","version":1,"entries":[ENTRY...]}
//   ENTRY:  {"id"?:hex,"folder"?:[text...],"deleted"?:true,"secret":SECRET,
//            "history"?:[SECRET...]}
//   SECRET: {"kind":text,"label":text,"username"?,"password"?,"urls"?:[text...],"notes"?,
//            "tags"?:[text...],"fields"?:[{"section","name","value"|"value_base64","protected":bool,
//            "type":text}...],"totp"?:{"algorithm","digits","period","secret":base32},
//            "attachments"?:[{"name","media_type","content":base64}...],"created":ms,"modified":ms,
//            "sources"?:[{"source","id"}...],"unknown"?:{number:hex...}}
// Members marked ? are left out when empty. Others than these are refused: a later version says so.
// Limits: model/secret.h. Time: none. Threads: constants only. Source: docs/design/interfaces.md
// §4.
#pragma once

#include <array>
#include <string_view>

#include "model/secret.h"

namespace holdfast::formats {

inline constexpr std::uint64_t kHoldfastJsonVersion = 1;
inline constexpr std::uint64_t kSecretKeysKnown = 13;  // unknown keys are numbered from here

inline constexpr std::array<std::string_view, model::kKinds> kKindNames = {
    "login", "note", "card", "identity", "ssh-key", "token", "file"};
inline constexpr std::array<std::string_view, model::kFieldTypes> kFieldTypeNames = {
    "text", "concealed", "boolean", "linked", "date", "email", "phone", "url"};
inline constexpr std::array<std::string_view, 3> kOtpAlgorithmNames = {"sha1", "sha256", "sha512"};

}  // namespace holdfast::formats
