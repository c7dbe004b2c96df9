#include "node/ordering.h"

namespace holdfast::node {
namespace {

constexpr auto kNames = std::to_array<std::string_view>({"solo", "dag"});
constexpr std::size_t kAuthorKeysMax = 64;

}  // namespace

auto ordering_name(OrderingKind kind) -> std::string_view {
  return kNames.at(std::to_underlying(kind));
}

auto ordering_of(std::string_view name) -> std::optional<OrderingKind> {
  for (std::uint8_t i = 0; i < kNames.size(); ++i)
    if (kNames.at(i) == name) return OrderingKind{i};
  return std::nullopt;
}

auto signature_randomness(ports::Entropy& entropy) -> NodeSigner::Randomness {
  NodeSigner::Randomness random{};
  entropy.fill(random);
  return random;
}

auto transaction_verifier() -> VerifyTransaction {
  auto verifiers = std::make_shared<crypto::VerifierCache>(kAuthorKeysMax);
  return [verifiers](model::SignedTransaction transaction, const crypto::PublicKey& author) {
    const base::Bytes message = transaction.signed_message;
    const crypto::Signature signature = transaction.signature;
    return crypto::verify(*verifiers, author, crypto::Purpose::transaction, message, signature,
                          std::move(transaction));
  };
}

}  // namespace holdfast::node
