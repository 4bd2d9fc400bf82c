#include "mlopsctl/formats/json_document.hpp"

#include "formats/json_error.hpp"

#include <simdjson.h>

#include <cstdint>
#include <deque>
#include <utility>

namespace mlopsctl {

namespace {

namespace dom = simdjson::dom;

// NaN, Infinity and -Infinity outside of strings become null. False if there are none.
bool without_python_numbers(std::string& text) {
  bool changed = false;
  bool inside = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (inside) {
      if (c == '\\') ++at;
      if (c == '"') inside = false;
      continue;
    }
    if (c == '"') inside = true;
    for (const std::string_view word : {"NaN", "-Infinity", "Infinity"}) {
      if (text.compare(at, word.size(), word) != 0) continue;
      std::string null = "null";
      null.resize(std::max(null.size(), word.size()), ' ');
      text.replace(at, word.size(), null);
      changed = true;
      break;
    }
  }
  return changed;
}

std::optional<dom::element> item_at(const dom::array& list, std::ptrdiff_t index) {
  std::ptrdiff_t wanted = index;
  if (wanted < 0) wanted += static_cast<std::ptrdiff_t>(list.size());
  if (wanted < 0) return std::nullopt;
  for (const dom::element item : list) {
    if (wanted-- == 0) return item;
  }
  return std::nullopt;
}

std::optional<dom::element> last_match(const dom::array& list, const JsonPath::Match& match) {
  std::optional<dom::element> found;
  for (const dom::element item : list) {
    std::string_view value;
    if (item[match.key].get_string().get(value) == simdjson::SUCCESS && value == match.value) {
      found = item;
    }
  }
  return found;
}

std::optional<dom::element> find(dom::element value, const JsonPath& path) {
  for (const auto& step : path.steps()) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      dom::object object;
      if (value.get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
      if (object.at_key(*name).get(value) != simdjson::SUCCESS) return std::nullopt;
      continue;
    }
    dom::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS) return std::nullopt;
    const auto* index = std::get_if<std::ptrdiff_t>(&step);
    const auto item = index != nullptr ? item_at(list, *index)
                                       : last_match(list, std::get<JsonPath::Match>(step));
    if (!item) return std::nullopt;
    value = *item;
  }
  return value;
}

// The texts of a list of parts; false if it is none.
bool join_parts(const dom::array& list, std::string& text) {
  bool any = false;
  for (const dom::element part : list) {
    std::string_view piece;
    if (part.get_string().get(piece) == simdjson::SUCCESS ||
        part["text"].get_string().get(piece) == simdjson::SUCCESS) {
      text += piece;
      any = true;
    } else if (!part.is_object()) {
      return false;
    }
  }
  return any;
}

}  // namespace

struct JsonDocument::State {
  dom::parser parser;
  std::optional<dom::element> root;
  std::string copy;
  std::deque<std::string> made;  // texts that are not in the JSON as they are

  simdjson::error_code parse_copy() {
    const std::size_t size = copy.size();
    copy.resize(size + simdjson::SIMDJSON_PADDING, '\0');
    return read(copy.data(), size);
  }
  simdjson::error_code read(const char* data, std::size_t size) {
    dom::element element;
    const auto error = parser.parse(data, size, false).get(element);
    if (error == simdjson::SUCCESS) root = element;
    return error;
  }
};

JsonDocument::JsonDocument() : state_(std::make_unique<State>()) {
  static_assert(padding >= simdjson::SIMDJSON_PADDING);
}
JsonDocument::~JsonDocument() = default;
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;

std::string JsonDocument::parse(std::string_view text, std::size_t readable) {
  State& state = *state_;
  state.root.reset();
  state.made.clear();
  auto error = simdjson::SUCCESS;
  if (readable < text.size() + padding) {
    state.copy = text;
    error = state.parse_copy();
  } else {
    error = state.read(text.data(), text.size());
  }
  if (error != simdjson::SUCCESS &&
      (text.find("NaN") != text.npos || text.find("Infinity") != text.npos)) {
    state.copy = text;
    if (without_python_numbers(state.copy)) error = state.parse_copy();
  }
  if (error == simdjson::SUCCESS) return {};
  return std::string(json_error_text(error));
}

bool JsonDocument::is_object() const { return state_->root && state_->root->is_object(); }

std::vector<std::string> JsonDocument::keys() const {
  std::vector<std::string> names;
  dom::object object;
  if (!state_->root || state_->root->get_object().get(object) != simdjson::SUCCESS) return names;
  for (const auto field : object) names.emplace_back(field.key);
  return names;
}

std::optional<std::string_view> JsonDocument::text_at(const JsonPath& path) {
  if (!state_->root) return std::nullopt;
  const auto value = find(*state_->root, path);
  if (!value) return std::nullopt;
  std::string_view text;
  if (value->get_string().get(text) == simdjson::SUCCESS) return text;
  dom::array list;
  std::string joined;
  if (value->get_array().get(list) != simdjson::SUCCESS || !join_parts(list, joined)) {
    return std::nullopt;
  }
  return state_->made.emplace_back(std::move(joined));
}

std::optional<std::string_view> JsonDocument::scalar_at(const JsonPath& path) {
  if (!state_->root) return std::nullopt;
  const auto value = find(*state_->root, path);
  if (!value) return std::nullopt;
  std::string_view text;
  if (value->get_string().get(text) == simdjson::SUCCESS) return text;
  if (!value->is_number() && !value->is_bool()) return std::nullopt;
  return state_->made.emplace_back(simdjson::minify(*value));
}

std::optional<double> JsonDocument::number_at(const JsonPath& path) {
  if (!state_->root) return std::nullopt;
  const auto value = find(*state_->root, path);
  double number = 0;
  if (!value || value->get_double().get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

bool JsonDocument::has(const JsonPath& path) const {
  if (!state_->root) return false;
  const auto value = find(*state_->root, path);
  return value && !value->is_null();
}

}  // namespace mlopsctl
