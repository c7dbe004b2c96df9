// Blocks and their headers, as they arrive from other validators.
#include <cstdint>

#include "model/commit.h"
#include "recode.h"

using namespace holdfast;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::ByteView input{data, size};
  const auto encode = [](const auto& value) { return model::encode(value); };
  fuzz::check_recode(input, model::decode_block(input), [](const model::Block& block) {
    if (model::encode(block.fields) != block.header) std::abort();
    return model::encode(block);
  });
  fuzz::check_recode(input, model::decode_header(input), encode);
  return 0;
}
