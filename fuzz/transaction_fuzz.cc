// Transactions, and the versions and stubs that also travel alone.
#include <cstdint>

#include "model/signing.h"
#include "model/transaction.h"
#include "recode.h"

using namespace holdfast;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::ByteView input{data, size};
  fuzz::check_recode(input, model::decode_transaction(input), [](const auto& transaction) {
    const auto body = model::encode_unsigned(transaction.fields);
    if (!body) std::abort();
    if (transaction.signed_message != model::transaction_message(transaction.fields.vault, *body))
      std::abort();
    if (transaction.id.bytes != model::domain_digest("transaction", *body).bytes) std::abort();
    return model::attach_signature(*body, transaction.signature);
  });
  fuzz::check_recode(input, model::decode_version(input),
                     [](const auto& version) { return model::encode(version.fields).bytes; });
  fuzz::check_recode(input, model::decode_stub(input),
                     [](const auto& stub) { return model::encode(stub); });
  return 0;
}
