#include "fuzz/filter_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/sqlite.hpp"
#include "mlopsctl/tracking/filter.hpp"

#include "fuzz/require.hpp"
#include "tracking/filter_sql.hpp"
#include "tracking/schema.hpp"

#include <fmt/core.h>

#include <functional>
#include <string>
#include <variant>

namespace mlopsctl::fuzz {
namespace {

// A store with one run that has something of everything, so that comparisons are evaluated.
Database& store() {
  static Database database = [] {
    Database made(":memory:", Database::Mode::create);
    migrate(made, schema_steps());
    made.execute_script(R"(
      INSERT INTO keys(id, name) VALUES (10, 'loss'), (11, 'lr'), (12, 'stage');
      INSERT INTO runs(n, id, experiment, status, start, end, name, user, artifact_uri)
        VALUES (1, 'abc', 0, 3, 1700000000000, 1700000060000, 'bold-heron', 'ann', '');
      INSERT INTO params(key, run, value) VALUES (11, 1, '1e-3');
      INSERT INTO tags(key, run, value) VALUES (12, 1, 'warm-up');
      INSERT INTO series(run, key, context, head, count, latest_step, latest_ts, latest, min,
                         min_step, max, max_step)
        VALUES (1, 10, 0, 1, 1, 1, 1, 0.5, 0.5, 1, 0.5, 1);
      INSERT INTO datasets(id, experiment, name, digest, source_type, source, schema, profile)
        VALUES (1, 0, 'wiki', 'd1', '', '', '', '');
      INSERT INTO inputs(run, dataset) VALUES (1, 1);
      INSERT INTO input_tags(run, dataset, key, value)
        VALUES (1, 1, 'mlflow.data.context', 'train');)");
    return made;
  }();
  return database;
}

void bind(Statement& statement, const SqlFragment& sql) {
  int parameter = 0;
  for (const SqlValue& value : sql.values) {
    std::visit([&](const auto& held) { statement.bind(++parameter, held); }, value);
  }
}

// How often the one run matches: 0 or 1.
std::int64_t matches(const SqlFragment& sql) {
  Statement statement = store().prepare("SELECT count(*), min(c IS NULL) FROM (SELECT " + sql.text +
                                        " AS c FROM runs r) WHERE c");
  bind(statement, sql);
  require(statement.step(), "a count has a row");
  return statement.get<std::int64_t>(0);
}

void usage_errors_only(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::usage, fmt::format("no usage error: {}", error.what()));
    require(is_valid_utf8(error.what()), "a message is not valid UTF-8");
    require(printable(error.what()) == error.what(), "a message has control characters");
  }
}

}  // namespace

void check_filter(std::string_view text) {
  const Timestamp now{1'800'000'000'000};
  FilterPtr filter;
  usage_errors_only([&] { filter = parse_filter(text, now); });
  if (filter) {
    const std::int64_t found = matches(compile_filter(*filter, "/store"));
    FilterNode negation;
    negation.kind = FilterNode::Kind::negation;
    negation.children.push_back(std::move(filter));
    require(found + matches(compile_filter(negation, "/store")) == 1,
            "a filter and its negation do not cut the runs in two");
  }
  usage_errors_only([&] {
    const OrderSql order = compile_order(parse_order(text), 0, "/store");
    Statement statement =
        store().prepare(fmt::format("SELECT r.n FROM runs r{} ORDER BY {}, {} {}", order.join.text,
                                    order.rank, order.value, order.descending ? "DESC" : "ASC"));
    bind(statement, order.join);
    require(statement.step() && !statement.step(), "a sort order changes the number of runs");
  });
  usage_errors_only([&] { parse_identifier(text); });
}

}  // namespace mlopsctl::fuzz
