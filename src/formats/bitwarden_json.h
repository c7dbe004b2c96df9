// bitwarden_json.h: how a Bitwarden item maps to a secret, used by import and export alike.
// A member without a home becomes a field in section "imported" named by its path: "favorite",
// "card.number", "login.uris.0.match". Texts stay texts, everything else is kept as its JSON.
// Limits, time: none. Threads: any. Source: the unencrypted .json export of Bitwarden
// (bitwarden.com/help/export-your-data).
#pragma once

#include <cstdint>
#include <string_view>

namespace holdfast::formats {

enum class BitwardenType : std::uint8_t { login = 1, note, card, identity, ssh_key };
enum class BitwardenField : std::uint8_t { text, hidden, boolean, linked };

// The member of an item that holds what is special to a kind; also the prefix of field names.
inline constexpr std::string_view kBitwardenLogin = "login";
inline constexpr std::string_view kBitwardenNote = "secureNote";
inline constexpr std::string_view kBitwardenCard = "card";
inline constexpr std::string_view kBitwardenIdentity = "identity";
inline constexpr std::string_view kBitwardenSshKey = "sshKey";

inline constexpr std::string_view kBitwardenTotp = "login.totp";         // of a kind we cannot use
inline constexpr std::string_view kBitwardenTotpUri = "login.totp.uri";  // with issuer and label
inline constexpr std::string_view kBitwardenUris = "login.uris.";
inline constexpr std::string_view kBitwardenDeleted = "deletedDate";

// Members known to be harmless to show; all others of section "imported" are protected.
[[nodiscard]] inline auto bitwarden_shows(std::string_view path) -> bool {
  constexpr std::string_view kShown[] = {"archivedDate",
                                         "card.brand",
                                         "card.cardholderName",
                                         "card.expMonth",
                                         "card.expYear",
                                         "collectionIds",
                                         kBitwardenDeleted,
                                         "edit",
                                         "favorite",
                                         "folderId",
                                         "identity.address1",
                                         "identity.address2",
                                         "identity.address3",
                                         "identity.city",
                                         "identity.company",
                                         "identity.country",
                                         "identity.email",
                                         "identity.firstName",
                                         "identity.lastName",
                                         "identity.middleName",
                                         "identity.phone",
                                         "identity.postalCode",
                                         "identity.state",
                                         "identity.title",
                                         "identity.username",
                                         "login.passwordRevisionDate",
                                         "object",
                                         "organizationId",
                                         "organizationUseTotp",
                                         "permissions",
                                         "reprompt",
                                         "sshKey.keyFingerprint",
                                         "sshKey.publicKey",
                                         "type",
                                         "viewPassword"};
  for (const std::string_view shown : kShown)
    if (shown == path) return true;
  return path.starts_with(kBitwardenUris);
}

}  // namespace holdfast::formats
