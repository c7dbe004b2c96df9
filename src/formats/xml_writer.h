// xml_writer.h: the XML that KeePass programs read, into a buffer in wiped memory.
// One line for each element. Texts must be such that XML can hold them (xml_can_hold); a CR is
// written by its number, since readers turn a bare one into LF. Limits: none. Time: none. Threads:
// one. Errors: throws std::bad_alloc. Source: XML 1.0 (fifth edition) §2.
#pragma once

#include <string_view>

#include "base/secret.h"
#include "formats/secret_text.h"

namespace holdfast::formats {

class XmlWriter {
 public:
  explicit XmlWriter(base::SecretBytes::Buffer& out) : out_{out} {
    append_text(out_, "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\n");
  }

  void open(std::string_view name) { begin(name), append_text(out_, ">\n"); }
  void close(std::string_view name) {
    append_text(out_, "</");
    append_text(out_, name);
    append_text(out_, ">\n");
  }
  void leaf(std::string_view name, std::string_view text) { leaf(name, {}, {}, text); }
  // With one attribute, unless its name is empty.
  void leaf(std::string_view name, std::string_view attribute, std::string_view value,
            std::string_view text) {
    begin(name, attribute, value);
    append_text(out_, ">");
    escaped(text);
    close(name);
  }
  // <Value Ref="3"/>
  void empty(std::string_view name, std::string_view attribute, std::string_view value) {
    begin(name, attribute, value), append_text(out_, "/>\n");
  }
  // With content that is XML already.
  void raw(std::string_view name, std::string_view content) {
    begin(name), append_text(out_, ">"), append_text(out_, content), close(name);
  }

 private:
  void begin(std::string_view name, std::string_view attribute = {}, std::string_view value = {}) {
    append_text(out_, "<");
    append_text(out_, name);
    if (attribute.empty()) return;
    append_text(out_, " ");
    append_text(out_, attribute);
    append_text(out_, "=\"");
    escaped(value);
    append_text(out_, "\"");
  }
  void escaped(std::string_view text) {
    while (true) {
      const std::size_t stop = std::min(text.find_first_of("&<>\"\r"), text.size());
      append_text(out_, text.substr(0, stop));
      if (stop == text.size()) return;
      const char c = text[stop];
      append_text(out_, c == '&'   ? "&amp;"
                        : c == '<' ? "&lt;"
                        : c == '>' ? "&gt;"
                        : c == '"' ? "&quot;"
                                   : "&#xD;");
      text.remove_prefix(stop + 1);
    }
  }

  base::SecretBytes::Buffer& out_;
};

}  // namespace holdfast::formats
