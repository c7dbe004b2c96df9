// xml_reader.h: the XML that KeePass programs write, pulled element by element.
// Strict and small: UTF-8; one root; elements, attributes, text, CDATA, comments, the five
// predefined entities and numbers of characters. A document type, other entities and processing
// instructions are refused, so nothing expands. Line ends are read as XML says: CRLF is LF.
// Why not the planned library (pugixml): its memory functions are global, without a context, so two
// SecretMemory objects in one process could not be told apart; it builds a tree of all plaintext
// where one pass is enough; it has no bound for depth; it accepts more than these files need. Here
// names and undecoded texts are views of the file, the rest is one scratch buffer in wiped memory.
// Limits: below; the file's size is the caller's. Time: none. Threads: one. Errors: bad_xml,
// bad_utf8, xml_doctype, groups_too_deep; the place is line(). Throws std::bad_alloc. Source: XML
// 1.0 (fifth edition) §2.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace holdfast::formats {

inline constexpr std::size_t kXmlDepthMax = 64;       // of open elements
inline constexpr std::size_t kXmlAttributesMax = 16;  // of one element
inline constexpr std::size_t kXmlNameBytesMax = 128;

class XmlReader {
 public:
  XmlReader(std::string_view text, base::SecretMemory& memory);

  [[nodiscard]] auto open_root() -> base::Result<void>;  // first
  [[nodiscard]] auto finish() -> base::Result<void>;     // last: nothing may follow the root
  // Opens the next child of the innermost open element. False: there is none, and that element is
  // closed. Between children only blanks may stand, unless `mixed`.
  [[nodiscard]] auto next_child(bool mixed = false) -> base::Result<bool>;
  // The whole text of the innermost open element, which is closed. Valid until the next call.
  [[nodiscard]] auto text() -> base::Result<std::string_view>;

  // Of the element that was opened last, until the next one is.
  [[nodiscard]] auto name() const -> std::string_view { return name_; }
  [[nodiscard]] auto attribute(std::string_view name) const -> std::string_view;  // or empty
  [[nodiscard]] auto is_true(std::string_view attribute) const -> bool;

  // What stands in the file between the start tag just read and the end tag read later.
  [[nodiscard]] auto content_begin() const -> std::size_t { return at_; }
  [[nodiscard]] auto content_since(std::size_t begin) const -> std::string_view;
  [[nodiscard]] auto line() const -> std::size_t;  // of where it stands, from 1

 private:
  enum class Token : std::uint8_t { start, end, text, none };
  struct Attribute {
    std::string_view name;
    std::pmr::string value;
  };
  [[nodiscard]] auto next_token() -> base::Result<Token>;
  [[nodiscard]] auto markup() -> base::Result<Token>;
  [[nodiscard]] auto start_tag() -> base::Result<Token>;
  [[nodiscard]] auto end_tag() -> base::Result<Token>;
  [[nodiscard]] auto comment() -> base::Result<void>;
  [[nodiscard]] auto declaration() -> base::Result<void>;
  [[nodiscard]] auto take_name() -> base::Result<std::string_view>;
  [[nodiscard]] auto take_attribute() -> base::Result<void>;
  template <class Out>
  [[nodiscard]] auto decode(std::string_view raw, Out& out) -> base::Result<void>;
  auto skip_blanks() -> bool;
  [[nodiscard]] auto rest() const -> std::string_view { return text_.substr(at_); }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t end_tag_at_ = 0;            // where the last end tag began
  bool ends_at_once_ = false;             // the element just opened was <like/>
  std::vector<std::string_view> open_{};  // names of the open elements
  std::string_view name_{};
  std::pmr::vector<Attribute> attributes_;
  std::string_view run_{};  // the text token, undecoded
  bool run_is_plain_ = false;
  std::pmr::vector<char> scratch_;
};

// Whether XML can hold the text; if not, clean() puts '?' for each character that it cannot.
[[nodiscard]] auto xml_can_hold(std::string_view text) -> bool;
[[nodiscard]] auto xml_clean(std::string_view text, base::SecretMemory& memory)
    -> base::SecretBytes;

}  // namespace holdfast::formats
