#include "vault/state_view.h"

#include <utility>

namespace holdfast::vault {
namespace {

using model::StateKey;
using model::StateType;

void append_big_endian(Bytes& to, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    to.push_back(static_cast<std::uint8_t>(value >> shift));
}

template <class Decode>
auto lookup(const StateView& view, const StateKey& key, Decode decode)
    -> Result<std::optional<typename decltype(decode(base::ByteView{}))::value_type>> {
  TRY(found, view.get(key));
  if (!found) return std::nullopt;
  TRY(record, decode(base::ByteView{*found}));
  return record;
}

}  // namespace

auto chain_key() -> StateKey { return {StateType::chain, {}}; }
auto roster_key() -> StateKey { return {StateType::roster, {}}; }
auto settings_key() -> StateKey { return {StateType::settings, {}}; }
auto member_key(const model::DeviceId& id) -> StateKey {
  return {StateType::member, base::to_bytes(id.view())};
}
auto author_key(const model::DeviceId& id) -> StateKey {
  return {StateType::author, base::to_bytes(id.view())};
}
auto category_key(const model::CategoryId& id) -> StateKey {
  return {StateType::category, base::to_bytes(id.view())};
}
auto generation_key(const model::CategoryId& id, model::Generation generation) -> StateKey {
  StateKey key{StateType::generation, base::to_bytes(id.view())};
  append_big_endian(key.id, std::to_underlying(generation));
  return key;
}
auto secret_key(const model::SecretId& id) -> StateKey {
  return {StateType::secret, base::to_bytes(id.view())};
}
auto sequence_key(const model::DeviceId& author, model::AuthorSeq seq) -> StateKey {
  StateKey key{StateType::sequence, base::to_bytes(author.view())};
  append_big_endian(key.id, std::to_underlying(seq));
  return key;
}
auto sequence_used_key(const model::TxId& id) -> StateKey {
  return {StateType::sequence_used, base::to_bytes(id.view())};
}

auto chain(const StateView& view) -> Result<model::ChainState> {
  TRY(found, view.get(chain_key()));
  if (!found) return fail(Error::store_corrupt);
  return model::decode_chain_state(*found);
}
auto roster(const StateView& view) -> Result<model::Roster> {
  TRY(found, view.get(roster_key()));
  if (!found) return fail(Error::store_corrupt);
  return model::decode_roster(*found);
}
auto member(const StateView& view, const model::DeviceId& id)
    -> Result<std::optional<model::MemberState>> {
  return lookup(view, member_key(id), model::decode_member_state);
}
auto author(const StateView& view, const model::DeviceId& id) -> Result<model::AuthorState> {
  TRY(found, lookup(view, author_key(id), model::decode_author_state));
  return found.value_or(model::AuthorState{});
}
auto category(const StateView& view, const model::CategoryId& id)
    -> Result<std::optional<model::CategoryState>> {
  return lookup(view, category_key(id), model::decode_category_state);
}
auto generation(const StateView& view, const model::CategoryId& id, model::Generation number)
    -> Result<std::optional<model::KeyGeneration>> {
  return lookup(view, generation_key(id, number), model::decode_key_generation);
}
auto secret(const StateView& view, const model::SecretId& id)
    -> Result<std::optional<model::SecretState>> {
  return lookup(view, secret_key(id), model::decode_secret_state);
}
auto sequence(const StateView& view, const model::DeviceId& author, model::AuthorSeq seq)
    -> Result<std::optional<model::TxId>> {
  return lookup(view, sequence_key(author, seq), model::decode_tx_id);
}

}  // namespace holdfast::vault
