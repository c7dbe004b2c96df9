#include "node/keyring.h"

#include "model/state.h"

namespace holdfast::node {

using base::ByteView;
using base::Error;
using base::fail;
using base::Result;
using model::KeyGeneration;

auto Keyring::create(const UserKeys& keys, const Ports& ports) -> Result<std::unique_ptr<Keyring>> {
  TRY(signer, crypto::Signer::create(keys.author));
  TRY(wrap, crypto::Decapsulator::create(keys.wrap));
  return std::unique_ptr<Keyring>{new Keyring{std::move(signer), std::move(wrap), ports}};
}

auto Keyring::load(const ports::Reader& store, const model::DeviceId& device) -> Result<void> {
  const auto first = static_cast<std::uint8_t>(model::StateType::generation);
  const base::Bytes from{first};
  const base::Bytes to{static_cast<std::uint8_t>(first + 1)};
  Result<void> opened;
  TRY_DO(store.scan(ports::Column::state, from, to, [&](ByteView, ByteView value) {
    auto record = model::decode_key_generation(value);
    opened = record ? open(*record, device) : Result<void>{fail(Error::store_corrupt)};
    return opened.has_value();
  }));
  return opened;
}

auto Keyring::open(const KeyGeneration& record, const model::DeviceId& device) -> Result<void> {
  const auto is_ours = [&](const auto& wrap) { return wrap.device == device; };
  if (!std::ranges::any_of(record.wraps, is_ours)) return {};  // not ours to read
  TRY(key, vault::open_generation(aead_, record, device, wrap_, ports_.keys));
  keys_.insert_or_assign({record.category, record.generation}, std::move(key));
  return {};
}

auto Keyring::category_key(const model::CategoryId& category, model::Generation generation) const
    -> const vault::CategoryKey* {
  const auto it = keys_.find({category, generation});
  return it == keys_.end() ? nullptr : &it->second;
}

}  // namespace holdfast::node
