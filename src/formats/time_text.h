// time_text.h: moments as text, ISO 8601 in the profile of RFC 3339: "2024-02-29T12:00:00.5Z",
// an offset "+02:00", a date alone (midnight UTC). Fractions beyond milliseconds are cut off.
// Limits: years 1970 to 9999. Time: none is read. Threads: any. Errors: bad_time.
// Source: RFC 3339 §5.6.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/ids.h"

namespace holdfast::formats {

[[nodiscard]] auto parse_time(std::string_view text) -> base::Result<model::TimeMs>;
[[nodiscard]] auto format_time(model::TimeMs time) -> std::string;  // "2024-02-29T12:00:00.500Z"

}  // namespace holdfast::formats
