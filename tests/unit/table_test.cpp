#include "ui/table.hpp"

#include "mlopsctl/base/text.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;

namespace {

std::string rendered(const Table& table, int width) {
  Terminal terminal;
  terminal.out_is_tty = true;
  terminal.width = width;
  return render_table(table, terminal, Timestamp{0});
}

}  // namespace

TEST_CASE("a column that wraps breaks at words and loses nothing") {
  const Table table{
      .key = "t",
      .columns = {{.key = "id", .header = "ID"}, {.key = "text", .header = "TEXT", .wrap = true}},
      .rows = {{Cell("one"), Cell("the quick brown fox jumps over the lazy dog")},
               {Cell("two"), Cell(std::string(100, 'x'))}}};
  const std::string out = rendered(table, 40);
  std::size_t letters = 0;
  for (const auto& line : split(out, '\n')) {
    CAPTURE(line);
    CHECK(display_width(line) <= 40);
    letters += static_cast<std::size_t>(std::count(line.begin(), line.end(), 'x'));
  }
  CHECK(letters == 101);  // and the one of the fox
  for (const char* word : {"quick", "brown", "jumps", "lazy"})
    CHECK(out.find(word) != std::string::npos);
}

TEST_CASE("a wide terminal needs no wrapping") {
  const Table table{.key = "t",
                    .columns = {{.key = "text", .header = "TEXT", .wrap = true}},
                    .rows = {{Cell("a short line")}}};
  CHECK(rendered(table, 80) == "TEXT\na short line\n");
}
