#include "formats/time_text.h"

#include <chrono>
#include <cstdint>
#include <cstdio>

namespace holdfast::formats {
namespace {

using base::Error, base::fail, base::Result;

// Reads a fixed grammar from the left; every step says whether it matched.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_{text} {}
  [[nodiscard]] auto done() const -> bool { return text_.empty(); }

  auto take(std::string_view any_of) -> char {  // NUL: none of them is next
    if (text_.empty() || !any_of.contains(text_.front())) return '\0';
    const char c = text_.front();
    text_.remove_prefix(1);
    return c;
  }
  auto number(std::size_t digits, unsigned& value) -> bool {
    if (text_.size() < digits) return false;
    value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const char c = text_[i];
      if (c < '0' || c > '9') return false;
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    text_.remove_prefix(digits);
    return true;
  }
  auto fraction(unsigned& milliseconds) -> bool {
    std::size_t digits = 0;
    unsigned scale = 100;
    for (milliseconds = 0; digits < text_.size(); ++digits, scale /= 10) {
      const char c = text_[digits];
      if (c < '0' || c > '9') break;
      milliseconds += static_cast<unsigned>(c - '0') * scale;
    }
    text_.remove_prefix(digits);
    return digits > 0;
  }

 private:
  std::string_view text_;
};

struct TimeOfDay {
  unsigned hour = 0, minute = 0, second = 0, milliseconds = 0;
  std::int64_t offset_minutes = 0;
};

auto parse_offset(Cursor& cursor, TimeOfDay& time) -> bool {
  const char sign = cursor.take("Zz+-");
  if (sign == '\0') return false;
  if (sign == 'Z' || sign == 'z') return true;
  unsigned hours = 0;
  unsigned minutes = 0;
  if (!cursor.number(2, hours) || cursor.take(":") == '\0' || !cursor.number(2, minutes))
    return false;
  if (hours > 23 || minutes > 59) return false;
  time.offset_minutes = hours * 60 + minutes;
  if (sign == '-') time.offset_minutes = -time.offset_minutes;
  return true;
}

auto parse_time_of_day(Cursor& cursor, TimeOfDay& time) -> bool {
  if (!cursor.number(2, time.hour) || cursor.take(":") == '\0' || !cursor.number(2, time.minute))
    return false;
  if (cursor.take(":") != '\0' && !cursor.number(2, time.second)) return false;
  if (cursor.take(".,") != '\0' && !cursor.fraction(time.milliseconds)) return false;
  if (time.hour > 23 || time.minute > 59 || time.second > 60) return false;  // 60: a leap second
  return parse_offset(cursor, time);
}

}  // namespace

auto parse_time(std::string_view text) -> Result<model::TimeMs> {
  Cursor cursor{text};
  unsigned year = 0;
  unsigned month = 0;
  unsigned day = 0;
  if (!cursor.number(4, year) || cursor.take("-") == '\0' || !cursor.number(2, month) ||
      cursor.take("-") == '\0' || !cursor.number(2, day))
    return fail(Error::bad_time);
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)},
                                         std::chrono::month{month}, std::chrono::day{day}};
  if (!date.ok()) return fail(Error::bad_time);
  TimeOfDay time;
  if (!cursor.done()) {
    if (cursor.take("Tt ") == '\0' || !parse_time_of_day(cursor, time) || !cursor.done())
      return fail(Error::bad_time);
  }
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  const std::int64_t minutes = (days * 24 + time.hour) * 60 + time.minute - time.offset_minutes;
  const std::int64_t ms = (minutes * 60 + time.second) * 1000 + time.milliseconds;
  if (ms < 0) return fail(Error::bad_time);
  return model::TimeMs{static_cast<std::uint64_t>(ms)};
}

auto format_time(model::TimeMs time) -> std::string {
  constexpr std::uint64_t kLast = 253'402'300'799'999;  // the end of 9999, all the format can say
  const std::uint64_t ms = std::min(std::to_underlying(time), kLast);
  const std::uint64_t day_ms = ms % 86'400'000;
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{static_cast<int>(ms / 86'400'000)}}};
  char text[64];
  const int size = std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02u:%02u:%02u.%03uZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<unsigned>(day_ms / 3'600'000), static_cast<unsigned>(day_ms / 60'000 % 60),
      static_cast<unsigned>(day_ms / 1000 % 60), static_cast<unsigned>(day_ms % 1000));
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace holdfast::formats
