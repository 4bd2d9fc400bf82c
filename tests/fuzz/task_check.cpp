#include "fuzz/task_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/result_json.hpp"
#include "mlopsctl/eval/task.hpp"

#include "eval/python_text.hpp"
#include "eval/task_data.hpp"
#include "eval/template.hpp"
#include "fuzz/require.hpp"

#include <functional>

namespace mlopsctl::fuzz {
namespace {

void allow(std::initializer_list<ErrorKind> kinds, const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    bool known = false;
    for (const ErrorKind kind : kinds) known = known || error.kind() == kind;
    require(known, std::string("an error of another kind: ") + error.what());
  }
}

void check_template(std::string_view text) {
  static const YamlValue row =
      parse_json(R"({"a": " Über x ", "b": [1, "two", 3.5], "c": {"d": null}, "n": 7, "e": ""})");
  allow({ErrorKind::config}, [&] {
    const eval::Template made = eval::Template::parse(text);
    const std::string rendered = made.render(row);
    if (text.find('{') == text.npos) require(rendered == text, "a plain text is changed");
  });
}

void check_rows(std::string_view text) {
  allow({ErrorKind::corrupt}, [&] {
    auto rows = eval::json_rows(text, "'data'");
    eval::complete_columns(rows);
    for (const YamlValue& row : rows) {
      require(row.entries.size() == rows.front().entries.size(), "rows have other columns");
    }
  });
  allow({ErrorKind::corrupt}, [&] { eval::csv_rows(text, "'data'"); });
}

// What is read is written to something that is read as the same.
void check_result(std::string_view text) {
  allow({ErrorKind::corrupt, ErrorKind::usage}, [&] {
    const EvalResult result = parse_eval_result(text, "'result'");
    const std::string written = eval_result_json(result);
    require(eval_result_json(parse_eval_result(written, "'again'")) == written,
            "a result changes when it is written and read");
  });
}

void check_words(std::string_view text) {
  require(eval::strip(text) == eval::strip_left(eval::strip_right(text)), "strip differs");
  const auto words = eval::split_white_space(text);
  const std::size_t counted = eval::count_words(eval::strip(text));
  require(words.empty() || words.size() == counted, "words are counted in two ways");
}

}  // namespace

void check_task(std::string_view text) {
  allow({ErrorKind::config}, [&] { eval::check_task_text(text, "'task.yaml'"); });
  check_template(text);
  check_rows(text);
  check_result(text);
  check_words(text);
}

}  // namespace mlopsctl::fuzz
