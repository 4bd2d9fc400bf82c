#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/repro.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::data {

namespace {

// Depth first, what comes before a stage first.
class Order {
 public:
  Order(const Pipelines& pipelines, bool downstream)
      : pipelines_(pipelines), downstream_(downstream), seen_(pipelines.stages().size(), false) {}

  void visit(std::size_t root) {
    struct Step {
      std::size_t stage;
      std::size_t next = 0;
    };
    if (seen_[root]) return;
    std::vector<Step> path{{root}};
    seen_[root] = true;
    while (!path.empty()) {
      Step& step = path.back();
      const auto& below = neighbours(step.stage);
      if (step.next == below.size()) {
        order_.push_back(step.stage);
        path.pop_back();
        continue;
      }
      const std::size_t stage = below[step.next++];
      // A frozen stage does not look at what it depends on.
      if (seen_[stage] || (downstream_ && pipelines_.stages()[stage].frozen)) continue;
      seen_[stage] = true;
      path.push_back({stage});
    }
  }

  std::vector<std::size_t> take() {
    if (downstream_) std::ranges::reverse(order_);
    return std::move(order_);
  }

 private:
  const std::vector<std::size_t>& neighbours(std::size_t stage) const {
    static const std::vector<std::size_t> none;
    if (downstream_) return pipelines_.consumers(stage);
    return pipelines_.stages()[stage].frozen ? none : pipelines_.producers(stage);
  }

  const Pipelines& pipelines_;
  bool downstream_;
  std::vector<bool> seen_;
  std::vector<std::size_t> order_;
};

std::vector<std::size_t> below_folder(const Pipelines& pipelines, const std::string& folder) {
  std::vector<std::size_t> found;
  const auto& stages = pipelines.stages();
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (folder.empty() || stages[i].file.starts_with(folder + "/")) found.push_back(i);
  }
  return found;
}

std::vector<std::size_t> chosen(const Pipelines& pipelines, const PlanOptions& options) {
  std::vector<std::size_t> found;
  if (options.all_pipelines) return below_folder(pipelines, "");
  const auto joined = [&](const std::string& path) {
    std::string text = (fs::path(options.base) / path).lexically_normal().generic_string();
    while (text.ends_with('/')) text.pop_back();
    return text == "." ? "" : text;
  };
  if (options.targets.empty()) {
    if (options.recursive) return below_folder(pipelines, options.base);
    const std::string file = joined("dvc.yaml");
    const auto& stages = pipelines.stages();
    for (std::size_t i = 0; i < stages.size(); ++i) {
      if (stages[i].file == file) found.push_back(i);
    }
    if (found.empty()) {
      throw Error(ErrorKind::not_found, fmt::format("there is no stage in {}", quote(file)),
                  "add one with 'mlopsctl stage add', name a target, or take --all-pipelines");
    }
    return found;
  }
  for (const auto& target : options.targets) {
    std::vector<std::size_t> some;
    if (options.recursive) some = below_folder(pipelines, joined(target));
    if (some.empty()) some = pipelines.select(target, options.base, options.glob);
    for (const auto index : some) {
      if (std::ranges::find(found, index) == found.end()) found.push_back(index);
    }
  }
  return found;
}

std::vector<std::size_t> connected(const Pipelines& pipelines, std::vector<std::size_t> stages) {
  std::vector<bool> seen(pipelines.stages().size(), false);
  for (const auto index : stages) seen[index] = true;
  for (std::size_t at = 0; at < stages.size(); ++at) {
    for (const auto* neighbours :
         {&pipelines.producers(stages[at]), &pipelines.consumers(stages[at])}) {
      for (const auto index : *neighbours) {
        if (seen[index]) continue;
        seen[index] = true;
        stages.push_back(index);
      }
    }
  }
  std::ranges::sort(stages);
  return stages;
}

}  // namespace

std::vector<std::size_t> plan(const Pipelines& pipelines, const PlanOptions& options) {
  std::vector<std::size_t> roots = chosen(pipelines, options);
  if (options.pipeline) roots = connected(pipelines, std::move(roots));
  const bool downstream = options.downstream && !options.pipeline && !options.all_pipelines;
  Order order(pipelines, downstream);
  if (!options.single || options.pipeline || options.all_pipelines) {
    for (const auto root : roots) order.visit(root);
    return order.take();
  }
  // Only the named ones, but not in an order that contradicts their dependencies.
  for (const auto root : roots) order.visit(root);
  std::vector<std::size_t> all = order.take();
  std::erase_if(all,
                [&](std::size_t index) { return std::ranges::find(roots, index) == roots.end(); });
  return all;
}

}  // namespace mlopsctl::data
