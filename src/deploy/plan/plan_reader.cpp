#include "deploy/plan/plan_reader.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl {

std::string PlanSource::place(const YamlSpan& span) const {
  return !lines || span.line == 0 ? name : fmt::format("line {} of {}", span.line, name);
}

void PlanSource::refuse(const YamlSpan& span, const std::string& message,
                        const std::string& hint) const {
  throw Error(ErrorKind::config, fmt::format("{}: {}", place(span), message), hint);
}

PlanReader::PlanReader(const YamlValue& root, PlanSource source, std::string path)
    : source_(std::move(source)) {
  if (!root.is_map()) {
    source_.refuse(root.span, fmt::format("this is {}, not a map of keys", yaml_kind_name(root)),
                   "`mlopsctl deploy init` writes a file to begin with");
  }
  frames_.push_back({&root, std::move(path), {}});
}

const YamlValue* PlanReader::raw(const PlanKey& key) { return given(key); }

YamlSpan PlanReader::key_span(std::string_view name) const {
  const auto& entries = frames_.back().map->entries;
  const auto found = std::ranges::find(entries, name, &YamlEntry::key);
  return found == entries.end() ? frames_.back().map->span : found->key_span;
}

void PlanReader::accept_rest() {
  for (const YamlEntry& entry : frames_.back().map->entries) {
    frames_.back().known.push_back(entry.key);
  }
}

void PlanReader::finish() { check_names(frames_.front()); }

std::string PlanReader::named(const PlanKey& key) const {
  return quote(frames_.back().path + key.name);
}

void PlanReader::wrong(const YamlValue& value, const PlanKey& key, const std::string& wanted) {
  source_.refuse(value.span,
                 fmt::format("{} is {}, not {}", named(key), yaml_kind_name(value), wanted));
}

const YamlValue* PlanReader::given(const PlanKey& key) {
  Frame& frame = frames_.back();
  frame.known.emplace_back(key.name);
  const YamlValue* value = frame.map->find(key.name);
  if (value == nullptr && key.needed) {
    source_.refuse(frame.map->span, fmt::format("{} is missing", named(key)), key.text);
  }
  return value;
}

void PlanReader::check_names(const Frame& frame) {
  for (const YamlEntry& entry : frame.map->entries) {
    if (std::ranges::find(frame.known, entry.key) != frame.known.end()) continue;
    const auto near = closest(entry.key, frame.known);
    source_.refuse(entry.key_span, fmt::format("unknown key {}", quote(frame.path + entry.key)),
                   near ? fmt::format("did you mean {}?", quote(*near))
                        : fmt::format("keys are {}", join(frame.known, ", ")));
  }
}

std::string PlanReader::text_of(const YamlValue& value, const PlanKey& key) {
  std::string text = value.text;
  if (key.form == Form::quantity && value.is_number()) {
    if (value.kind == YamlKind::real) text = number_text(value.real);
  } else if (!value.is_text()) {
    const bool scalar = value.is_number() || value.kind == YamlKind::boolean;
    source_.refuse(value.span, fmt::format("{} is {}, not text", named(key), yaml_kind_name(value)),
                   scalar ? "put it in quotes" : "");
  }
  const auto length = static_cast<double>(text.size());
  if (key.most < 1e9 && length > key.most) {
    source_.refuse(value.span, fmt::format("{} has {} characters; {:.0f} are the most", named(key),
                                           text.size(), key.most));
  }
  if (text.empty() && key.least > 0) {
    source_.refuse(value.span, fmt::format("{} is empty", named(key)));
  }
  if (text.find('\0') != text.npos || !is_valid_utf8(text)) {
    source_.refuse(value.span, fmt::format("{} has bytes that are no text", named(key)));
  }
  if (const auto problem = form_problem(text, key.form); !problem.empty()) {
    source_.refuse(value.span, fmt::format("{} {}; it is {}", named(key), problem, quote(text)));
  }
  return text;
}

double PlanReader::number_of(const YamlValue& value, const PlanKey& key) {
  if (!value.is_number()) wrong(value, key, "a number");
  const double number = value.number();
  if (!std::isfinite(number) || number < key.least || number > key.most) {
    source_.refuse(value.span, fmt::format("{} is {}, but must be from {} to {}", named(key),
                                           number_text(number), human_number(key.least),
                                           human_number(key.most)));
  }
  return number;
}

int PlanReader::integer_of(const YamlValue& value, const PlanKey& key) {
  if (value.kind != YamlKind::integer) wrong(value, key, "a whole number");
  return static_cast<int>(number_of(value, key));
}

void PlanReader::text(const PlanKey& key, std::string& value) {
  if (const YamlValue* found = given(key)) value = text_of(*found, key);
}

void PlanReader::integer(const PlanKey& key, int& value) {
  if (const YamlValue* found = given(key)) value = integer_of(*found, key);
}

void PlanReader::real(const PlanKey& key, double& value) {
  if (const YamlValue* found = given(key)) value = number_of(*found, key);
}

void PlanReader::flag(const PlanKey& key, bool& value) {
  const YamlValue* found = given(key);
  if (found == nullptr) return;
  if (found->kind != YamlKind::boolean) wrong(*found, key, "true or false");
  value = found->boolean;
}

void PlanReader::duration(const PlanKey& key, Milliseconds& value) {
  const YamlValue* found = given(key);
  if (found == nullptr) return;
  if (!found->is_text() && !found->is_number()) wrong(*found, key, "a duration such as 1m or 30s");
  Milliseconds time{};
  try {
    time = plan_duration(found->kind == YamlKind::real ? number_text(found->real) : found->text);
  } catch (const Error& error) {
    source_.refuse(found->span, fmt::format("{} is no duration: {}", named(key), error.what()),
                   "such as 1m, 30s or 500ms");
  }
  const double seconds = static_cast<double>(time.count()) / 1000;
  if (seconds < key.least || seconds > key.most) {
    source_.refuse(found->span, fmt::format("{} is {}, but must be from {} s to {} s", named(key),
                                            quote(duration_text(time)), human_number(key.least),
                                            human_number(key.most)));
  }
  value = time;
}

void PlanReader::choice(const PlanKey& key, std::span<const char* const> words, int& index) {
  const YamlValue* found = given(key);
  if (found == nullptr) return;
  const std::vector<std::string> all(words.begin(), words.end());
  if (!found->is_text()) wrong(*found, key, join(all, ", "));
  const auto at = std::ranges::find(all, found->text);
  if (at == all.end()) {
    const auto near = closest(found->text, all);
    source_.refuse(found->span, fmt::format("{} is {}", named(key), quote(found->text)),
                   near ? fmt::format("did you mean {}?", quote(*near))
                        : fmt::format("it is one of {}", join(all, ", ")));
  }
  index = static_cast<int>(at - all.begin());
}

void PlanReader::maybe(const PlanKey& key, std::optional<int>& value) {
  const YamlValue* found = given(key);
  if (found == nullptr) return;
  if (found->is_null()) {
    value.reset();
  } else {
    value = integer_of(*found, key);
  }
}

void PlanReader::maybe(const PlanKey& key, std::optional<double>& value) {
  const YamlValue* found = given(key);
  if (found == nullptr) return;
  if (found->is_null()) {
    value.reset();
  } else {
    value = number_of(*found, key);
  }
}

void PlanReader::texts(const PlanKey& key, std::vector<std::string>& values) {
  const YamlValue* found = given(key);
  if (found == nullptr) return;
  if (!found->is_list()) wrong(*found, key, "a list of texts");
  values.clear();
  for (const YamlValue& item : found->items) values.push_back(text_of(item, key));
}

void PlanReader::integers(const PlanKey& key, std::vector<int>& values) {
  const YamlValue* found = given(key);
  if (found == nullptr) return;
  if (!found->is_list()) wrong(*found, key, "a list of whole numbers");
  values.clear();
  for (const YamlValue& item : found->items) values.push_back(integer_of(item, key));
}

void PlanReader::pairs(const PlanKey& key, std::map<std::string, std::string>& values) {
  const YamlValue* found = given(key);
  if (found == nullptr) return;
  if (!found->is_map()) wrong(*found, key, "a map of texts");
  values.clear();
  for (const YamlEntry& entry : found->entries) {
    if (entry.key.empty()) {
      source_.refuse(entry.key_span, fmt::format("{} has a key without a name", named(key)));
    }
    frames_.push_back({found, frames_.back().path + key.name + ".", {}});
    values[entry.key] = text_of(entry.value, {.name = entry.key.c_str()});
    frames_.pop_back();
  }
}

void PlanReader::items(const PlanKey& key, const PlanItems& items) {
  const YamlValue* found = given(key);
  if (found == nullptr) return;
  if (!found->is_list()) wrong(*found, key, "a list");
  items.resize(found->items.size());
  for (std::size_t i = 0; i < found->items.size(); ++i) {
    const YamlValue& item = found->items[i];
    const std::string path = fmt::format("{}{}[{}].", frames_.back().path, key.name, i);
    if (!item.is_map()) {
      source_.refuse(item.span, fmt::format("{} has {} among its items, not a map", named(key),
                                            yaml_kind_name(item)));
    }
    frames_.push_back({&item, path, {}});
    items.visit(i, *this);
    end();
  }
}

bool PlanReader::section(const PlanKey& key, bool* present) {
  const YamlValue* found = given(key);
  if (found == nullptr || found->is_null()) return false;
  if (present != nullptr && found->kind == YamlKind::boolean) {
    *present = found->boolean;
    return false;
  }
  if (!found->is_map()) wrong(*found, key, "a map");
  if (present != nullptr) *present = true;
  frames_.push_back({found, frames_.back().path + key.name + ".", {}});
  return true;
}

void PlanReader::end() {
  check_names(frames_.back());
  frames_.pop_back();
}

}  // namespace mlopsctl
