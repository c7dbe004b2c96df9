// Commits, checkpoints, their votes, and the genesis record.
#include <cstdint>

#include "model/commit.h"
#include "model/genesis.h"
#include "recode.h"

using namespace holdfast;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::ByteView input{data, size};
  const auto encode = [](const auto& value) { return model::encode(value); };
  fuzz::check_recode(input, model::decode_commit(input), encode);
  fuzz::check_recode(input, model::decode_checkpoint(input), encode);
  fuzz::check_recode(input, model::decode_checkpoint_vote(input), encode);
  fuzz::check_recode(input, model::decode_genesis(input), encode);
  return 0;
}
