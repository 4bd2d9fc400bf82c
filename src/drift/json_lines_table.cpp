#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/json_table.hpp"

#include "drift/table_read.hpp"

#include <fmt/format.h>

namespace mlopsctl::drift {

namespace {

class JsonLinesTable : public TextTable {
 public:
  const std::vector<std::string>& names() const override { return none_; }

  TablePart parse(const TextChunk& chunk, const ColumnChoices& choices) const override {
    JsonTablePart parsed =
        parse_json_table(chunk.text, [&](const std::string& name) { return choices.plan(name); });
    TablePart part;
    part.rows = parsed.rows;
    part.columns = std::move(parsed.columns);
    part.lists = std::move(parsed.lists);
    part.problem = std::move(parsed.problem);
    return part;
  }

  ColumnPart parse_as_text(const TextChunk& chunk, const std::string& name) const override {
    JsonTablePart parsed = parse_json_table(chunk.text, [&](const std::string& column) {
      return ColumnPlan{ValueKind::text, false, column != name};
    });
    for (auto& [found, part] : parsed.columns) {
      if (found == name) return std::move(part);
    }
    ColumnPart empty;
    while (empty.rows < parsed.rows) empty.add_missing();
    return empty;
  }

  TextSource::Cut cut() const override {
    return [](std::string_view text, std::size_t target) -> std::optional<std::size_t> {
      const std::size_t end = text.find('\n', target > 0 ? target - 1 : 0);
      if (end == text.npos) return std::nullopt;
      return end + 1;
    };
  }

 private:
  std::vector<std::string> none_;
};

}  // namespace

std::unique_ptr<TextTable> open_json_lines(const Input& input, TextSource& source) {
  constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";
  if (source.head().starts_with(utf8_mark)) source.skip(utf8_mark.size());
  const std::string_view head = trim(source.head());
  if (head.empty()) throw Error(ErrorKind::corrupt, fmt::format("{} is empty", input.name));
  if (head.front() == '[') {
    throw Error(ErrorKind::corrupt, fmt::format("{} is one JSON list, not JSON lines", input.name),
                "write one object a line: jq -c '.[]' FILE");
  }
  return std::make_unique<JsonLinesTable>();
}

}  // namespace mlopsctl::drift
