// transaction.h: the signed envelope of changes by one author.
// The signature covers every byte before it. A decoded transaction keeps its bytes; they are stored
// and resent, never rebuilt. SignedTransaction proves nothing: only VerifiedTransaction does.
// Limits: kChangesMax, kTransactionBytesMax. Time: none. Threads: values.
// Errors: the codec's, too_long, unsupported_version, unsupported_suite. Source: docs/formats.cddl.
#pragma once

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "crypto/verified.h"
#include "model/records.h"
#include "model/version.h"

namespace holdfast::model {

inline constexpr std::size_t kChangesMax = 256;
inline constexpr std::size_t kTransactionBytesMax = 2 << 20;
inline constexpr std::size_t kValidatorsMax = 100;

struct AddSecret {
  EncodedVersion version;
};
struct UpdateSecret {
  EncodedVersion version;
};
struct DeleteSecret {
  EncodedVersion version;
};
struct PurgeSecret {
  SecretId secret;
};
struct AddCategory {
  CategoryRecord category;
  KeyGeneration generation;
};
struct RenameCategory {
  CategoryRecord category;
};
struct MoveCategory {
  CategoryId category;
  std::optional<CategoryId> parent;
};
struct DeleteCategory {
  CategoryId category;
};
struct AddMember {
  MemberRecord member;
};
struct RemoveMember {
  DeviceId device;
};
struct SetRole {
  DeviceId device;
  std::optional<CategoryId> category;
  RoleId role{};
};
struct DefineRole {
  RoleRecord role;
};
struct SetPolicy {
  PolicyRecord policy;
};
struct StartKeyGeneration {
  KeyGeneration generation;
};
struct GrantKey {
  KeyGrant grant;
};
struct RewrapKeys {
  RewrapRecord rewrap;
};
struct RenewWrapKey {
  WrapKeyRecord key;
};
struct SetValidators {
  std::vector<DeviceId> devices;
};
struct SetStrategy {
  base::Bytes sealed_settings;
};
struct SetRetention {
  Retention retention;
};
struct Change;
struct Propose {
  std::shared_ptr<const Change> proposal;
};  // never a Propose itself
struct Approve {
  TxId proposal;
};
struct CloseEpoch {};
struct ConfirmTime {
  TimeMs time{};
};

struct Change {
  std::variant<AddSecret, UpdateSecret, DeleteSecret, PurgeSecret, AddCategory, RenameCategory,
               MoveCategory, DeleteCategory, AddMember, RemoveMember, SetRole, DefineRole,
               SetPolicy, StartKeyGeneration, GrantKey, RewrapKeys, RenewWrapKey, SetValidators,
               SetStrategy, SetRetention, Propose, Approve, CloseEpoch, ConfirmTime>
      what;
};

struct Transaction {
  VaultId vault;
  DeviceId author;
  AuthorSeq seq{};
  std::optional<TxId> previous;
  Height height_seen{};
  TimeMs created{};
  std::vector<Change> changes;  // 1 to kChangesMax
};

struct SignedTransaction {
  Transaction fields;
  TxId id;
  base::Bytes bytes;           // the whole, with signature
  base::Bytes signed_message;  // what the signature covers (signing.h)
  crypto::Signature signature;
};
using VerifiedTransaction = crypto::Verified<SignedTransaction>;

// The body to sign: the encoded transaction without its signature.
[[nodiscard]] auto encode_unsigned(const Transaction& transaction) -> base::Result<base::Bytes>;
[[nodiscard]] auto transaction_message(const VaultId& vault, base::ByteView unsigned_body)
    -> base::Bytes;
[[nodiscard]] auto attach_signature(base::ByteView unsigned_body,
                                    const crypto::Signature& signature) -> base::Bytes;
// Decodes strictly: what is accepted here encodes again to the same bytes.
[[nodiscard]] auto decode_transaction(base::ByteView encoded) -> base::Result<SignedTransaction>;

}  // namespace holdfast::model
