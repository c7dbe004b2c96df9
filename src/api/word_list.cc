#include "api/word_list.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace holdfast::api {
namespace {

using base::Detailed, base::Error, base::fail;

constexpr std::string_view kBlanks = " \t\r";

auto split(std::string_view text, std::string_view separators) -> std::vector<std::string_view> {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return parts;
}

// "11111<tab>abacus" and "abacus" are both the word abacus; anything else is no line of a list.
auto word_of(std::string_view line) -> std::string_view {
  const auto parts = split(line, kBlanks);
  const auto digits = [](std::string_view part) {
    return std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
  };
  if (parts.size() == 1) return parts[0];
  return parts.size() == 2 && digits(parts[0]) ? parts[1] : std::string_view{};
}

}  // namespace

auto eff_large_words() -> std::span<const std::string_view> {
  static const std::vector<std::string_view> words = split(kEffLargeText, " \n");
  return words;
}

auto parse_word_list(std::string_view text) -> Detailed<std::vector<std::string_view>> {
  if (text.size() > kWordListBytesMax) return fail(Error::bad_word_list, "too large");
  if (!base::is_utf8(base::view_of(text))) return fail(Error::bad_word_list, "not UTF-8");
  std::vector<std::string_view> words;
  std::set<std::string_view> seen;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    ++number;
    if (line.find_first_not_of(kBlanks) == std::string_view::npos) continue;
    const std::string place = "line " + std::to_string(number);
    const std::string_view word = word_of(line);
    if (word.empty() || word.size() > kWordBytesMax) return fail(Error::bad_word_list, place);
    if (!seen.insert(word).second) return fail(Error::bad_word_list, place + ", a word again");
    if (words.size() == kWordListWordsMax) return fail(Error::bad_word_list, place);
    words.push_back(word);
  }
  if (words.size() < kWordListWordsMin) {
    return fail(Error::bad_word_list, std::to_string(words.size()) + " words");
  }
  return words;
}

}  // namespace holdfast::api
