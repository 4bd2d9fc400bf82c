// RunStore: search. The filter and the orders become one statement that finds the numbers of the
// runs of a page; what is shown of them is read afterwards, for the page only.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/tracking/filter.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "tracking/filter_sql.hpp"
#include "tracking/page_token.hpp"
#include "tracking/run_rows.hpp"
#include "tracking/store_state.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

// One column of the sort, most significant first.
struct SortColumn {
  std::string expression;
  bool descending = false;
};

struct Search {
  SqlFragment joins;
  SqlFragment where;
  std::vector<SortColumn> columns;
  std::string identity;  // the same for all pages
};

void append(SqlFragment& to, const SqlFragment& more) {
  to.text += more.text;
  to.values.insert(to.values.end(), more.values.begin(), more.values.end());
}

void append_scope(const RunQuery& query, SqlFragment& where) {
  switch (query.view) {
    case ViewType::active_only:
      where.text = "r.deleted IS NULL";
      break;
    case ViewType::deleted_only:
      where.text = "r.deleted IS NOT NULL";
      break;
    case ViewType::all:
      where.text = "1";
      break;
  }
  if (query.experiment_ids.empty()) return;
  where.text += " AND r.experiment IN (";
  for (std::size_t i = 0; i < query.experiment_ids.size(); ++i) {
    where.text += i == 0 ? "?" : ", ?";
    // An id that is no number names no experiment.
    where.values.emplace_back(parse_integer(query.experiment_ids[i]).value_or(-1));
  }
  where.text += ")";
}

void append_orders(const RunQuery& query, std::string_view artifact_root, Search& search) {
  std::vector<Identifier> seen;
  for (const std::string& text : query.order_by) {
    const OrderTerm term = parse_order(text);
    if (std::ranges::find(seen, term.by) != seen.end()) {
      throw Error(ErrorKind::usage, fmt::format("{} is sorted by twice", quote(text)));
    }
    seen.push_back(term.by);
    const OrderSql order = compile_order(term, seen.size() - 1, artifact_root);
    search.joins.text += " ";
    append(search.joins, order.join);
    search.columns.push_back({order.rank, false});
    search.columns.push_back({order.value, order.descending});
  }
  search.columns.push_back({"r.start", true});
  search.columns.push_back({"r.id", false});
}

Search compile(const RunQuery& query, const StoreState& state) {
  const std::string artifact_root = (state.home() / "artifacts").string();
  Search search;
  append_scope(query, search.where);
  if (const FilterPtr filter = parse_filter(query.filter, now())) {
    search.where.text += " AND ";
    append(search.where, compile_filter(*filter, artifact_root));
  }
  append_orders(query, artifact_root, search);
  search.identity = fmt::format("{}\n{}\n{}\n{}", static_cast<int>(query.view), query.filter,
                                join(query.experiment_ids, ","), join(query.order_by, "\n"));
  return search;
}

SqlValue sql_value(const SortValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::get<std::string>(value);
}

// Rows that come after `last` in the order: for columns (a, b): a > A OR (a IS A AND (b > B OR …)).
// Nothing comes after a NULL of the same rank, so such a column only has to be equal.
void append_rest(const std::vector<SortColumn>& columns, const std::vector<SortValue>& last,
                 SqlFragment& where) {
  where.text += " AND (0";
  std::string closing = ")";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto& [expression, descending] = columns[i];
    if (std::holds_alternative<std::monostate>(last[i])) {
      where.text += fmt::format(" OR ({} IS NULL AND (0", expression);
    } else {
      const SqlValue value = sql_value(last[i]);
      where.text +=
          fmt::format(" OR {0} {1} ? OR ({0} = ? AND (0", expression, descending ? "<" : ">");
      where.values.push_back(value);
      where.values.push_back(value);
    }
    closing += "))";
  }
  where.text += closing;
}

void bind_values(Statement& statement, const std::vector<SqlValue>& values, int& parameter) {
  for (const SqlValue& value : values) {
    std::visit([&](const auto& plain) { statement.bind(++parameter, plain); }, value);
  }
}

SortValue sort_value(const Database::Rows& rows, int column) {
  if (rows.is_null(column)) return {};
  if (rows.is_text(column)) return rows.get<std::string>(column);
  if (rows.is_integer(column)) return rows.get<std::int64_t>(column);
  return rows.get<double>(column);
}

std::string page_sql(const Search& search) {
  std::string columns;
  std::string order;
  for (const SortColumn& column : search.columns) {
    columns += ", " + column.expression;
    order += fmt::format("{}{}{}", order.empty() ? "" : ", ", column.expression,
                         column.descending ? " DESC" : "");
  }
  return fmt::format("SELECT r.n{} FROM runs r{} WHERE {} ORDER BY {} LIMIT ?", columns,
                     search.joins.text, search.where.text, order);
}

}  // namespace

RunPage RunStore::search(const RunQuery& query) const {
  if (query.limit < 1) {
    throw Error(ErrorKind::usage, fmt::format("a page of {} runs is not possible", query.limit));
  }
  Search search = compile(query, *state_);
  if (!query.page_token.empty()) {
    const auto last = read_page_token(query.page_token, search.identity);
    if (last.size() != search.columns.size()) {
      throw Error(ErrorKind::usage, "the page token is not one of this search");
    }
    append_rest(search.columns, last, search.where);
  }
  Database& db = state_->db();
  Snapshot snapshot(db);
  std::vector<std::int64_t> found;
  RunPage page;
  {
    auto rows = db.query(page_sql(search));
    int parameter = 0;
    bind_values(rows.statement(), search.joins.values, parameter);
    bind_values(rows.statement(), search.where.values, parameter);
    rows.statement().bind(++parameter, query.limit + 1);
    std::vector<SortValue> last;
    while (rows.step()) {
      if (static_cast<std::int64_t>(found.size()) == query.limit) {
        page.next_page_token = make_page_token(search.identity, last);
        break;
      }
      found.push_back(rows.get<std::int64_t>(0));
      last.clear();
      for (std::size_t i = 0; i < search.columns.size(); ++i) {
        last.push_back(sort_value(rows, static_cast<int>(i) + 1));
      }
    }
  }
  for (const std::int64_t n : found) {
    for (Run& run : read_runs(*state_, "WHERE r.n = ?", n)) page.runs.push_back(std::move(run));
  }
  return page;
}

std::int64_t RunStore::count(const RunQuery& query) const {
  const Search search = compile(query, *state_);
  auto rows =
      state_->db().query(fmt::format("SELECT count(*) FROM runs r WHERE {}", search.where.text));
  int parameter = 0;
  bind_values(rows.statement(), search.where.values, parameter);
  return rows.step() ? rows.get<std::int64_t>(0) : 0;
}

}  // namespace mlopsctl
