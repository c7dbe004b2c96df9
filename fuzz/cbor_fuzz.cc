// The reader against TinyCBOR: whatever we accept, its strict validation accepts too; whatever that
// accepts and holds nothing but our subset, we accept.
#include <tinycbor/cbor.h>

#include <cstdint>
#include <cstdlib>

#include "codec/cbor_reader.h"

namespace {

using holdfast::base::ByteView;
using holdfast::codec::kDepthMax, holdfast::codec::Reader;

constexpr auto kStrict = static_cast<std::uint32_t>(
    CborValidateCanonicalFormat | CborValidateMapKeysAreUnique | CborValidateUtf8 |
    CborValidateNoUndefined | CborValidateNoTags | CborValidateFiniteFloatingPoint |
    CborValidateNoUnknownSimpleTypes | CborValidateCompleteData);

auto we_accept(ByteView input) -> bool {
  Reader in{input};
  return in.skip_item(kDepthMax) && in.finish();
}

auto they_accept(ByteView input) -> bool {
  CborParser parser;
  CborValue value;
  return cbor_parser_init(input.data(), input.size(), 0, &parser, &value) == CborNoError &&
         cbor_value_validate(&value, kStrict) == CborNoError;
}

// Of a message they accepted: nothing in it that we refuse by design.
auto in_subset(CborValue* at, std::size_t depth_left) -> bool {
  const CborType type = cbor_value_get_type(at);
  if (type == CborArrayType || type == CborMapType) {
    if (depth_left == 0) return false;
    CborValue inside;
    if (cbor_value_enter_container(at, &inside) != CborNoError) return false;
    for (bool is_key = true; !cbor_value_at_end(&inside); is_key = !is_key) {
      const CborType item = cbor_value_get_type(&inside);
      const bool can_be_key =
          item == CborIntegerType || item == CborByteStringType || item == CborTextStringType;
      if (type == CborMapType && is_key && !can_be_key) return false;
      if (!in_subset(&inside, depth_left - 1)) return false;
    }
    return cbor_value_leave_container(at, &inside) == CborNoError;
  }
  const bool is_ours = (type == CborIntegerType && cbor_value_is_unsigned_integer(at)) ||
                       type == CborByteStringType || type == CborTextStringType ||
                       type == CborBooleanType || type == CborNullType;
  return is_ours && cbor_value_advance(at) == CborNoError;
}

auto is_our_subset(ByteView input) -> bool {
  CborParser parser;
  CborValue value;
  if (cbor_parser_init(input.data(), input.size(), 0, &parser, &value) != CborNoError) return false;
  return in_subset(&value, kDepthMax);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input{data, size};
  const bool ours = we_accept(input);
  const bool theirs = they_accept(input);
  if (ours && !theirs) std::abort();
  if (theirs && !ours && is_our_subset(input)) std::abort();
  return 0;
}
