#include "base/error.h"

namespace holdfast::base {

auto error_name(Error error) -> std::string_view {
  switch (error) {
#define HOLDFAST_ERROR_NAME(name, number, text) \
  case Error::name:                             \
    return #name;
    HOLDFAST_ERRORS(HOLDFAST_ERROR_NAME)
#undef HOLDFAST_ERROR_NAME
  }
  return "unknown_error";
}

auto error_text(Error error) -> std::string_view {
  switch (error) {
#define HOLDFAST_ERROR_TEXT(name, number, text) \
  case Error::name:                             \
    return text;
    HOLDFAST_ERRORS(HOLDFAST_ERROR_TEXT)
#undef HOLDFAST_ERROR_TEXT
  }
  return "unknown error";
}

}  // namespace holdfast::base
