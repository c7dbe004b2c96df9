// Holdfast's own encrypted file and Bitwarden's: the first byte chooses how deep the input goes. No
// key is known to a fuzzer, so the content behind the encryption is fed directly; what is read of
// it must be encodable, be written again and come back the same.
#include "formats/bitwarden_encrypted.h"
#include "formats/holdfast_file.h"
#include "formats/secret_text.h"
#include "imported.h"

namespace {

namespace base = holdfast::base;
namespace model = holdfast::model;
using namespace holdfast::formats;
using namespace holdfast::fuzz;

void fuzz_content(base::ByteView content) {
  const auto read = decode_holdfast_content(content, memory());
  if (!read) return;
  const auto out = encode_holdfast_content(for_export(*read), read->folders, memory());
  require(out.has_value());
  const auto second = decode_holdfast_content(base::view_of(peek(*out)), memory());
  require(second.has_value());
  const auto again = encode_holdfast_content(for_export(*second), second->folders, memory());
  require(again.has_value());
  require(peek(*again) == peek(*out));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::ByteView input{data + 1, size - 1};
  switch (data[0] % 3) {
    case 0:
      fuzz_content(input);
      break;
    case 1:  // without a key it ends where the key would be derived
      (void)open_holdfast_file(input, {}, memory());
      break;
    default:
      (void)import_bitwarden_encrypted(input, {}, kNow, memory());
      break;
  }
  return 0;
}
