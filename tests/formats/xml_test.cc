#include "formats/xml_reader.h"

#include "formats/fixtures.h"
#include "formats/xml_writer.h"

namespace holdfast::formats {
namespace {

using base::Error;

// Elements as name[attribute](content), or the error and its line.
auto tree(XmlReader& xml, std::string& out) -> base::Result<void> {
  while (true) {
    TRY(more, xml.next_child());
    if (!more) return {};
    out += std::string{xml.name()};
    if (!xml.attribute("a").empty()) out += "[" + std::string{xml.attribute("a")} + "]";
    if (xml.name() == "t") {
      TRY(text, xml.text());
      out += "{" + std::string{text} + "}";
      continue;
    }
    out += "(";
    TRY_DO(tree(xml, out));
    out += ")";
  }
}
auto read(std::string_view text) -> std::string {
  XmlReader xml{text, memory()};
  std::string out;
  base::Result<void> done = xml.open_root();
  if (done) done = tree(xml, out);
  if (done) done = xml.finish();
  if (done) return out;
  return std::string{base::error_name(done.error())} + " at line " + std::to_string(xml.line());
}

TEST(Xml, ReadsWhatKeePassProgramsWrite) {
  EXPECT_EQ(read("<r/>"), "");
  EXPECT_EQ(read("\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\n"
                 "<!-- c --><r>\n\t<x a='1' b=\"2\"><y/></x ><t/>\r\n</r>\n<!-- e -->\n"),
            "x[1](y())t{}");
  EXPECT_EQ(read("<r><t>a&lt;&gt;&amp;&quot;&apos;&#65;&#x1F511;&#xD;</t></r>"),
            "t{a<>&\"'A\xF0\x9F\x94\x91\r}");
  EXPECT_EQ(read("<r><t> one\r\ntwo\rthree\t </t></r>"), "t{ one\ntwo\nthree\t }");
  EXPECT_EQ(read("<r><t>a<![CDATA[<&]>]]>b<!-- x -->c</t></r>"), "t{a<&]>bc}");
  EXPECT_EQ(read("<r><x a=\"&lt;&#65;'\"/></r>"), "x[<A']()");
  EXPECT_EQ(read("<r><t>\xC3\xA9</t></r>"), "t{\xC3\xA9}");
}

TEST(Xml, RefusesDocumentTypesForeignEntitiesAndInstructions) {
  EXPECT_EQ(read("<!DOCTYPE r [<!ENTITY a \"x\">]><r>&a;</r>"), "xml_doctype at line 1");
  EXPECT_EQ(read("<r><!ELEMENT x></r>"), "xml_doctype at line 1");
  EXPECT_EQ(read("<r>\n<?php x?></r>"), "xml_doctype at line 2");
  EXPECT_EQ(read("<r><t>&nbsp;</t></r>"), "bad_xml at line 1");
}

TEST(Xml, RefusesWhatIsNotWellFormedWithTheLine) {
  for (const char* text : {"",
                           "  ",
                           "text",
                           "<r>",
                           "<r></x>",
                           "<r><x></r></x>",
                           "<r/><r/>",
                           "<r/>text",
                           "<>",
                           "<1/>",
                           "<r><x a></x></r>",
                           "<r><x a=1/></r>",
                           "<r><x a=\"1\" a=\"2\"/></r>",
                           "<r><x a=\"1\"b=\"2\"/></r>",
                           "<r><x a=\"<\"/></r>",
                           "<r>text</r>",
                           "<r><t>&amp</t></r>",
                           "<r><t>&#0;</t></r>",
                           "<r><t>&#xD800;</t></r>",
                           "<r><t>&#x110000;</t></r>",
                           "<r><t>&#99999999999;</t></r>",
                           "<r><t>&;</t></r>",
                           "<r><!-- a -- b --></r>",
                           "<r><![CDATA[x</r>",
                           "<r",
                           "<r a=\"",
                           "</r>",
                           "<r><t>a<x/></t></r>",
                           "<r><t>\x01</t></r>",
                           "<?xml version=\"1.0\"",
                           "<![CDATA[x]]><r/>"})
    EXPECT_EQ(read(text), "bad_xml at line 1") << text;
  EXPECT_EQ(read("<r>\n<x>\n</y></r>"), "bad_xml at line 3");
  EXPECT_EQ(read("<r><t>\xFF</t></r>"), "bad_utf8 at line 1");
  EXPECT_EQ(read("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><r/>"), "bad_utf8 at line 1");
}

TEST(Xml, BoundsDepthAttributesAndNames) {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += "<x>";
    for (std::size_t i = 0; i < depth; ++i) text += "</x>";
    return read(text);
  };
  EXPECT_NE(nested(kXmlDepthMax), "groups_too_deep at line 1");
  EXPECT_EQ(nested(kXmlDepthMax + 1), "groups_too_deep at line 1");
  const auto with_attributes = [](std::size_t count) {
    std::string text = "<r";
    for (std::size_t i = 0; i < count; ++i) text += " a" + std::to_string(i) + "=\"\"";
    return read(text + "/>");
  };
  EXPECT_EQ(with_attributes(kXmlAttributesMax), "");
  EXPECT_EQ(with_attributes(kXmlAttributesMax + 1), "bad_xml at line 1");
  EXPECT_EQ(read("<" + std::string(kXmlNameBytesMax, 'n') + "/>"), "");
  EXPECT_EQ(read("<" + std::string(kXmlNameBytesMax + 1, 'n') + "/>"), "bad_xml at line 1");
}

TEST(Xml, WritesTextsThatReadBackTheSame) {
  for (const std::string_view text :
       {"", "plain", "<&>\"'", "a\r\nb\rc\nd\te", " edge ", "]]>", "\xC3\xA9\xF0\x9F\x94\x91"}) {
    base::SecretBytes out{memory()};
    XmlWriter xml{out.buffer()};
    xml.open("r");
    xml.leaf("t", "a", "x\"&", text);
    xml.close("r");
    EXPECT_EQ(read(peek(out)), "t[x\"&]{" + std::string{text} + "}");
  }
}

TEST(Xml, KnowsWhatItCannotHold) {
  EXPECT_TRUE(xml_can_hold("a\t\r\n\xEF\xBF\xBD"));
  for (const std::string_view text : {"\x01", "\x1F", "\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {
    EXPECT_FALSE(xml_can_hold(text));
    EXPECT_EQ(peek(xml_clean("<" + std::string{text} + ">", memory())), "<?>");
  }
  EXPECT_EQ(peek(xml_clean(std::string_view{"a\0b", 3}, memory())), "a?b");
}

}  // namespace
}  // namespace holdfast::formats
