#include "formats/json_line.hpp"

#include "mlopsctl/base/text.hpp"

#include "formats/json_error.hpp"

#include <fmt/core.h>
#include <simdjson.h>

#include <limits>
#include <optional>

namespace mlopsctl {
namespace {

namespace od = simdjson::ondemand;

// Deeper than any configuration file, far from the end of the stack.
constexpr int max_line_depth = 32;

// Python writes these although JSON has no such numbers; they are also accepted as strings.
std::optional<double> special_number(std::string_view text) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return infinity;
  if (text == "-Infinity") return -infinity;
  return std::nullopt;
}

// A line is read in one pass; the first problem ends it.
class Walk {
 public:
  Walk(od::document& document, std::string_view line, LineFields& fields)
      : document_(document), line_(line), fields_(fields) {}

  std::string run() {
    od::object object;
    if (const auto error = document_.get_object().get(object)) {
      return error == simdjson::INCORRECT_TYPE ? "expected a JSON object" : failure(error);
    }
    if (!top(object)) return std::move(problem_);
    const char* rest = nullptr;
    if (!document_.current_location().get(rest)) {
      return located("expected the end of the line", rest);
    }
    return fields_.finish();
  }

  // For an error that has no place of its own.
  std::string failure(simdjson::error_code error) {
    const char* place = nullptr;
    if (error == simdjson::INCOMPLETE_ARRAY_OR_OBJECT || document_.current_location().get(place)) {
      place = nullptr;
    }
    return located(json_error_text(error), place);
  }

 private:
  enum class Into { metrics, params, tags };

  bool top(od::object& object) {
    return each(object, [&](std::string_view key, od::value value, char first) {
      if (first == '{' && key == "params") return nested(value, Into::params, 1);
      if (first == '{' && key == "tags") return nested(value, Into::tags, 1);
      if (step_priority(key) > 0) return step(key, value, first);
      if (time_priority(key) > 0) return time(key, value, first);
      if (first == '"' && key == "key") {
        std::string_view name;
        if (!text(value, name)) return false;
        fields_.set_key(name);
        return true;
      }
      return metric(key, value, first, 1);
    });
  }

  bool nested(od::value value, Into into, int depth) {
    if (depth >= max_line_depth)
      return fail(fmt::format("nested more than {} levels deep", max_line_depth));
    od::object object;
    if (const auto error = value.get_object().get(object)) return fail_at(error);
    return each(object, [&](std::string_view key, od::value inner, char first) {
      return into == Into::metrics ? metric(key, inner, first, depth + 1)
                                   : named_text(into, key, inner, first, depth + 1);
    });
  }

  bool metric(std::string_view key, od::value value, char first, int depth) {
    if (first == '{') {
      return inside(key, [&] { return nested(value, Into::metrics, depth); });
    }
    std::optional<double> number;
    if (!read_number(value, first, number, depth)) return false;
    if (!number) {
      fields_.skip();
      return true;
    }
    if (depth == 1 && key == "value") {
      fields_.set_value(*number);
      return true;
    }
    return check(fields_.add_metric(prefix_, key, *number));
  }

  // params and tags: the text as it was written, so that 1e-05 and 1.0 stay what they are.
  bool named_text(Into into, std::string_view key, od::value value, char first, int depth) {
    if (first == '{') {
      return inside(key, [&] { return nested(value, into, depth); });
    }
    std::string_view written;
    if (first == '"') {
      if (!text(value, written)) return false;
    } else {
      written = trim(value.raw_json_token());
      std::optional<double> number;
      if (!read_number(value, first, number, depth)) return false;
      if (first == '[') {
        const char* end = nullptr;
        if (document_.current_location().get(end)) return fail_at(simdjson::TAPE_ERROR);
        const char* begin = written.data();
        written = trim(std::string_view(begin, static_cast<std::size_t>(end - begin)));
      } else if (!number) {
        fields_.skip();
        return true;
      }
    }
    return check(into == Into::params ? fields_.add_param(prefix_, key, written)
                                      : fields_.add_tag(prefix_, key, written));
  }

  bool step(std::string_view key, od::value value, char first) {
    std::optional<double> number;
    if (first == '"') {
      std::string_view written;
      if (!text(value, written)) return false;
      number = parse_integer(written);
      if (!number) return fail(fmt::format("'{}' must be an integer, not {}", key, quote(written)));
    } else if (!read_number(value, first, number, 1)) {
      return false;
    }
    if (!is_scalar_number(first)) {
      return fail(fmt::format("'{}' must be an integer", key));
    }
    return number ? check(fields_.set_step(key, *number)) : true;  // null is "not given"
  }

  bool time(std::string_view key, od::value value, char first) {
    if (first == '"') {
      std::string_view written;
      return text(value, written) && check(fields_.set_time(key, written));
    }
    if (!is_scalar_number(first)) return fail(fmt::format("'{}' must be a time", key));
    std::optional<double> number;
    if (!read_number(value, first, number, 1)) return false;
    return number ? check(fields_.set_time(key, *number)) : true;
  }

  static bool is_scalar_number(char first) {
    return first != '[' && first != '{' && first != 't' && first != 'f';
  }

  // Reads any value but an object; leaves `number` empty where it is none (text, null, list).
  bool read_number(od::value value, char first, std::optional<double>& number, int depth) {
    switch (first) {
      case '{':
        return true;
      case '[':
        return skip_list(value, depth + 1);
      case '"': {
        std::string_view written;
        if (!text(value, written)) return false;
        number = special_number(written);
        return true;
      }
      case 't':
      case 'f': {
        bool flag = false;
        if (const auto error = value.get_bool().get(flag)) return fail_at(error);
        number = flag ? 1.0 : 0.0;
        return true;
      }
      case 'n': {
        bool null = false;
        if (const auto error = value.is_null().get(null)) return fail_at(error);
        return null || fail_at(simdjson::N_ATOM_ERROR);
      }
      default:
        break;
    }
    if (first == '-' || first == 'N' || first == 'I') {
      // An unread value is stepped over by the iterator, whatever it is.
      number = special_number(trim(value.raw_json_token()));
      if (number) return true;
    }
    double read = 0;
    if (const auto error = value.get_double().get(read)) return fail_at(error);
    number = read;
    return true;
  }

  // Lists are not stored, but a broken one makes the line bad.
  bool skip_list(od::value value, int depth) {
    if (depth >= max_line_depth)
      return fail(fmt::format("nested more than {} levels deep", max_line_depth));
    od::array list;
    if (const auto error = value.get_array().get(list)) return fail_at(error);
    for (auto element : list) {
      od::value item;
      if (const auto error = element.get(item)) return fail_at(error);
      if (!skip_value(item, depth)) return false;
    }
    return true;
  }

  bool skip_value(od::value value, int depth) {
    const char first = value.raw_json_token().front();
    if (first != '{') {
      std::optional<double> ignored;
      return read_number(value, first, ignored, depth);
    }
    if (depth >= max_line_depth)
      return fail(fmt::format("nested more than {} levels deep", max_line_depth));
    od::object object;
    if (const auto error = value.get_object().get(object)) return fail_at(error);
    return each(object, [&](std::string_view, od::value inner, char) {
      return skip_value(inner, depth + 1);
    });
  }

  template <class Visit>
  bool each(od::object& object, Visit visit) {
    for (auto result : object) {
      od::field field;
      if (const auto error = std::move(result).get(field)) return fail_at(error);
      std::string_view key;
      if (const auto error = field.unescaped_key().get(key)) return fail_at(error);
      const std::string_view token = field.value().raw_json_token();
      if (token.empty()) return fail_at(simdjson::INCOMPLETE_ARRAY_OR_OBJECT);
      if (!visit(key, field.value(), token.front())) return false;
    }
    return true;
  }

  template <class Visit>
  bool inside(std::string_view key, Visit visit) {
    const std::size_t length = prefix_.size();
    // Also checks the name, which is not stored by itself.
    if (!check(check_name(prefix_, key))) return false;
    prefix_.append(key).push_back('/');
    if (!visit()) return false;
    prefix_.resize(length);
    return true;
  }

  bool text(od::value value, std::string_view& out) {
    const auto error = value.get_string().get(out);
    return error ? fail_at(error) : true;
  }

  bool check(std::string problem) { return problem.empty() || fail(std::move(problem)); }
  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  bool fail_at(simdjson::error_code error) { return fail(failure(error)); }

  std::string located(std::string_view what, const char* place) const {
    if (place == nullptr || place < line_.data() || place > line_.data() + line_.size()) {
      return std::string(what);
    }
    return fmt::format("{} at column {}", what, place - line_.data() + 1);
  }

  od::document& document_;
  std::string_view line_;
  LineFields& fields_;
  std::string prefix_;
  std::string problem_;
};

}  // namespace

struct JsonLineParser::State {
  od::parser parser;
};

JsonLineParser::JsonLineParser() : state_(std::make_unique<State>()) {}
JsonLineParser::~JsonLineParser() = default;
JsonLineParser::JsonLineParser(JsonLineParser&&) noexcept = default;

std::string JsonLineParser::parse(std::string_view line, LineFields& fields) {
  static_assert(padding >= simdjson::SIMDJSON_PADDING);
  fields.clear();
  od::document document;
  const auto error =
      state_->parser.iterate(line.data(), line.size(), line.size() + padding).get(document);
  if (error) return std::string(json_error_text(error));
  return Walk(document, line, fields).run();
}

}  // namespace mlopsctl
