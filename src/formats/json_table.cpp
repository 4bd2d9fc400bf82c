#include "mlopsctl/formats/json_table.hpp"

#include "mlopsctl/base/text.hpp"

#include "formats/decimal.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstring>
#include <limits>
#include <unordered_map>

namespace mlopsctl {

namespace {

namespace od = simdjson::ondemand;

constexpr int max_table_depth = 32;

struct Problem {
  std::string message;
};

class Parser {
 public:
  Parser(std::string_view text, const JsonTablePlan& plan) : text_(text), plan_(plan) {}

  JsonTablePart run() {
    std::size_t at = 0;
    try {
      while (at < text_.size()) {
        begin_ = at;
        std::size_t end = text_.find('\n', at);
        if (end == text_.npos) end = text_.size();
        const std::string_view line = trim(text_.substr(at, end - at));
        if (!line.empty()) {
          read_line(line);
          ++rows_;
        }
        at = end + 1;
      }
    } catch (Problem& problem) {
      part_.problem =
          TableProblem{begin_, std::move(problem.message), "JSON lines have one object a line"};
    }
    return finish();
  }

 private:
  struct Target {
    std::string name;
    ColumnPart part;
    bool skip = false;
    bool fixed = false;
    bool stale = false;
    bool list = false;
  };

  void read_line(std::string_view line) {
    // simdjson reads some bytes behind the end, so they must be there.
    const auto behind = static_cast<std::size_t>(text_.data() + text_.size() - line.data());
    if (behind < line.size() + simdjson::SIMDJSON_PADDING) {
      padded_.assign(line);
      padded_.resize(line.size() + simdjson::SIMDJSON_PADDING, '\0');
      parse(padded_.data(), line.size(), padded_.size());
    } else {
      parse(line.data(), line.size(), behind);
    }
  }

  void parse(const char* data, std::size_t size, std::size_t capacity) {
    next_ = 0;
    name_.clear();
    od::document document;
    od::object object;
    check(parser_.iterate(data, size, capacity).get(document));
    if (document.get_object().get(object) != simdjson::SUCCESS) {
      throw Problem{"expected a JSON object"};
    }
    read_object(object, 1);
    const char* rest = nullptr;
    if (document.current_location().get(rest) == simdjson::SUCCESS) {
      throw Problem{"something follows the object on its line"};
    }
  }

  void read_object(od::object& object, int depth) {
    if (depth > max_table_depth) {
      throw Problem{fmt::format("nested more than {} levels deep", max_table_depth)};
    }
    const std::size_t prefix = name_.size();
    for (auto item : object) {
      od::field field;
      check(std::move(item).get(field));
      std::string_view key;
      check(field.unescaped_key().get(key));
      name_.append(key);
      od::value value = field.value();
      const char first = *value.raw_json_token().data();
      if (first == '{') {
        od::object inner;
        check(value.get_object().get(inner));
        name_ += '.';
        read_object(inner, depth + 1);
      } else {
        read_value(target(), value, first);
      }
      name_.resize(prefix);
    }
  }

  // The column called name_. Lines mostly have the same columns in the same order.
  Target& target() {
    if (next_ < targets_.size() && targets_[next_].name == name_) return targets_[next_++];
    const auto found = index_.find(name_);
    if (found != index_.end()) {
      next_ = found->second + 1;
      return targets_[found->second];
    }
    index_.emplace(name_, targets_.size());
    Target fresh;
    fresh.name = name_;
    const ColumnPlan plan = plan_(name_);
    fresh.skip = plan.skip;
    fresh.fixed = plan.fixed;
    fresh.part.become(plan.kind);
    targets_.push_back(std::move(fresh));
    next_ = targets_.size();
    return targets_.back();
  }

  void read_value(Target& target, od::value value, char first) {
    std::string_view raw = value.raw_json_token();
    raw = trim(raw);
    if (first == '[') {
      check_list(value);
      target.list = true;
      return;
    }
    ColumnPart& part = target.part;
    const bool repeated = part.rows > rows_;  // the first of equal names counts
    if (first == '"') {
      std::string_view text;
      check(value.get_string().get(text));
      if (target.skip || repeated) return;
      while (part.rows < rows_) part.add_missing();
      if (!add_string(target, text)) mismatch(target, text);
      return;
    }
    Number number;
    bool truth = false;
    bool missing = false;
    if (first == 't' || first == 'f') {
      check(value.get_bool().get(truth));
    } else if (first == 'n') {
      bool null = false;
      check(value.is_null().get(null));
      if (!null) throw Problem{"expected null"};
      missing = true;
    } else if (raw == "NaN") {
      missing = true;
    } else {
      number = parse_decimal(raw);
      if (number.what == Scanned::none) throw Problem{fmt::format("{} is no value", quote(raw))};
    }
    if (target.skip || repeated) return;
    while (part.rows < rows_) part.add_missing();
    const bool added = missing                        ? (part.add_missing(), true)
                       : first == 't' || first == 'f' ? add_boolean(target, truth, raw)
                                                      : add_number(target, number, raw);
    if (!added) mismatch(target, raw);
  }

  static bool add_string(Target& target, std::string_view text) {
    ColumnPart& part = target.part;
    if (part.kind == ValueKind::text) {
      part.add_text(text, true);
      return true;
    }
    if (part.kind == ValueKind::none || part.kind == ValueKind::time) {
      if (const std::optional<std::int64_t> time = parse_iso_time(text)) {
        part.become(ValueKind::time);
        part.add_integer(*time);
        return true;
      }
      if (part.kind == ValueKind::time) return false;
      part.become(ValueKind::text);
      part.add_text(text, true);
      return true;
    }
    if (part.kind != ValueKind::boolean && text == "NaN") {
      part.add_missing();
      return true;
    }
    if (!target.fixed) return false;
    if (part.kind == ValueKind::boolean) {
      const std::optional<bool> truth = parse_boolean(text, true);
      if (truth) part.add_integer(*truth ? 1 : 0);
      return truth.has_value();
    }
    const Number number = parse_decimal(text);
    return number.what != Scanned::none && add_number(target, number, text);
  }

  static bool add_boolean(Target& target, bool truth, std::string_view raw) {
    ColumnPart& part = target.part;
    if (part.kind == ValueKind::text) {
      part.add_text(raw, true);
      return true;
    }
    if (part.kind != ValueKind::none && part.kind != ValueKind::boolean) return false;
    part.become(ValueKind::boolean);
    part.add_integer(truth ? 1 : 0);
    return true;
  }

  static bool add_number(Target& target, const Number& number, std::string_view raw) {
    ColumnPart& part = target.part;
    switch (part.kind) {
      case ValueKind::text:
        part.add_text(raw, true);
        return true;
      case ValueKind::real:
        part.add_real(number.real);
        return true;
      case ValueKind::time: {
        const std::optional<std::int64_t> time =
            target.fixed ? epoch_time(number.real) : std::nullopt;
        if (time) part.add_integer(*time);
        return time.has_value();
      }
      case ValueKind::boolean: {
        const bool binary = number.real == 0 || number.real == 1;
        if (target.fixed && binary) part.add_integer(number.real == 1 ? 1 : 0);
        return target.fixed && binary;
      }
      default:
        break;
    }
    if (number.what == Scanned::integer) {
      part.become(ValueKind::integer);
      part.add_integer(number.integer);
      return true;
    }
    if (target.fixed && part.kind == ValueKind::integer) return false;
    part.become(ValueKind::real);
    part.add_real(number.real);
    return true;
  }

  static void mismatch(Target& target, std::string_view value) {
    if (target.fixed) {
      throw Problem{fmt::format("column {} is {}, and {} is not", quote(target.name),
                                to_string(target.part.kind), quote(value))};
    }
    target.stale = true;
    target.skip = true;
  }

  // A list is looked through so that damaged lines are found.
  static void check_list(od::value value) {
    od::array list;
    check(value.get_array().get(list));
    for (auto item : list) {
      od::value inner;
      check(item.get(inner));
    }
  }

  static void check(simdjson::error_code error) {
    if (error != simdjson::SUCCESS) {
      throw Problem{fmt::format("not JSON: {}", simdjson::error_message(error))};
    }
  }

  JsonTablePart finish() {
    part_.rows = rows_;
    bool stale = false;
    for (Target& target : targets_) {
      if (target.list) part_.lists.push_back(target.name);
      stale = stale || target.stale;
      if (target.skip && !target.stale) continue;
      if (target.list && target.part.kind == ValueKind::none) continue;
      while (target.part.rows < rows_) target.part.add_missing();
      part_.columns.emplace_back(target.name, std::move(target.part));
    }
    if (stale && !part_.problem) read_again();
    return std::move(part_);
  }

  // Columns that turned out to be texts after all.
  void read_again() {
    JsonTablePart texts = parse_json_table(text_, [&](const std::string& name) {
      const auto found = index_.find(name);
      const bool wanted = found != index_.end() && targets_[found->second].stale;
      return ColumnPlan{ValueKind::text, false, !wanted};
    });
    for (auto& [name, column] : texts.columns) {
      for (auto& [known, place] : part_.columns) {
        if (known != name) continue;
        place = std::move(column);
        break;
      }
    }
  }

  std::string_view text_;
  const JsonTablePlan& plan_;
  od::parser parser_;
  std::string padded_;
  std::string name_;
  std::vector<Target> targets_;
  std::unordered_map<std::string, std::size_t> index_;
  std::size_t next_ = 0;
  std::size_t begin_ = 0;
  std::uint64_t rows_ = 0;
  JsonTablePart part_;
};

}  // namespace

JsonTablePart parse_json_table(std::string_view text, const JsonTablePlan& plan) {
  return Parser(text, plan).run();
}

}  // namespace mlopsctl
