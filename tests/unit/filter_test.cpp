#include "mlopsctl/tracking/filter.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <string>
#include <string_view>
#include <vector>

using mlopsctl::Aggregate;
using mlopsctl::Comparator;
using mlopsctl::Entity;
using mlopsctl::Error;
using mlopsctl::ErrorKind;
using mlopsctl::FilterNode;
using mlopsctl::Identifier;

namespace {

constexpr mlopsctl::Timestamp at{1'800'000'000'000};

std::string shown(const Identifier& name) {
  static constexpr const char* entities[] = {"metric", "param", "tag", "attribute", "dataset"};
  static constexpr const char* aggregates[] = {"", ":min", ":max"};
  return fmt::format("{}.{}{}", entities[static_cast<int>(name.entity)], name.key,
                     aggregates[static_cast<int>(name.aggregate)]);
}

// One spelling for each tree: (and (metric.a < 1) (not (param.b = 'x'))).
std::string shown(const FilterNode& node) {
  static constexpr const char* comparators[] = {
      "=",     "!=", "<",      "<=",      ">",           ">=",       "LIKE",
      "ILIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL", "NOT LIKE", "NOT ILIKE"};
  static constexpr const char* kinds[] = {"", "and", "or", "not"};
  std::string text = "(";
  if (node.kind == FilterNode::Kind::comparison) {
    text += shown(node.comparison.left);
    text += fmt::format(" {}", comparators[static_cast<int>(node.comparison.op)]);
    for (const auto& value : node.comparison.right) {
      text += value.index() == 0 ? " " + mlopsctl::number_text(std::get<double>(value))
                                 : fmt::format(" '{}'", std::get<std::string>(value));
    }
  } else {
    text += kinds[static_cast<int>(node.kind)];
    for (const auto& child : node.children) text += " " + shown(*child);
  }
  return text + ")";
}

std::string parsed(std::string_view text) {
  const auto filter = mlopsctl::parse_filter(text, at);
  return filter ? shown(*filter) : "none";
}

struct Refusal {
  std::string message, hint;
};
Refusal refused(std::string_view text) {
  try {
    mlopsctl::parse_filter(text, at);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return {error.what(), error.hint()};
  }
  FAIL_CHECK("accepted: " << text);
  return {};
}

struct Valid {
  std::string_view text, tree;
};
struct Invalid {
  std::string_view text, message, hint;
};

}  // namespace

TEST_CASE("MLflow's search syntax is understood") {
  static constexpr Valid cases[] = {
      {"", "none"},
      {" \t\n", "none"},
      {"metrics.rmse < 1", "(metric.rmse < 1)"},
      {"metric.rmse<=1", "(metric.rmse <= 1)"},
      {"metrics.rmse>1", "(metric.rmse > 1)"},
      {"metrics.rmse >=1", "(metric.rmse >= 1)"},
      {"metrics.rmse != 1", "(metric.rmse != 1)"},
      {"metrics.rmse=1", "(metric.rmse = 1)"},
      {"metrics.rmse = -1.5e-3", "(metric.rmse = -0.0015)"},
      {"metrics.rmse = .5", "(metric.rmse = 0.5)"},
      {"metrics.rmse = 1.", "(metric.rmse = 1)"},
      {"metrics.rmse = +2", "(metric.rmse = 2)"},
      {"metrics.rmse = 1E5", "(metric.rmse = 1e+05)"},
      {"metrics.rmse < Infinity", "(metric.rmse < Infinity)"},
      {"metrics.`f1 score` > 0.9", "(metric.f1 score > 0.9)"},
      {"metrics.\"f1 score\" > 0.9", "(metric.f1 score > 0.9)"},
      {"metrics.`eval/acc` > 0.9", "(metric.eval/acc > 0.9)"},
      {"metrics.eval/acc > 0.9", "(metric.eval/acc > 0.9)"},
      {"metrics.val-loss > 0.9", "(metric.val-loss > 0.9)"},
      {"metrics.a.b.c > 0.9", "(metric.a.b.c > 0.9)"},
      {"metrics.1st > 0.9", "(metric.1st > 0.9)"},
      {"`metrics`.`a` > 1", "(metric.a > 1)"},
      {"\"metrics\".a > 1", "(metric.a > 1)"},
      {"metrics.`a``b` > 1", "(metric.a`b > 1)"},
      {"metrics.and > 1", "(metric.and > 1)"},
      {"params.batch = '2'", "(param.batch = '2')"},
      {"param.batch = \"2\"", "(param.batch = '2')"},
      {"parameters.batch != '2'", "(param.batch != '2')"},
      {"parameter.batch = ''", "(param.batch = '')"},
      {"params.model LIKE 'GPT%'", "(param.model LIKE 'GPT%')"},
      {"params.model ILIKE '%gpt_'", "(param.model ILIKE '%gpt_')"},
      {"params.model like 'x'", "(param.model LIKE 'x')"},
      {"params.model IS NULL", "(param.model IS NULL)"},
      {"params.model is not null", "(param.model IS NOT NULL)"},
      {"tags.stage = 'warm-up'", "(tag.stage = 'warm-up')"},
      {"tag.mlflow.source.git.commit = 'abc'", "(tag.mlflow.source.git.commit = 'abc')"},
      {"tags.`mlflow.parentRunId` = 'abc'", "(tag.mlflow.parentRunId = 'abc')"},
      {"tags.mlflow.user IS NOT NULL", "(tag.mlflow.user IS NOT NULL)"},
      {"attributes.run_id = 'a'", "(attribute.run_id = 'a')"},
      {"attribute.run_name LIKE 'b%'", "(attribute.run_name LIKE 'b%')"},
      {"attr.user_id = 'ann'", "(attribute.user_id = 'ann')"},
      {"run.status = 'FINISHED'", "(attribute.status = 'FINISHED')"},
      {"status = 'RUNNING'", "(attribute.status = 'RUNNING')"},
      {"artifact_uri ILIKE '%s3%'", "(attribute.artifact_uri ILIKE '%s3%')"},
      {"start_time >= 1700000000000", "(attribute.start_time >= 1.7e+12)"},
      {"attributes.end_time < 1700000000000", "(attribute.end_time < 1.7e+12)"},
      {"created > 1", "(attribute.start_time > 1)"},
      {"attributes.Created > 1", "(attribute.start_time > 1)"},
      {"\"Run name\" = 'x'", "(attribute.run_name = 'x')"},
      {"`run name` = 'x'", "(attribute.run_name = 'x')"},
      {"attributes.`Run Name` = 'x'", "(attribute.run_name = 'x')"},
      {"run_id IN ('a', 'b')", "(attribute.run_id IN 'a' 'b')"},
      {"run_id NOT IN (\"a\")", "(attribute.run_id NOT IN 'a')"},
      {"attributes.run_id in ('a',)", "(attribute.run_id IN 'a')"},
      {"dataset.name = 'wiki'", "(dataset.name = 'wiki')"},
      {"datasets.digest != 'd1'", "(dataset.digest != 'd1')"},
      {"dataset.context IN ('train', 'eval')", "(dataset.context IN 'train' 'eval')"},
      {"dataset.name NOT IN ('a')", "(dataset.name NOT IN 'a')"},
      {"metrics.a > 1 AND params.b = 'x' and tags.c = 'y'",
       "(and (metric.a > 1) (param.b = 'x') (tag.c = 'y'))"},
      {"metrics.a>1 and\n\tmetrics.b<2", "(and (metric.a > 1) (metric.b < 2))"},
      {"params.a = 'it''s'", "(param.a = 'it's')"},
      {"params.a = \"say \"\"hi\"\"\"", "(param.a = 'say \"hi\"')"},
      {"params.a = 'AND'", "(param.a = 'AND')"},
      {"params.a = 'a\\'", "(param.a = 'a\\')"},
      {"params.\xc3\xa9t\xc3\xa9 = '\xc3\xa9'", "(param.\xc3\xa9t\xc3\xa9 = '\xc3\xa9')"},
  };
  for (const auto& [text, tree] : cases) {
    CAPTURE(text);
    CHECK(parsed(text) == tree);
  }
}

TEST_CASE("what goes beyond MLflow is understood") {
  static constexpr Valid cases[] = {
      {"metrics.a > 1 OR metrics.b > 2", "(or (metric.a > 1) (metric.b > 2))"},
      {"metrics.a > 1 OR metrics.b > 2 AND metrics.c > 3",
       "(or (metric.a > 1) (and (metric.b > 2) (metric.c > 3)))"},
      {"(metrics.a > 1 OR metrics.b > 2) AND metrics.c > 3",
       "(and (or (metric.a > 1) (metric.b > 2)) (metric.c > 3))"},
      {"((metrics.a > 1))", "(metric.a > 1)"},
      {"metrics.a=1 AND (metrics.b=2 AND metrics.c=3)",
       "(and (metric.a = 1) (metric.b = 2) (metric.c = 3))"},
      {"NOT metrics.a > 1", "(not (metric.a > 1))"},
      {"NOT NOT metrics.a > 1", "(metric.a > 1)"},
      {"NOT (NOT (metrics.a > 1))", "(metric.a > 1)"},
      {"not(metrics.a > 1 or params.b='x')", "(not (or (metric.a > 1) (param.b = 'x')))"},
      {"NOT metrics.a > 1 AND metrics.b > 1", "(and (not (metric.a > 1)) (metric.b > 1))"},
      {"metrics.a IS NULL", "(metric.a IS NULL)"},
      {"end_time IS NOT NULL", "(attribute.end_time IS NOT NULL)"},
      {"metrics.loss:min < 0.1", "(metric.loss:min < 0.1)"},
      {"metrics.loss:max < 0.1", "(metric.loss:max < 0.1)"},
      {"metrics.loss:latest < 0.1", "(metric.loss < 0.1)"},
      {"metrics.`val loss`:min < 0.1", "(metric.val loss:min < 0.1)"},
      {"metrics.`loss:min` < 0.1", "(metric.loss:min < 0.1)"},
      {"metrics.a:b < 0.1", "(metric.a:b < 0.1)"},
      {"params.a:min = 'x'", "(param.a:min = 'x')"},
      {"params.lr > 0.001", "(param.lr > 0.001)"},
      {"params.lr = 1e-3", "(param.lr = 0.001)"},
      {"params.lr IN (0.1, '0.01')", "(param.lr IN 0.1 '0.01')"},
      {"params.model NOT LIKE 'x%'", "(param.model NOT LIKE 'x%')"},
      {"tags.a NOT ILIKE 'x%'", "(tag.a NOT ILIKE 'x%')"},
      {"tags.build >= 7", "(tag.build >= 7)"},
      {"tags.a IN ('x', 'y')", "(tag.a IN 'x' 'y')"},
      {"status IN ('FAILED', 'KILLED')", "(attribute.status IN 'FAILED' 'KILLED')"},
      {"start_time > '2h ago'", "(attribute.start_time > 1799992800000)"},
      {"start_time > 2023-11-14", "(attribute.start_time > 1.69992e+12)"},
      {"start_time > '2023-11-14T22:13:20Z'", "(attribute.start_time > 1.7e+12)"},
      {"duration > 90", "(attribute.duration > 90)"},
      {"duration > '1.5h'", "(attribute.duration > 5400)"},
      {"duration > 10m", "(attribute.duration > 600)"},
      {"exit_code != 0", "(attribute.exit_code != 0)"},
      {"experiment_id = 3", "(attribute.experiment_id = '3')"},
      {"experiment_id IN (3, '4')", "(attribute.experiment_id IN '3' '4')"},
      {"experiment_name LIKE 'a%'", "(attribute.experiment_name LIKE 'a%')"},
      {"lifecycle_stage = 'deleted'", "(attribute.lifecycle_stage = 'deleted')"},
      {"name = 'x' AND user = 'ann'",
       "(and (attribute.run_name = 'x') (attribute.user_id = 'ann'))"},
      {"dataset.name IS NULL", "(dataset.name IS NULL)"},
  };
  for (const auto& [text, tree] : cases) {
    CAPTURE(text);
    CHECK(parsed(text) == tree);
  }
  const auto quoted = mlopsctl::parse_filter("metrics.`loss:min` < 0.1", at);
  CHECK(quoted->comparison.left.aggregate == Aggregate::latest);
}

TEST_CASE("a wrong filter is refused at its column, with what was expected and a way out") {
  static constexpr Invalid cases[] = {
      {"metrics.loss LIKE 'x'",
       "column 14: LIKE does not work on metrics.loss; valid comparators are =, !=, <, <=, >, >=, "
       "IS NULL, IS NOT NULL",
       ""},
      {"metrics.loss IN (1)", "column 14: IN does not work", ""},
      {"status > 'a'", "column 8: > does not work on status; valid comparators are =, !=, LIKE",
       ""},
      {"start_time LIKE '1%'", "LIKE does not work on start_time", ""},
      {"dataset.name < 'x'", "< does not work on dataset.name", ""},
      {"params.a < 'x'", "column 12: < compares numbers, got 'x'", ""},
      {"params.a < '0.1'", "< compares numbers", "write it without quotes"},
      {"metrics.loss < 'x'", "column 16: expected a number for metrics.loss, got 'x'", ""},
      {"metrics.loss < '1'", "expected a number", "write it without quotes"},
      {"metrics.loss < x", "expected a number", ""},
      {"metrics.loss < 0x1F", "expected a number", ""},
      {"metrics.loss < 1_0", "expected a number", ""},
      {"metrics.loss < `1`", "expected a number", ""},
      {"metrics.loss = NaN", "column 16: nothing compares with NaN", "IS NOT NULL AND NOT"},
      {"metrics.loss == 1", "column 14: unknown comparator '=='", "write ="},
      {"metrics.loss <> 1", "unknown comparator '<>'", "write !="},
      {"metrics.loss => 1", "unknown comparator '=>'", "write >="},
      {"metrics.loss =< 1", "unknown comparator '=<'", "write <="},
      {"metrics.loss && 1", "unknown comparator '&&'", ""},
      {"metrics.loss 1", "column 14: expected a comparator such as = or LIKE, got '1'", ""},
      {"metrics.loss", "column 13: expected a comparator such as = or LIKE, got the end", ""},
      {"metrics.loss <", "column 15: expected a value for metrics.loss, got the end", ""},
      {"metrics.loss < < 1", "expected a value", ""},
      {"metrics.loss < (1)", "expected a value", ""},
      {"params.a LKE 'x'", "expected a comparator", "did you mean LIKE?"},
      {"params.a NOT 'x'", "expected IN, LIKE or ILIKE after NOT, got 'x'", ""},
      {"params.a IS 'x'", "expected NULL after IS, got 'x'", ""},
      {"params.a IS NOT 'x'", "expected NULL after IS NOT", ""},
      {"params.a = x", "column 12: expected a quoted text or a number for params.a, got 'x'",
       "write 'x'"},
      {"params.a LIKE 5", "expected a quoted text", "write '5'"},
      {"params.a = `x`", "expected a quoted text", ""},
      {"status = FINISHED", "expected a quoted text for status, got 'FINISHED'",
       "write 'FINISHED'"},
      {"params.a = 'x", "column 12: the quote ' that opens here is not closed", "double a quote"},
      {"params.`a = 'x'", "column 8: the quote ` that opens here is not closed", ""},
      {"params.a = \"x", "the quote \" that opens here", ""},
      {"run_id IN 'a'", "expected a list such as ('a', 'b') after IN, got 'a'", ""},
      {"run_id IN ()", "column 12: expected a value for run_id, got ')'", ""},
      {"run_id IN ('a' 'b')", "column 16: expected ',' or ')' in the list, got 'b'", ""},
      {"run_id IN ('a', , 'b')", "expected a value", ""},
      {"run_id IN ('a'", "expected ',' or ')' in the list, got the end", ""},
      {"run_id IN (a)", "expected a quoted text", ""},
      {"metrcs.loss < 1", "column 1: unknown entity 'metrcs'; expected metrics, params, tags",
       "did you mean metrics?"},
      {"mtags.x = 'a'", "unknown entity 'mtags'", "did you mean tags?"},
      {"zzzzzz.x = 'a'", "unknown entity 'zzzzzz'", "quote a key"},
      {"run_nam = 'x'", "unknown attribute 'run_nam'; valid ones are run_id, run_name",
       "did you mean run_name?"},
      {"attributes.Status = 'x'", "unknown attribute 'Status'", "did you mean status?"},
      {"loss < 1", "unknown attribute 'loss'", "metrics.loss"},
      {"`metrics.loss` < 1", "unknown attribute 'metrics.loss'", ""},
      {"metrics. < 1", "column 1: 'metrics.' has no key", ""},
      {"metrics.`` < 1", "has no key", ""},
      {".a < 1", "unknown entity ''", ""},
      {"dataset.size = 'x'", "unknown dataset field 'size'; valid ones are name, digest, context",
       ""},
      {"'a' = params.x", "column 1: expected a name such as metrics.loss, got", ""},
      {"= 1", "expected a name", ""},
      {"AND", "column 1: expected a name such as metrics.loss, got 'AND'", ""},
      {"NOT", "column 4: expected a name such as metrics.loss, got the end", ""},
      {"metrics.a = 1 AND", "column 18: expected a name", ""},
      {"metrics.a = 1 metrics.b = 2", "column 15: expected AND, OR or the end, got 'metrics.b'",
       ""},
      {"metrics.a = 1, metrics.b = 2", "expected AND, OR or the end, got ','", ""},
      {"metrics.a = 1;", "expected a number", ""},
      {"(metrics.a = 1", "column 15: expected AND, OR or ')', got the end",
       "the '(' at column 1 is not closed"},
      {"metrics.a = 1)", "column 14: expected AND, OR or the end, got ')'", "no '('"},
      {"()", "expected a name", ""},
      {"start_time > 'yesterdy'", "column 14: 'yesterdy' is not a time", "2h ago"},
      {"duration > 'long'", "column 12: ", ""},
      {"params.\xc3\xa9 = 'a' x", "column 16: expected AND", ""},
      {"params.a = '\xff'", "not valid UTF-8", ""},
  };
  for (const auto& [text, message, hint] : cases) {
    CAPTURE(text);
    const Refusal refusal = refused(text);
    CAPTURE(refusal.message);
    CAPTURE(refusal.hint);
    CHECK(refusal.message.find(message) != std::string::npos);
    CHECK(refusal.hint.find(hint) != std::string::npos);
  }
}

TEST_CASE("hostile filters are refused before they cost stack or time") {
  const auto repeated = [](std::string_view text, int times) {
    std::string result;
    for (int i = 0; i < times; ++i) result += text;
    return result;
  };
  CHECK(parsed(repeated("(", 100) + "metrics.a=1" + repeated(")", 100)) == "(metric.a = 1)");
  CHECK(refused(repeated("(", 101) + "metrics.a=1" + repeated(")", 101))
            .message.find("column 101: more than 100") != std::string::npos);
  CHECK(refused(repeated("(", 1000000)).message.find("more than 100") != std::string::npos);
  CHECK(parsed(repeated("NOT ", 100000) + "metrics.a=1") == "(metric.a = 1)");
  CHECK(refused("metrics.a=1" + repeated(" AND metrics.a=1", 1000))
            .message.find("more than 500 comparisons") != std::string::npos);
  CHECK(refused("run_id IN ('a'" + repeated(",'a'", 30000) + ")")
            .message.find("more than 20000 values") != std::string::npos);
  CHECK(refused("run_id LIKE '" + repeated("%", 20000) + "'").message.find("pattern") !=
        std::string::npos);
  CHECK(refused(repeated("x", 2000000)).message.find("longer than 1") != std::string::npos);
  std::string deep = "metrics.a=1";
  for (int i = 0; i < 30; ++i) deep = "(" + deep + (i % 2 == 0 ? " OR " : " AND ") + "metrics.b=2)";
  CHECK(refused(deep).message.find("20 levels") != std::string::npos);
}

TEST_CASE("a message never carries control characters of the filter") {
  for (const char* text :
       {"params.\x1b[31m = x", "params.a = \x1b", "\x07 = 1", "params.a = '\x1b"}) {
    const Refusal refusal = refused(text);
    CHECK(mlopsctl::printable(refusal.message) == refusal.message);
    CHECK(mlopsctl::printable(refusal.hint) == refusal.hint);
  }
}

TEST_CASE("a sort order is a name and a direction") {
  const auto order = [](std::string_view text) {
    const auto term = mlopsctl::parse_order(text);
    return shown(term.by) + (term.descending ? " desc" : " asc");
  };
  CHECK(order("metrics.loss") == "metric.loss asc");
  CHECK(order("metrics.loss ASC") == "metric.loss asc");
  CHECK(order(" metrics.`val loss`:min desc ") == "metric.val loss:min desc");
  CHECK(order("params.lr DESC") == "param.lr desc");
  CHECK(order("attributes.start_time DESC") == "attribute.start_time desc");
  CHECK(order("Created") == "attribute.start_time asc");
  CHECK(order("`Run name` desc") == "attribute.run_name desc");
  for (const char* wrong : {"", "metrics.loss DOWN", "metrics.loss DESC x", "metrics.a metrics.b",
                            "dataset.name", "loss", "metrics.loss = 1", "DESC"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(mlopsctl::parse_order(wrong), Error);
  }
  CHECK_THROWS_WITH(mlopsctl::parse_order("metrics.loss DOWN"),
                    "sort order, column 14: expected ASC, DESC or the end, got 'DOWN'");
}

TEST_CASE("a column name is one identifier") {
  CHECK(mlopsctl::parse_identifier("metrics.loss") ==
        Identifier{Entity::metric, "loss", Aggregate::latest});
  CHECK(mlopsctl::parse_identifier("metrics.loss:max") ==
        Identifier{Entity::metric, "loss", Aggregate::max});
  CHECK(mlopsctl::parse_identifier("params.`my key`") ==
        Identifier{Entity::param, "my key", Aggregate::latest});
  CHECK(mlopsctl::parse_identifier("status") ==
        Identifier{Entity::attribute, "status", Aggregate::latest});
  for (const char* wrong : {"", "loss", "params.my key", "metrics.a = 1", "'a'"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(mlopsctl::parse_identifier(wrong), Error);
  }
}

TEST_CASE("every listed attribute can be filtered and sorted on") {
  for (const std::string& name : mlopsctl::filter_attributes()) {
    CAPTURE(name);
    CHECK(parsed(name + " IS NOT NULL") == "(attribute." + name + " IS NOT NULL)");
    CHECK(mlopsctl::parse_order(name).by.key == name);
  }
}
