// yaml.h: an answer in JSON as block-style YAML. Every text is quoted, so none is taken for a
// number, a date or a truth. Limits: those of the document. Time: none. Threads: one. Errors: none.
// Source: YAML 1.2.2, of which JSON's strings are a part; docs/design/interfaces.md §2, Output.
#pragma once

#include "formats/json_reader.h"

namespace holdfast::cli {

[[nodiscard]] auto yaml_of(const formats::JsonValue& value, base::SecretMemory& memory)
    -> base::SecretBytes;

}  // namespace holdfast::cli
