// Label and field selectors, as strings of a query and as objects of a spec.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::testing {

using Json = nlohmann::json;

class LabelSelector {
 public:
  LabelSelector() = default;  // takes everything
  // "a=b,c!=d,e in (f,g),h notin (i),j,!k"; throws ApiError 400.
  static LabelSelector parse(std::string_view text);
  // {matchLabels, matchExpressions}
  static LabelSelector from_spec(const Json& selector);
  // {a: b} of a Service; takes nothing when empty.
  static LabelSelector from_map(const Json& labels);

  bool takes(const Json& labels) const;
  bool empty() const { return requirements_.empty(); }

 private:
  enum class Operator { in, not_in, exists, missing, never };
  struct Requirement {
    std::string key;
    Operator op = Operator::in;
    std::vector<std::string> values;
  };
  std::vector<Requirement> requirements_;
};

// "metadata.name=x,involvedObject.uid=y,status.phase!=Running"; throws ApiError 400 on fields that
// cannot be selected by. Kinds have fields of their own: `kind` "Pod", "Event" …
class FieldSelector {
 public:
  static FieldSelector parse(std::string_view text, std::string_view kind);
  bool takes(const Json& object) const;

 private:
  struct Requirement {
    std::vector<std::string> path;
    bool equal = true;
    std::string value;
  };
  std::vector<Requirement> requirements_;
};

}  // namespace mlopsctl::testing
