#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/csv.hpp"

#include "drift/table_read.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace mlopsctl::drift {

namespace {

constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";

// pandas names columns of a frame without names 0, 1, 2, …: such a record is a header all the same.
bool looks_like_header(const std::vector<std::string>& fields) {
  bool counts_up = true;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!parse_number(trim(fields[i]))) return true;
    counts_up = counts_up && trim(fields[i]) == std::to_string(i);
  }
  return counts_up && fields.size() > 1;
}

class CsvTable : public TextTable {
 public:
  CsvTable(const Input& input, TextSource& source, const ReadOptions& options)
      : missing_(options.missing) {
    if (source.head().starts_with(utf8_mark)) source.skip(utf8_mark.size());
    const std::string_view head = source.head();
    if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) {
      throw Error(ErrorKind::corrupt, fmt::format("{} is UTF-16", input.name),
                  "convert it: iconv -f UTF-16 -t UTF-8 FILE");
    }
    plan_.delimiter = input.format == Format::tsv ? '\t' : options.delimiter;
    if (plan_.delimiter == 0) plan_.delimiter = guess_csv_delimiter(head.substr(0, 1U << 16U));
    const std::optional<CsvRecord> first = first_csv_record(head, plan_.delimiter);
    if (!first) {
      throw Error(ErrorKind::corrupt, fmt::format("{} is empty: not even a header", input.name));
    }
    if (head.find('\n') == head.npos && head.find('\r') != head.npos &&
        head.find('\r') + 1 < head.size()) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("{} has bare carriage returns for line ends", input.name),
                  "convert it: tr '\\r' '\\n' <FILE");
    }
    const bool header = options.header.value_or(looks_like_header(first->fields));
    if (header) {
      source.skip(first->end);
      name_columns(first->fields);
    } else {
      for (std::size_t i = 0; i < first->fields.size(); ++i) {
        plan_.names.push_back(std::to_string(i));
      }
      if (!options.header) {
        notes_.push_back(fmt::format("{} has no header: columns are named 0, 1, …", input.name));
      }
    }
  }

  const std::vector<std::string>& names() const override {
    return listed_.empty() ? plan_.names : listed_;
  }

  TablePart parse(const TextChunk& chunk, const ColumnChoices& choices) const override {
    CsvPlan plan = plan_;
    for (const std::string& name : plan.names) {
      plan.columns.push_back(name.empty() ? ColumnPlan{ValueKind::none, false, true}
                                          : choices.plan(name));
    }
    CsvPart parsed = parse_csv(chunk.text, plan, missing_);
    TablePart part;
    part.rows = parsed.rows;
    part.problem = std::move(parsed.problem);
    for (std::size_t i = 0; i < plan.names.size(); ++i) {
      if (!plan.columns[i].skip) {
        part.columns.emplace_back(plan.names[i], std::move(parsed.columns[i]));
      }
    }
    return part;
  }

  ColumnPart parse_as_text(const TextChunk& chunk, const std::string& name) const override {
    CsvPlan plan = plan_;
    plan.columns.resize(plan.names.size(), {ValueKind::none, false, true});
    const auto column = static_cast<std::size_t>(
        std::find(plan.names.begin(), plan.names.end(), name) - plan.names.begin());
    plan.columns[column] = {ValueKind::text, false, false};
    return std::move(parse_csv(chunk.text, plan, missing_).columns[column]);
  }

  TextSource::Cut cut() const override {
    return [delimiter = plan_.delimiter](std::string_view text, std::size_t target) {
      return csv_cut(text, target, delimiter);
    };
  }

 private:
  // Names are made unique; a first column without a name is the index that pandas writes.
  void name_columns(const std::vector<std::string>& fields) {
    std::set<std::string> taken;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      std::string name = valid_utf8(trim(fields[i]));
      if (name != trim(fields[i])) {
        notes_.push_back(fmt::format("the name of column {} is not UTF-8: it is read as {}", i + 1,
                                     quote(name)));
      }
      if (name.empty() && i == 0 && fields.size() > 1) {
        notes_.emplace_back(
            "the first column has no name, as the row numbers that pandas writes: "
            "it is left out");
        plan_.names.emplace_back();
        continue;
      }
      if (name.empty()) name = fmt::format("column {}", i + 1);
      std::string unique = name;
      for (int copy = 1; !taken.insert(unique).second; ++copy) {
        unique = fmt::format("{}.{}", name, copy);
      }
      if (unique != name) {
        notes_.push_back(fmt::format("column {} is there more than once: the later one is {}",
                                     quote(name), quote(unique)));
      }
      plan_.names.push_back(std::move(unique));
    }
    for (const std::string& name : plan_.names) {
      if (!name.empty()) listed_.push_back(name);
    }
  }

  CsvPlan plan_;  // without the columns' plans, which change
  std::vector<std::string> listed_;
  MissingMarkers missing_;
};

}  // namespace

std::unique_ptr<TextTable> open_csv(const Input& input, TextSource& source,
                                    const ReadOptions& options) {
  return std::make_unique<CsvTable>(input, source, options);
}

}  // namespace mlopsctl::drift
