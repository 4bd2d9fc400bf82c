#include "mlopsctl/formats/markdown.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;

TEST_CASE("text shows as it is: no markup, no mention, no HTML, one line") {
  CHECK(markdown_text("plain words, 1.5 - fine") == "plain words, 1.5 - fine");
  CHECK(markdown_text("<img>|*a*") == "&#60;img&#62;&#124;&#42;a&#42;");
  CHECK(markdown_text("@all\n# x") == "&#64;all&#92;n&#35; x");
}

TEST_CASE("code stays code, and what would break out of it becomes text") {
  CHECK(markdown_code("AveOccup") == "`AveOccup`");
  CHECK(markdown_code("a`b") == "a&#96;b");
  CHECK(markdown_code("a|b") == "a&#124;b");
  CHECK(markdown_code("") == "");
}

TEST_CASE("a table has a rule under its head and as many cells a row") {
  const std::vector<MarkdownColumn> columns{{"Feature"}, {"PSI", true}};
  const std::vector<std::vector<std::string>> rows{{"`a`", "0.3"}};
  CHECK(markdown_table(columns, rows) == "| Feature | PSI |\n| --- | ---: |\n| `a` | 0.3 |\n");
}
