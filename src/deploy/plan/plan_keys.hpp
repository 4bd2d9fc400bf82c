// Every key of deploy.yaml, once: the reader, the JSON of a plan and the guide visit the same list.
#pragma once

#include "mlopsctl/deploy/plan.hpp"

#include <functional>
#include <span>

namespace mlopsctl {

// What a text has to look like.
enum class Form {
  any,
  label,     // a name in Kubernetes: RFC 1123
  image,     // a reference to an image
  url,       // http:// or https://
  path,      // begins with /
  quantity,  // 500m, 4Gi
};

struct PlanKey {
  const char* name;
  const char* text = "";
  Form form = Form::any;
  double least = 0, most = 1e9;  // of numbers; durations in seconds; texts: characters
  bool needed = false;
};

class PlanVisitor;

// A list of structures, whatever they are.
struct PlanItems {
  std::function<std::size_t()> size;
  std::function<void(std::size_t)> resize;
  std::function<void(std::size_t, PlanVisitor&)> visit;
};

class PlanVisitor {
 public:
  virtual ~PlanVisitor() = default;
  virtual void text(const PlanKey& key, std::string& value) = 0;
  virtual void integer(const PlanKey& key, int& value) = 0;
  virtual void real(const PlanKey& key, double& value) = 0;
  virtual void flag(const PlanKey& key, bool& value) = 0;
  virtual void duration(const PlanKey& key, Milliseconds& value) = 0;
  virtual void choice(const PlanKey& key, std::span<const char* const> words, int& index) = 0;
  virtual void maybe(const PlanKey& key, std::optional<int>& value) = 0;
  virtual void maybe(const PlanKey& key, std::optional<double>& value) = 0;
  virtual void texts(const PlanKey& key, std::vector<std::string>& values) = 0;
  virtual void integers(const PlanKey& key, std::vector<int>& values) = 0;
  virtual void pairs(const PlanKey& key, std::map<std::string, std::string>& values) = 0;
  virtual void items(const PlanKey& key, const PlanItems& items) = 0;
  // A map inside; false: nothing to do in it, and no end(). `present`, where there is one, says
  // whether the section is there at all: `true` and `false` stand for it, too.
  virtual bool section(const PlanKey& key, bool* present = nullptr) = 0;
  virtual void end() = 0;
};

void visit_plan(DeployPlan& plan, PlanVisitor& visitor);
// What is no setting of the user's but belongs to a plan that is kept.
void visit_kept(DeployPlan& plan, PlanVisitor& visitor);

}  // namespace mlopsctl
