// Keys of a plan from a tree of YAML or JSON. What the tree does not name stays as it is.
#pragma once

#include "mlopsctl/formats/yaml_value.hpp"

#include "deploy/plan/plan_keys.hpp"

#include <string>
#include <vector>

namespace mlopsctl {

// How messages name a place: "line 3 of 'deploy.yaml'", or the source alone.
struct PlanSource {
  std::string name;
  bool lines = true;  // spans are lines of it
  [[noreturn]] void refuse(const YamlSpan& span, const std::string& message,
                           const std::string& hint = {}) const;
  std::string place(const YamlSpan& span) const;
};

// A duration as Go writes it ("1m30s"), or as everywhere in this program ("1.5h"); a bare number is
// seconds. Throws Error{usage}.
Milliseconds plan_duration(std::string_view text);
// The shortest text that plan_duration reads as the same.
std::string duration_text(Milliseconds time);
// Why a text is not of a form, or empty.
std::string form_problem(std::string_view text, Form form);

class PlanReader final : public PlanVisitor {
 public:
  // `path` goes before the names of keys in messages: "spec.".
  PlanReader(const YamlValue& root, PlanSource source, std::string path = {});
  // Every key of the root that nobody has asked for is refused.
  void finish();
  // A key of any kind, null if it is not there; and: all keys of the present map are fine.
  const YamlValue* raw(const PlanKey& key);
  YamlSpan key_span(std::string_view name) const;
  void accept_rest();

  void text(const PlanKey& key, std::string& value) override;
  void integer(const PlanKey& key, int& value) override;
  void real(const PlanKey& key, double& value) override;
  void flag(const PlanKey& key, bool& value) override;
  void duration(const PlanKey& key, Milliseconds& value) override;
  void choice(const PlanKey& key, std::span<const char* const> words, int& index) override;
  void maybe(const PlanKey& key, std::optional<int>& value) override;
  void maybe(const PlanKey& key, std::optional<double>& value) override;
  void texts(const PlanKey& key, std::vector<std::string>& values) override;
  void integers(const PlanKey& key, std::vector<int>& values) override;
  void pairs(const PlanKey& key, std::map<std::string, std::string>& values) override;
  void items(const PlanKey& key, const PlanItems& items) override;
  bool section(const PlanKey& key, bool* present = nullptr) override;
  void end() override;

 private:
  struct Frame {
    const YamlValue* map;
    std::string path;
    std::vector<std::string> known;
  };
  const YamlValue* given(const PlanKey& key);
  std::string named(const PlanKey& key) const;  // 'canary.interval'
  [[noreturn]] void wrong(const YamlValue& value, const PlanKey& key, const std::string& wanted);
  std::string text_of(const YamlValue& value, const PlanKey& key);
  double number_of(const YamlValue& value, const PlanKey& key);
  int integer_of(const YamlValue& value, const PlanKey& key);
  void check_names(const Frame& frame);

  PlanSource source_;
  std::vector<Frame> frames_;
};

// What single keys cannot tell: bounds that metrics need, colours that differ, …
void check_plan(const DeployPlan& plan, const YamlValue& root, const PlanSource& source);

// A plan from a tree in the shape of deploy.yaml; `kept`: as plan_json writes it.
DeployPlan plan_from(const YamlValue& root, const PlanSource& source, bool kept);

// The documents of a file, their spans those of the file; empty ones are left out. Throws
// Error{config}.
std::vector<YamlValue> parse_documents(std::string_view text, const PlanSource& source);

// The Canary among the documents; throws Error{config}.
DeployPlan read_canary(const std::vector<YamlValue>& documents, const PlanSource& source);

}  // namespace mlopsctl
