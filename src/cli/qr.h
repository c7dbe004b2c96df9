// qr.h: a text as a QR code made of characters of a terminal, two rows of squares in each line.
// Black on white whatever the terminal's colours are, with the quiet zone that scanners need.
// Limits: what a QR code holds, 2,953 bytes. Time: none. Threads: one. Errors: Problem with
// Exit::local if it holds more. Source: ISO/IEC 18004; docs/adr/0015.
#pragma once

#include "base/secret.h"
#include "cli/problem.h"

namespace holdfast::cli {

[[nodiscard]] auto qr_text(base::ByteView content, base::SecretMemory& memory)
    -> Outcome<base::SecretBytes>;

}  // namespace holdfast::cli
