// The passphrase of a vault, changed: the keys in the header are sealed anew.
#include "node/vault_impl.h"

namespace holdfast::node {

auto DistributedVault::Impl::change_passphrase(const base::SecretBytes& from,
                                               const base::SecretBytes& to,
                                               std::optional<crypto::Argon2Params> kdf)
    -> Detailed<void> {
  if (to.empty()) return base::fail(base::Error::passphrase_empty);
  const std::scoped_lock changing{passphrase_};
  HeaderFile next = header();
  TRY(keys, open_user_keys(next, from, ports_));
  if (kdf) next.kdf = *kdf;
  TRY(sealed, seal_user_keys(std::move(next), to, keys, ports_));
  TRY_DO(store::write_file_atomic(folder_ / "header", encode(sealed)));
  const std::scoped_lock lock{header_mutex_};
  header_.kdf = sealed.kdf;  // member by member: others read vault and device meanwhile
  header_.salt = sealed.salt;
  header_.nonce = sealed.nonce;
  header_.commitment = sealed.commitment;
  header_.sealed = std::move(sealed.sealed);
  return {};
}

}  // namespace holdfast::node
