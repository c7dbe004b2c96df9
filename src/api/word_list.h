// word_list.h: the words that word passphrases are drawn from: the EFF large list, or a user's.
// Invariant: the words of a list differ, so that every draw adds the same entropy.
// A list in a file has one word a line; a dice number before the word (11111<tab>abacus) is left
// out. Limits: kWordListBytesMax, kWordListWordsMin to kWordListWordsMax words, kWordBytesMax.
// Time: none. Threads: any; views live as long as the text. Errors: bad_word_list.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holdfast::api {

inline constexpr std::size_t kEffLargeWords = 7776;     // five throws of a die
inline constexpr std::size_t kWordListWordsMin = 1000;  // fewer are a mistake: 10 bits a word
inline constexpr std::size_t kWordListWordsMax = 1'000'000;
inline constexpr std::size_t kWordListBytesMax = std::size_t{16} << 20;
inline constexpr std::size_t kWordBytesMax = 64;

extern const std::string_view kEffLargeText;  // separated by single blanks or line breaks

[[nodiscard]] auto eff_large_words() -> std::span<const std::string_view>;
[[nodiscard]] auto parse_word_list(std::string_view text)
    -> base::Detailed<std::vector<std::string_view>>;

}  // namespace holdfast::api
