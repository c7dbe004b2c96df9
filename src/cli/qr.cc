#include "cli/qr.h"

#include <qrencode.h>

#include <memory>

namespace holdfast::cli {
namespace {

constexpr int kQuietZone = 4;  // squares on every side

struct Free {
  void operator()(QRcode* code) const { QRcode_free(code); }
};
using Code = std::unique_ptr<QRcode, Free>;

auto is_black(const QRcode& code, int row, int column) -> bool {
  if (row < 0 || column < 0 || row >= code.width || column >= code.width) return false;
  return (code.data[row * code.width + column] & 1U) != 0;
}

}  // namespace

auto qr_text(base::ByteView content, base::SecretMemory& memory) -> Outcome<base::SecretBytes> {
  const Code code{
      QRcode_encodeData(static_cast<int>(content.size()), content.data(), 0, QR_ECLEVEL_L)};
  if (!code) {
    return problem(Exit::local, "the value is empty or too long for a QR code (2953 bytes at most)",
                   "get it without --qr");
  }
  base::SecretBytes text{memory};
  const auto put = [&](std::string_view some) {
    text.buffer().insert(text.buffer().end(), some.begin(), some.end());
  };
  const int end = code->width + kQuietZone;
  for (int row = -kQuietZone; row < end; row += 2) {
    put("\x1b[30;107m");  // black on white
    for (int column = -kQuietZone; column < end; ++column) {
      const bool upper = is_black(*code, row, column);
      const bool lower = is_black(*code, row + 1, column);
      put(upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ");
    }
    put("\x1b[0m\n");
  }
  return text;
}

}  // namespace holdfast::cli
