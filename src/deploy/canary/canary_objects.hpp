// The objects of a canary: names, labels, manifests. Pure but for ensure_service.
#pragma once

#include "mlopsctl/deploy/session.hpp"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <string>

namespace mlopsctl::canary {

using Labels = std::map<std::string, std::string>;

std::string service_of(const DeployPlan& plan);    // APP, or as the plan says
std::string canary_name(const std::string& name);  // NAME-canary: Deployment and Service
ObjectRef deployment_ref(const std::string& name);
ObjectRef service_ref(const std::string& name);

Labels labels_at(const Json& object, const char* pointer);  // "/spec/selector"; none: empty
bool selects(const Labels& selector, const Labels& labels);

// How the canary's pods are told from the stable ones: by the track label, and where the Service
// `stable_selector` would take them all the same, by another value of one label of it.
struct Identity {
  Labels labels;              // of the pods
  Labels selector;            // of the Deployment
  std::string changed_label;  // empty: none
};
Identity identity_of(const Json& stable_deployment, const Json& pod_template,
                     const Labels& stable_selector, bool apart);

// APP-canary: the stable Deployment with another template and selector.
Json candidate_manifest(const Json& stable_deployment, const Json& pod_template,
                        const Identity& identity, int replicas);
// The template of a candidate as it would be in the stable Deployment, to be compared.
Json as_stable(Json candidate_template, const Json& pod_template);

// APP-canary: the stable Service for the canary's pods. Created, or made to select them; notes
// "route.service" that it is to be removed in the end. True: the state was saved on the way.
bool ensure_service(Session& session, const std::string& stable_service);
void remove_service(Session& session, const std::string& stable_service);

// Writes our fence to an object that was read and has another.
void own(Session& session, const ObjectRef& reference, const Json& object);

}  // namespace mlopsctl::canary
