#include "fuzz/deploy_plan_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/deploy/plan.hpp"

#include "deploy/plan/image_name.hpp"
#include "fuzz/require.hpp"

#include <nlohmann/json.hpp>

#include <functional>

namespace mlopsctl::fuzz {
namespace {

void allow(std::initializer_list<ErrorKind> kinds, const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    bool known = false;
    for (const ErrorKind kind : kinds) known = known || error.kind() == kind;
    require(known, std::string("an error of another kind: ") + error.what());
  }
}

// What is written is read as the same.
void check_manifests(const std::vector<Json>& manifests) {
  (void)lint_manifests(manifests);
  const auto again = parse_manifests(manifests_yaml(manifests), "'again'");
  require(Json(again) == Json(manifests), "manifests change when they are written and read");
}

void check_plan(std::string_view text) {
  const DeployPlan plan = parse_plan(text, "'deploy.yaml'");
  const std::string kept = plan_json(plan);
  require(plan_json(parse_plan_json(kept)) == kept, "a plan changes when it is kept");
  if (!plan.image.empty()) check_manifests(render_manifests(plan));
}

}  // namespace

void check_deploy_plan(std::string_view text) {
  allow({ErrorKind::config}, [&] { check_plan(text); });
  allow({ErrorKind::config}, [&] { (void)lint_manifests(parse_manifests(text, "'m.yaml'")); });
  allow({ErrorKind::config, ErrorKind::usage}, [&] {
    DeployPlan plan = parse_plan(
        "app: chat\ncanary: {metrics: [{name: request-duration, "
        "thresholdRange: {max: 500}}]}",
        "'d'");
    set_in_plan(plan, text);
    (void)plan_json(plan);
  });
  if (image_problem(text).empty()) {
    const ImageName name = parse_image(text);
    require(!name.repository.empty() && !name.registry.empty(), "an image without a name");
  }
}

}  // namespace mlopsctl::fuzz
