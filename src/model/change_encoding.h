// change_encoding.h: one change of a transaction as CBOR; internal to the module.
// Limits: transaction.h. Threads: pure. Errors: as encoding.h, too_deep (Propose in a Propose),
// out_of_range (unknown number of a change). Source: docs/formats.cddl, change.
#pragma once

#include "model/encoding.h"
#include "model/transaction.h"

namespace holdfast::model {

void write(Writer& out, const Change& change);
[[nodiscard]] auto read(Reader& in, Change& change) -> Result<void>;
[[nodiscard]] auto is_nested_proposal(const Change& change) -> bool;

}  // namespace holdfast::model
