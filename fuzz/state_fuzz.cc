// The records of the replicated state, the audit log, and the records that changes share.
#include <cstdint>

#include "model/state.h"
#include "recode.h"

using namespace holdfast;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::ByteView input{data, size};
  const auto encode = [](const auto& value) { return model::encode(value); };
  fuzz::check_recode(input, model::decode_chain_state(input), encode);
  fuzz::check_recode(input, model::decode_member_state(input), encode);
  fuzz::check_recode(input, model::decode_author_state(input), encode);
  fuzz::check_recode(input, model::decode_roster(input), encode);
  fuzz::check_recode(input, model::decode_tx_id(input), encode);
  fuzz::check_recode(input, model::decode_category_state(input), encode);
  fuzz::check_recode(input, model::decode_secret_state(input), encode);
  fuzz::check_recode(input, model::decode_audit_record(input), encode);
  fuzz::check_recode(input, model::decode_key_generation(input), encode);
  fuzz::check_recode(input, model::decode_member_record(input), encode);
  return 0;
}
