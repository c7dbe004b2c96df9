// `apply` is total and deterministic: whatever decodes gets an outcome, twice the same, and the
// state after it can be read. The decoded transaction is signed anew by the one author of a small
// vault, as it is (mostly refused for its author or number) and made to fit (so that its changes
// count).
#include <cstdint>
#include <cstdlib>
#include <map>

#include "vault/apply.h"
#include "vault/roles.h"
#include "vault/version_dag.h"

using namespace holdfast;

namespace {

template <class Fixed>
auto filled(std::uint8_t value) -> Fixed {
  Fixed made;
  made.bytes.fill(value);
  return made;
}

class State final : public vault::StateView {
 public:
  [[nodiscard]] auto get(const model::StateKey& key) const
      -> base::Result<std::optional<base::Bytes>> override {
    const auto it = records.find(key);
    return it == records.end() ? std::nullopt : std::optional{it->second};
  }
  std::map<model::StateKey, base::Bytes> records;
};

// An owner, a root category and one secret. The ids are those of the seeds (tests/model/examples.h
// makes them), as far as they are ids that changes name.
class World {
 public:
  World() {
    const auto seed = filled<base::FixedBytes<struct SeedTag, 64>>(1);
    signer_.emplace(
        crypto::Signer::create(crypto::SigningSeed::copy_of(*memory_, seed.view()).value())
            .value());
    put(vault::chain_key(), model::ChainState{.vault = vault,
                                              .height = {},
                                              .timestamp = {},
                                              .time_suspect = false,
                                              .retention = {},
                                              .root_category = category});
    put(vault::roster_key(), model::Roster{{author}});
    put(vault::member_key(author),
        model::MemberState{.record = {.device = author,
                                      .person = {},
                                      .role = vault::kOwner,
                                      .node_key = {},
                                      .author_key = signer_->public_key(),
                                      .wrap_key = model::WrapKeyRecord{},
                                      .sealed_name = {},
                                      .proofs = {{}, {}}},
                           .joined = {},
                           .removed = {}});
    put(vault::category_key(category),
        model::CategoryState{.record = {category, {}, {}}, .generation = generation});
    put(vault::generation_key(category, generation), generation_record());
    put(vault::secret_key(secret), model::SecretState{secret,
                                                      category,
                                                      {{.id = filled<model::VersionId>(5),
                                                        .parents = {},
                                                        .replaces = {},
                                                        .kind = {},
                                                        .body = {},
                                                        .author = author,
                                                        .height = {},
                                                        .index = 0,
                                                        .committed = {}}}});
  }
  auto sign(const model::Transaction& fields) -> std::optional<model::VerifiedTransaction> {
    const auto body = model::encode_unsigned(fields);
    if (!body) return std::nullopt;
    const auto message = model::transaction_message(fields.vault, *body);
    const auto random = filled<base::FixedBytes<struct RandomTag, 32>>(2);
    const auto signature =
        signer_->sign(crypto::Purpose::transaction, message, random.view()).value();
    auto decoded = model::decode_transaction(model::attach_signature(*body, signature));
    if (!decoded) std::abort();
    return crypto::verify(verifiers_, signer_->public_key(), crypto::Purpose::transaction, message,
                          signature, *std::move(decoded))
        .value();
  }
  // The same changes as the author's next transaction.
  [[nodiscard]] auto fitted(model::Transaction fields) const -> model::Transaction {
    fields.vault = vault;
    fields.author = author;
    fields.seq = model::AuthorSeq{1};
    fields.previous.reset();
    std::uint64_t index = 0;
    for (model::Change& change : fields.changes) {
      std::visit([&](auto& what) { fit(what, index); }, change.what);
      ++index;
    }
    return fields;
  }

  State state;
  model::VaultId vault = filled<model::VaultId>(1);
  model::DeviceId author = filled<model::DeviceId>(2);
  model::CategoryId category = filled<model::CategoryId>(3);
  model::SecretId secret = filled<model::SecretId>(4);
  model::Generation generation{3};

 private:
  template <class Record>
  void put(const model::StateKey& key, const Record& record) {
    state.records[key] = model::encode(record);
  }
  [[nodiscard]] auto generation_record() const -> model::KeyGeneration {
    model::KeyGeneration record;
    record.vault = vault;
    record.category = category;
    record.generation = generation;
    record.readers = model::readers_digest({author});
    return record;
  }
  // A random id would never meet one of the vault: half of them, by their last bit, are its own.
  template <class Id>
  static void meet(Id& id, const Id& own) {
    if ((id.bytes.back() & 1) != 0) id = own;
  }
  template <class What>
  void fit(What& what, std::uint64_t index) const {
    if constexpr (requires { what.version.fields; }) {
      model::Version version = what.version.fields;
      version.author = author;
      version.author_seq = model::AuthorSeq{1};
      version.index = index;
      meet(version.secret, secret);
      meet(version.category, category);
      what.version = model::encode(version);
    } else if constexpr (std::is_same_v<What, model::PurgeSecret>) {
      meet(what.secret, secret);
    } else if constexpr (requires { what.generation.wraps; }) {
      what.generation.vault = vault;
      what.generation.readers = model::readers_digest({author});
      what.generation.wraps.resize(1);
      what.generation.wraps[0].device = author;
      what.generation.wraps[0].sealed.resize(model::kSealedKeyBytes);
      if constexpr (requires { what.category.parent; }) {
        if (what.category.parent) meet(*what.category.parent, category);
      } else {
        meet(what.generation.category, category);
        what.generation.previous = model::generation_digest(generation_record());
      }
    } else if constexpr (requires { what.category.sealed_name; }) {
      meet(what.category.id, category);
    } else if constexpr (std::is_same_v<What, model::MoveCategory>) {
      meet(what.category, category);
    }
  }

  std::unique_ptr<base::SecretMemory> memory_ =
      base::SecretMemory::create({.bytes_max = 1 << 20, .lock = base::Lock::none}).value();
  std::optional<crypto::Signer> signer_;
  crypto::VerifierCache verifiers_{1};
};

void check(const World& world, const model::VerifiedTransaction& transaction) {
  const vault::CommitContext context{model::Height{1}, 0, model::TimeMs{1000}};
  const auto outcome = vault::apply(world.state, transaction, context);
  const auto again = vault::apply(world.state, transaction, context);
  if (!outcome || !again) std::abort();
  if (outcome->kind != again->kind || outcome->changes != again->changes) std::abort();
  if (outcome->audit != again->audit) std::abort();
  const bool applied = outcome->kind == model::OutcomeKind::applied;
  if (!applied && !outcome->bodies.empty()) std::abort();

  // Every record it wrote reads back, and the same transaction is then a duplicate.
  vault::StateOverlay after{world.state};
  after.absorb(outcome->changes);
  for (const auto& [key, value] : outcome->changes) {
    if (key.type != model::StateType::secret) continue;
    const auto secret = model::decode_secret_state(*value);
    if (!secret) std::abort();
    (void)vault::heads(*secret);
  }
  const auto repeated = vault::apply(after, transaction, context);
  if (!repeated) std::abort();
  const bool used = outcome->changes.contains(
      vault::sequence_key(transaction->fields.author, transaction->fields.seq));
  if (used != (repeated->kind == model::OutcomeKind::duplicate)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  const auto decoded = model::decode_transaction({data, size});
  if (!decoded) return 0;
  for (const model::Transaction& fields : {decoded->fields, world.fitted(decoded->fields)}) {
    if (const auto transaction = world.sign(fields)) check(world, *transaction);
  }
  return 0;
}
