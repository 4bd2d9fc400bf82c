// A plan as JSON in the shape of deploy.yaml, and its keys for the guide.
#include "mlopsctl/base/text.hpp"

#include "deploy/plan/plan_reader.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlopsctl {

namespace {

using Ordered = nlohmann::ordered_json;

class Writer final : public PlanVisitor {
 public:
  Writer() { places_.push_back(&root_); }
  std::string take() const { return root_.dump(); }

  void text(const PlanKey& key, std::string& value) override {
    // Where a given text must not be empty, an empty one was not given.
    if (!value.empty() || key.least == 0) here()[key.name] = value;
  }
  void integer(const PlanKey& key, int& value) override { here()[key.name] = value; }
  void real(const PlanKey& key, double& value) override { here()[key.name] = value; }
  void flag(const PlanKey& key, bool& value) override { here()[key.name] = value; }
  void duration(const PlanKey& key, Milliseconds& value) override {
    here()[key.name] = duration_text(value);
  }
  void choice(const PlanKey& key, std::span<const char* const> words, int& index) override {
    here()[key.name] = words[static_cast<std::size_t>(index)];
  }
  void maybe(const PlanKey& key, std::optional<int>& value) override {
    here()[key.name] = value ? Ordered(*value) : Ordered(nullptr);
  }
  void maybe(const PlanKey& key, std::optional<double>& value) override {
    here()[key.name] = value ? Ordered(*value) : Ordered(nullptr);
  }
  void texts(const PlanKey& key, std::vector<std::string>& values) override {
    here()[key.name] = values;
  }
  void integers(const PlanKey& key, std::vector<int>& values) override {
    if (!values.empty()) here()[key.name] = values;
  }
  void pairs(const PlanKey& key, std::map<std::string, std::string>& values) override {
    if (!values.empty()) here()[key.name] = values;
  }
  void items(const PlanKey& key, const PlanItems& items) override {
    Ordered& list = here()[key.name] = Ordered::array();
    for (std::size_t i = 0; i < items.size(); ++i) {
      Ordered item = Ordered::object();
      places_.push_back(&item);
      items.visit(i, *this);
      places_.pop_back();
      list.push_back(std::move(item));
    }
  }
  bool section(const PlanKey& key, bool* present) override {
    if (present != nullptr && !*present) {
      here()[key.name] = false;
      return false;
    }
    Ordered& inner = here()[key.name] = Ordered::object();
    places_.push_back(&inner);
    return true;
  }
  void end() override { places_.pop_back(); }

 private:
  Ordered& here() { return *places_.back(); }
  Ordered root_ = Ordered::object();
  std::vector<Ordered*> places_;
};

// One line a key: path, type, what it is if it is not given.
class Describer final : public PlanVisitor {
 public:
  std::vector<PlanKeyDoc> take() { return std::move(keys_); }

  void text(const PlanKey& key, std::string& value) override {
    static constexpr std::array types{"text", "name", "image", "URL", "path", "amount"};
    add(key, types.at(static_cast<std::size_t>(key.form)), value);
  }
  void integer(const PlanKey& key, int& value) override {
    add(key, "whole number", std::to_string(value));
  }
  void real(const PlanKey& key, double& value) override { add(key, "number", number_text(value)); }
  void flag(const PlanKey& key, bool& value) override {
    add(key, "true or false", value ? "true" : "false");
  }
  void duration(const PlanKey& key, Milliseconds& value) override {
    add(key, "duration", duration_text(value));
  }
  void choice(const PlanKey& key, std::span<const char* const> words, int& index) override {
    const std::vector<std::string> all(words.begin(), words.end());
    add(key, join(all, " | "), words[static_cast<std::size_t>(index)]);
  }
  void maybe(const PlanKey& key, std::optional<int>& value) override {
    add(key, "whole number", value ? std::to_string(*value) : "");
  }
  void maybe(const PlanKey& key, std::optional<double>& value) override {
    add(key, "number", value ? number_text(*value) : "");
  }
  void texts(const PlanKey& key, std::vector<std::string>& /*values*/) override {
    add(key, "list of texts", "");
  }
  void integers(const PlanKey& key, std::vector<int>& /*values*/) override {
    add(key, "list of whole numbers", "");
  }
  void pairs(const PlanKey& key, std::map<std::string, std::string>& /*values*/) override {
    add(key, "map of texts", "");
  }
  void items(const PlanKey& key, const PlanItems& items) override {
    add(key, "list", "");
    items.resize(1);
    const std::string before = path_;
    path_ += std::string(key.name) + "[].";
    items.visit(0, *this);
    path_ = before;
    items.resize(0);
  }
  bool section(const PlanKey& key, bool* present) override {
    add(key, "", "");
    if (present != nullptr) *present = true;
    paths_.push_back(path_);
    path_ += std::string(key.name) + ".";
    return true;
  }
  void end() override {
    path_ = paths_.back();
    paths_.pop_back();
  }

 private:
  void add(const PlanKey& key, const std::string& type, const std::string& initial) {
    keys_.push_back({path_ + key.name, type, key.needed ? "needed" : initial, key.text});
  }
  std::string path_;
  std::vector<std::string> paths_;
  std::vector<PlanKeyDoc> keys_;
};

}  // namespace

std::string plan_json(const DeployPlan& plan) {
  DeployPlan copy = plan;  // visitors may write
  Writer writer;
  visit_plan(copy, writer);
  visit_kept(copy, writer);
  if (plan.canary.step_weights.empty()) return writer.take();
  // Without them the reader would not take the rest: they exclude each other.
  Ordered json = Ordered::parse(writer.take());
  json["canary"].erase("stepWeight");
  json["canary"].erase("maxWeight");
  return json.dump();
}

std::vector<PlanKeyDoc> plan_keys() {
  DeployPlan plan;
  Describer describer;
  visit_plan(plan, describer);
  return describer.take();
}

}  // namespace mlopsctl
