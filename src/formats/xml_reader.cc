#include "formats/xml_reader.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "formats/secret_text.h"

namespace holdfast::formats {
namespace {

using base::Error, base::fail, base::Result, base::SecretMemory;

constexpr std::string_view kBlanks = " \t\r\n";

auto is_name_start(char c) -> bool {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == ':';
}
auto is_name_char(char c) -> bool {
  return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}
auto is_blank(std::string_view text) -> bool {
  return text.find_first_not_of(kBlanks) == std::string_view::npos;
}

auto is_bare_control(char c) -> bool {
  return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

// U+FFFE and U+FFFF, the only characters beyond the controls that XML leaves out of UTF-8.
auto is_noncharacter(std::string_view text) -> bool {
  return text.starts_with("\xEF\xBF\xBE") || text.starts_with("\xEF\xBF\xBF");
}

auto is_xml_char(std::uint32_t code) -> bool {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  return code < 0xD800 || (code >= 0xE000 && code <= 0xFFFD) ||
         (code >= 0x10000 && code <= 0x10FFFF);
}

template <class Out>
void put(Out& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}

template <class Out>
void put_utf8(Out& out, std::uint32_t code) {
  const auto byte = [&](std::uint32_t value) { out.push_back(static_cast<char>(value)); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | code >> 6);
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

// What stands between '&' and ';'. Zero: no such thing.
auto entity(std::string_view name) -> std::uint32_t {
  if (name == "lt") return '<';
  if (name == "gt") return '>';
  if (name == "amp") return '&';
  if (name == "quot") return '"';
  if (name == "apos") return '\'';
  if (!name.starts_with('#')) return 0;
  const bool hex = name.starts_with("#x");
  name.remove_prefix(hex ? 2 : 1);
  std::uint32_t code = 0;
  const auto [end, error] =
      std::from_chars(name.data(), name.data() + name.size(), code, hex ? 16 : 10);
  const bool whole = error == std::errc{} && end == name.data() + name.size();
  return whole && is_xml_char(code) ? code : 0;
}

}  // namespace

XmlReader::XmlReader(std::string_view text, SecretMemory& memory)
    : text_{text}, attributes_{&memory}, scratch_{&memory} {
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

auto XmlReader::line() const -> std::size_t {
  return 1 + static_cast<std::size_t>(std::ranges::count(text_.substr(0, at_), '\n'));
}

auto XmlReader::attribute(std::string_view name) const -> std::string_view {
  for (const Attribute& one : attributes_)
    if (one.name == name) return one.value;
  return {};
}

auto XmlReader::is_true(std::string_view attribute) const -> bool {
  const std::string_view value = this->attribute(attribute);
  return value == "True" || value == "true";
}

auto XmlReader::content_since(std::size_t begin) const -> std::string_view {
  return end_tag_at_ < begin ? std::string_view{} : text_.substr(begin, end_tag_at_ - begin);
}

auto XmlReader::skip_blanks() -> bool {
  const std::size_t next = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
  return std::exchange(at_, next) != next;
}

auto XmlReader::open_root() -> Result<void> {
  if (!base::is_utf8(base::view_of(text_))) return fail(Error::bad_utf8);
  if (rest().starts_with("<?xml")) TRY_DO(declaration());
  if (std::ranges::any_of(text_, is_bare_control)) return fail(Error::bad_xml);
  while (true) {
    TRY(token, next_token());
    if (token == Token::start) return {};
    if (token != Token::text || !is_blank(run_)) return fail(Error::bad_xml);
  }
}

auto XmlReader::finish() -> Result<void> {
  while (true) {
    TRY(token, next_token());
    if (token == Token::none) return {};
    if (token != Token::text || !is_blank(run_)) return fail(Error::bad_xml);
  }
}

auto XmlReader::next_child(bool mixed) -> Result<bool> {
  while (true) {
    TRY(token, next_token());
    if (token == Token::start) return true;
    if (token == Token::end) return false;
    if (token == Token::none) return fail(Error::bad_xml);
    if (!mixed && !is_blank(run_)) return fail(Error::bad_xml);
  }
}

auto XmlReader::text() -> Result<std::string_view> {
  scratch_.clear();
  while (true) {
    TRY(token, next_token());
    if (token == Token::end) return std::string_view{scratch_.data(), scratch_.size()};
    if (token != Token::text) return fail(Error::bad_xml);
    if (run_is_plain_) {
      put(scratch_, run_);
    } else {
      TRY_DO(decode(run_, scratch_));
    }
  }
}

auto XmlReader::next_token() -> Result<Token> {
  if (ends_at_once_) {
    ends_at_once_ = false;
    end_tag_at_ = at_;
    open_.pop_back();
    return Token::end;
  }
  while (true) {
    if (at_ == text_.size())
      return open_.empty() ? Result<Token>{Token::none} : fail(Error::bad_xml);
    if (text_[at_] != '<') {
      const std::size_t end = std::min(text_.find('<', at_), text_.size());
      run_ = text_.substr(at_, end - at_);
      run_is_plain_ = false;
      at_ = end;
      if (open_.empty() && !is_blank(run_)) return fail(Error::bad_xml);
      return Token::text;
    }
    if (!rest().starts_with("<!--")) return markup();
    TRY_DO(comment());
  }
}

auto XmlReader::markup() -> Result<Token> {
  constexpr std::string_view kCdata = "<![CDATA[", kCdataEnd = "]]>";
  if (rest().starts_with(kCdata)) {
    if (open_.empty()) return fail(Error::bad_xml);
    const std::size_t begin = at_ + kCdata.size();
    const std::size_t end = text_.find(kCdataEnd, begin);
    if (end == std::string_view::npos) return fail(Error::bad_xml);
    run_ = text_.substr(begin, end - begin);
    run_is_plain_ = true;
    at_ = end + kCdataEnd.size();
    return Token::text;
  }
  if (rest().starts_with("<!") || rest().starts_with("<?")) return fail(Error::xml_doctype);
  return rest().starts_with("</") ? end_tag() : start_tag();
}

auto XmlReader::comment() -> Result<void> {
  const std::size_t end = text_.find("--", at_ + 4);
  if (end == std::string_view::npos || !text_.substr(end).starts_with("-->"))
    return fail(Error::bad_xml);
  at_ = end + 3;
  return {};
}

auto XmlReader::declaration() -> Result<void> {
  const std::size_t end = text_.find("?>", at_);
  if (end == std::string_view::npos) return fail(Error::bad_xml);
  const std::string_view inside = text_.substr(at_, end - at_);
  at_ = end + 2;
  if (inside.size() > 2 * kXmlNameBytesMax) return fail(Error::bad_xml);
  const std::size_t encoding = inside.find("encoding");
  if (encoding == std::string_view::npos) return {};  // UTF-8 then
  const std::string_view named = inside.substr(encoding);
  const bool utf8 = named.contains("utf-8") || named.contains("UTF-8");
  return utf8 ? Result<void>{} : fail(Error::bad_utf8);
}

auto XmlReader::take_name() -> Result<std::string_view> {
  const std::string_view from = rest();
  std::size_t size = 0;
  while (size < from.size() && is_name_char(from[size])) ++size;
  if (size == 0 || size > kXmlNameBytesMax || !is_name_start(from[0])) return fail(Error::bad_xml);
  at_ += size;
  return from.substr(0, size);
}

auto XmlReader::take_attribute() -> Result<void> {
  if (attributes_.size() == kXmlAttributesMax) return fail(Error::bad_xml);
  TRY(name, take_name());
  for (const Attribute& before : attributes_)
    if (before.name == name) return fail(Error::bad_xml);
  skip_blanks();
  if (!rest().starts_with('=')) return fail(Error::bad_xml);
  ++at_;
  skip_blanks();
  if (!rest().starts_with('"') && !rest().starts_with('\'')) return fail(Error::bad_xml);
  const std::size_t end = text_.find(text_[at_], at_ + 1);
  if (end == std::string_view::npos) return fail(Error::bad_xml);
  const std::string_view raw = text_.substr(at_ + 1, end - at_ - 1);
  if (raw.contains('<')) return fail(Error::bad_xml);
  attributes_.push_back(
      {name, std::pmr::string{std::pmr::polymorphic_allocator<char>{scratch_.get_allocator()}}});
  TRY_DO(decode(raw, attributes_.back().value));
  at_ = end + 1;
  return {};
}

auto XmlReader::start_tag() -> Result<Token> {
  if (open_.size() == kXmlDepthMax) return fail(Error::groups_too_deep);
  ++at_;
  TRY(name, take_name());
  attributes_.clear();
  while (true) {
    const bool blank = skip_blanks();
    if (rest().starts_with('>') || rest().starts_with("/>")) break;
    if (!blank) return fail(Error::bad_xml);
    TRY_DO(take_attribute());
  }
  ends_at_once_ = text_[at_] == '/';
  at_ += ends_at_once_ ? 2 : 1;
  name_ = name;
  open_.push_back(name);
  return Token::start;
}

auto XmlReader::end_tag() -> Result<Token> {
  end_tag_at_ = at_;
  at_ += 2;
  TRY(name, take_name());
  skip_blanks();
  if (!rest().starts_with('>') || open_.empty() || open_.back() != name)
    return fail(Error::bad_xml);
  ++at_;
  open_.pop_back();
  return Token::end;
}

template <class Out>
auto XmlReader::decode(std::string_view raw, Out& out) -> Result<void> {
  while (true) {
    const std::size_t stop = std::min(raw.find_first_of("&\r"), raw.size());
    put(out, raw.substr(0, stop));
    raw.remove_prefix(stop);
    if (raw.empty()) return {};
    if (raw.front() == '\r') {  // CRLF and a CR alone are one LF
      raw.remove_prefix(raw.starts_with("\r\n") ? 2 : 1);
      out.push_back('\n');
      continue;
    }
    constexpr std::size_t kEntityBytesMax = 16;
    const std::size_t end = raw.substr(0, kEntityBytesMax).find(';');
    if (end == std::string_view::npos) return fail(Error::bad_xml);
    const std::uint32_t code = entity(raw.substr(1, end - 1));
    if (code == 0) return fail(Error::bad_xml);
    put_utf8(out, code);
    raw.remove_prefix(end + 1);
  }
}

auto xml_can_hold(std::string_view text) -> bool {
  return !std::ranges::any_of(text, is_bare_control) && !text.contains("\xEF\xBF\xBE") &&
         !text.contains("\xEF\xBF\xBF");
}

auto xml_clean(std::string_view text, SecretMemory& memory) -> base::SecretBytes {
  base::SecretBytes clean{memory};
  clean.buffer().reserve(text.size());
  while (!text.empty()) {
    const bool three = is_noncharacter(text);
    const bool bad = three || is_bare_control(text.front());
    clean.buffer().push_back(static_cast<std::uint8_t>(bad ? '?' : text.front()));
    text.remove_prefix(three ? 3 : 1);
  }
  return clean;
}

}  // namespace holdfast::formats
