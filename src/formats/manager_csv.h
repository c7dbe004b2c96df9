// manager_csv.h: the CSV files of password managers, and how a row maps to a secret.
//   keepassxc-csv: Group,Title,Username,Password,URL,Notes,TOTP,Icon,Last Modified,Created; a group
//     is a path with the name of the root group in front; a slash in a name is written "\/".
//   lastpass-csv: url,username,password,totp,extra,name,grouping,fav; a group is a path with
//     backslashes; the address http://sn marks a note.
//   bitwarden-csv: folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,
//     login_password,login_totp; custom fields are lines "name: value", addresses have commas
//     between them.
// A column without a home, or an unknown one, becomes a field of section "imported". Limits: csv.h,
// import.h. Time: none. Threads: constants only.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "formats/import.h"

namespace holdfast::formats {

enum class ManagerColumn : std::uint8_t {
  folder,
  title,
  username,
  password,
  url,
  notes,
  totp,
  icon,
  modified,
  created,
  favorite,
  kind,
  fields,
  reprompt,
  unknown,
};
inline constexpr std::size_t kManagerColumns = static_cast<std::size_t>(ManagerColumn::unknown);

struct ManagerHeader {
  std::string_view name;
  ManagerColumn column;
  bool needed = false;
};
inline constexpr ManagerHeader kKeePassXcHeader[] = {{"Group", ManagerColumn::folder, true},
                                                     {"Title", ManagerColumn::title, true},
                                                     {"Username", ManagerColumn::username, true},
                                                     {"Password", ManagerColumn::password, true},
                                                     {"URL", ManagerColumn::url, true},
                                                     {"Notes", ManagerColumn::notes},
                                                     {"TOTP", ManagerColumn::totp},
                                                     {"Icon", ManagerColumn::icon},
                                                     {"Last Modified", ManagerColumn::modified},
                                                     {"Created", ManagerColumn::created}};
inline constexpr ManagerHeader kLastPassHeader[] = {
    {"url", ManagerColumn::url, true},           {"username", ManagerColumn::username, true},
    {"password", ManagerColumn::password, true}, {"totp", ManagerColumn::totp},
    {"extra", ManagerColumn::notes, true},       {"name", ManagerColumn::title, true},
    {"grouping", ManagerColumn::folder, true},   {"fav", ManagerColumn::favorite}};
inline constexpr ManagerHeader kBitwardenHeader[] = {
    {"folder", ManagerColumn::folder},
    {"favorite", ManagerColumn::favorite},
    {"type", ManagerColumn::kind},
    {"name", ManagerColumn::title, true},
    {"notes", ManagerColumn::notes},
    {"fields", ManagerColumn::fields},
    {"reprompt", ManagerColumn::reprompt},
    {"login_uri", ManagerColumn::url, true},
    {"login_username", ManagerColumn::username, true},
    {"login_password", ManagerColumn::password, true},
    {"login_totp", ManagerColumn::totp}};

[[nodiscard]] inline auto manager_header(Format format) -> std::span<const ManagerHeader> {
  if (format == Format::keepassxc_csv) return kKeePassXcHeader;
  if (format == Format::lastpass_csv) return kLastPassHeader;
  return kBitwardenHeader;
}

inline constexpr std::string_view kLastPassNote = "http://sn";
inline constexpr std::string_view kLastPassNoUrl = "http://";
inline constexpr std::string_view kManagerTotp = "totp";  // a code we cannot make, or with a label
inline constexpr std::string_view kManagerIcon = "Icon";
inline constexpr std::string_view kManagerFavorite = "favorite";
inline constexpr std::string_view kManagerReprompt = "reprompt";

}  // namespace holdfast::formats
