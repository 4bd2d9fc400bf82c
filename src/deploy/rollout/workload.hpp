// Deployments as the strategies see them: selectors, templates, images, and what serves before a
// deployment begins.
#pragma once

#include "mlopsctl/deploy/health.hpp"
#include "mlopsctl/deploy/session.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace mlopsctl::rollout {

ObjectRef deployment_ref(const std::string& name);
ObjectRef service_ref(const std::string& name);

// "app=chat,tier in (a,b)" of spec.selector; labels named in `without` are left out.
std::string selector_text(const Json& deployment, const std::string& without = {});
const Json& pod_template(const Json& deployment);
int replicas_of(const Json& deployment);  // spec.replicas, 1 if absent
// Throws Error{config} naming the containers there are.
std::string container_of(const DeployPlan& plan, const Json& pod_template);
std::string image_of(const Json& pod_template, const std::string& container);
void set_image(Json& pod_template, const std::string& container, const std::string& image);
std::string annotation(const Json& object, const std::string& name);

// Throws Error{not_found} that says how to make it.
Json require_deployment(Session& session, const std::string& name);
Json require_service(Session& session, const std::string& name);
// Throws Error{conflict}: Kubernetes rolls nothing out while it is paused.
void refuse_paused(const Json& deployment);
// Throws Error{conflict} unless all of it is up: there would be nothing to go back to.
void require_healthy(Session& session, const WorkloadView& view);

// How much of a Deployment is to be done and by what budgets, since `age`.
Rollout judge(Session& session, const Json& deployment, const WorkloadView& view, Milliseconds age,
              int expected);
// The same while the version before is being put back: failures are waited out.
Rollout judge_return(Session& session, const Json& deployment, const WorkloadView& view,
                     Milliseconds age, int expected);

// "kubectl --context prod -n llm", for lines that people are to run.
std::string kubectl_line(Session& session);
// The path of a key of a JSON patch: '~' and '/' escaped.
std::string pointer_part(const std::string& key);

// Whose fence an object carries is seen in what was read anyway; it is claimed when it is not ours.
void own(Session& session, const Json& object);

}  // namespace mlopsctl::rollout
