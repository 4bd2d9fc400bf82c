#include "support/cluster/selectors.hpp"

#include "mlopsctl/base/text.hpp"

#include "support/cluster/api_error.hpp"

#include <algorithm>

namespace mlopsctl::testing {

namespace {

// At commas that are not within parentheses.
std::vector<std::string> requirements_of(std::string_view text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == ',' && depth == 0)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  std::vector<std::string> trimmed;
  for (const auto& part : parts)
    if (!trim(part).empty()) trimmed.emplace_back(trim(part));
  return trimmed;
}

std::string unable(std::string_view text) {
  return "unable to parse requirement: found '" + std::string(text) +
         "', expected: a label selector";
}

std::vector<std::string> values_of(std::string_view list) {
  list = trim(list);
  if (list.size() < 2 || list.front() != '(' || list.back() != ')') throw bad_request(unable(list));
  std::vector<std::string> values;
  for (const auto& value : split(list.substr(1, list.size() - 2), ','))
    values.emplace_back(trim(value));
  return values;
}

bool has(const std::vector<std::string>& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

LabelSelector LabelSelector::parse(std::string_view text) {
  LabelSelector selector;
  for (const std::string& part : requirements_of(text)) {
    const auto set = [&](std::string_view key, Operator op, std::vector<std::string> values) {
      selector.requirements_.push_back({std::string(trim(key)), op, std::move(values)});
    };
    if (const auto in = part.find(" notin "); in != std::string::npos)
      set(part.substr(0, in), Operator::not_in, values_of(part.substr(in + 7)));
    else if (const auto at = part.find(" in "); at != std::string::npos)
      set(part.substr(0, at), Operator::in, values_of(part.substr(at + 4)));
    else if (const auto no = part.find("!="); no != std::string::npos)
      set(part.substr(0, no), Operator::not_in, {std::string(trim(part.substr(no + 2)))});
    else if (const auto eq = part.find('='); eq != std::string::npos)
      set(part.substr(0, eq), Operator::in,
          {std::string(trim(part.substr(part.find_first_not_of('=', eq) == std::string::npos
                                            ? part.size()
                                            : part.find_first_not_of('=', eq))))});
    else if (part.front() == '!')
      set(part.substr(1), Operator::missing, {});
    else if (part.find_first_of(" ()") == std::string::npos)
      set(part, Operator::exists, {});
    else
      throw bad_request(unable(part));
  }
  return selector;
}

LabelSelector LabelSelector::from_spec(const Json& spec) {
  LabelSelector selector;
  if (spec.contains("matchLabels"))
    for (const auto& [key, value] : spec.at("matchLabels").items())
      selector.requirements_.push_back({key, Operator::in, {value.get<std::string>()}});
  if (spec.contains("matchExpressions"))
    for (const auto& expression : spec.at("matchExpressions")) {
      const auto op = expression.value("operator", "");
      selector.requirements_.push_back({expression.value("key", ""),
                                        op == "In"       ? Operator::in
                                        : op == "NotIn"  ? Operator::not_in
                                        : op == "Exists" ? Operator::exists
                                                         : Operator::missing,
                                        expression.value("values", std::vector<std::string>{})});
    }
  return selector;
}

LabelSelector LabelSelector::from_map(const Json& labels) {
  LabelSelector selector;
  if (!labels.is_object() || labels.empty()) {
    selector.requirements_.push_back({"", Operator::never, {}});
    return selector;
  }
  for (const auto& [key, value] : labels.items())
    selector.requirements_.push_back({key, Operator::in, {value.get<std::string>()}});
  return selector;
}

bool LabelSelector::takes(const Json& labels) const {
  return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& wanted) {
    const bool there = labels.is_object() && labels.contains(wanted.key);
    const auto value = there ? labels.at(wanted.key).get<std::string>() : std::string();
    switch (wanted.op) {
      case Operator::in:
        return there && has(wanted.values, value);
      case Operator::not_in:
        return !there || !has(wanted.values, value);
      case Operator::exists:
        return there;
      case Operator::missing:
        return !there;
      case Operator::never:
        break;
    }
    return false;
  });
}

FieldSelector FieldSelector::parse(std::string_view text, std::string_view kind) {
  std::vector<std::string> known{"metadata.name", "metadata.namespace"};
  if (kind == "Pod")
    known.insert(known.end(),
                 {"spec.nodeName", "spec.restartPolicy", "status.phase", "status.podIP"});
  if (kind == "Event")
    known.insert(known.end(),
                 {"involvedObject.kind", "involvedObject.name", "involvedObject.namespace",
                  "involvedObject.uid", "reason", "type", "source"});
  if (kind == "Namespace") known.emplace_back("status.phase");
  if (kind == "Secret") known.emplace_back("type");
  if (kind == "ReplicaSet") known.emplace_back("status.replicas");
  FieldSelector selector;
  for (const auto& part : split(text, ',')) {
    if (trim(part).empty()) continue;
    const auto equals = part.find('=');
    if (equals == std::string::npos || equals == 0)
      throw bad_request("invalid selector: '" + part + "'; can't understand '" + part + "'");
    const bool differs = part[equals - 1] == '!';
    const std::string field(trim(part.substr(0, differs ? equals - 1 : equals)));
    const auto value = part.substr(std::min(part.size(), part.find_first_not_of('=', equals)));
    if (!has(known, field)) throw bad_request("field label not supported: " + field);
    selector.requirements_.push_back({split(field, '.'), !differs, value});
  }
  return selector;
}

bool FieldSelector::takes(const Json& object) const {
  return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& wanted) {
    const Json* place = &object;
    for (const auto& step : wanted.path) {
      if (!place->is_object() || !place->contains(step))
        return wanted.value.empty() == wanted.equal;
      place = &place->at(step);
    }
    const auto value = place->is_string() ? place->get<std::string>() : place->dump();
    return (value == wanted.value) == wanted.equal;
  });
}

}  // namespace mlopsctl::testing
