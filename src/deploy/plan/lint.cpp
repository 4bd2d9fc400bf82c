// What is known to hurt: manifests that lose requests, block drains, or cannot be rolled back.
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/plan.hpp"

#include "deploy/plan/image_name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlopsctl {

namespace {

const Json& empty() {
  static const Json nothing = Json::object();
  return nothing;
}

// The value at keys, or an empty object; whatever the manifest's types are.
const Json& at(const Json& value, std::initializer_list<const char*> keys) {
  const Json* place = &value;
  for (const auto* key : keys) {
    if (!place->is_object()) return empty();
    const auto found = place->find(key);
    if (found == place->end()) return empty();
    place = &*found;
  }
  return *place;
}

std::string text_at(const Json& value, std::initializer_list<const char*> keys) {
  const Json& found = at(value, keys);
  return found.is_string() ? found.get<std::string>() : "";
}

std::optional<std::int64_t> number_at(const Json& value, std::initializer_list<const char*> keys) {
  const Json& found = at(value, keys);
  if (found.is_number()) {
    const double number = found.get<double>();
    if (number >= -1e15 && number <= 1e15) return static_cast<std::int64_t>(number);
  }
  if (found.is_string()) return parse_integer(found.get_ref<const std::string&>());
  return std::nullopt;
}

std::string name_of(const Json& manifest) {
  return text_at(manifest, {"kind"}) + "/" + text_at(manifest, {"metadata", "name"});
}

bool has_pods(const Json& manifest) {
  return !at(manifest, {"spec", "template", "spec", "containers"}).empty();
}

// Every label that the selector asks for is there, with that value.
bool takes(const Json& selector, const Json& labels) {
  if (!selector.is_object() || selector.empty() || !labels.is_object()) return false;
  return std::ranges::all_of(selector.items(), [&](const auto& wanted) {
    const auto found = labels.find(wanted.key());
    return found != labels.end() && *found == wanted.value();
  });
}

class Linter {
 public:
  explicit Linter(const std::vector<Json>& manifests) : manifests_(manifests) {}

  std::vector<LintFinding> run() {
    for (const Json& manifest : manifests_) {
      const std::string kind = text_at(manifest, {"kind"});
      object_ = name_of(manifest);
      if (has_pods(manifest)) pods(manifest);
      if (kind == "Deployment") deployment(manifest);
      if (kind == "HorizontalPodAutoscaler") autoscaler(manifest);
      if (kind == "PodDisruptionBudget") disruption_budget(manifest);
      if (kind == "Service") service(manifest);
    }
    overlaps();
    return std::move(findings_);
  }

 private:
  void error(const char* rule, std::string message, std::string hint) {
    findings_.push_back({true, object_, rule, std::move(message), std::move(hint)});
  }
  void warn(const char* rule, std::string message, std::string hint) {
    findings_.push_back({false, object_, rule, std::move(message), std::move(hint)});
  }

  void pods(const Json& manifest) {
    const Json& containers = at(manifest, {"spec", "template", "spec", "containers"});
    if (!containers.is_array()) return;
    for (const Json& container : containers) {
      const std::string name = text_at(container, {"name"});
      image(container, name);
      environment(container, name);
      gpus(container, name);
    }
  }

  void image(const Json& container, const std::string& name) {
    const std::string image = text_at(container, {"image"});
    if (image.empty()) {
      error("no-image", fmt::format("container {} has no image", quote(name)), "name one");
      return;
    }
    if (const auto problem = image_problem(image); !problem.empty()) {
      error("bad-image", fmt::format("{} of container {} {}", quote(image), quote(name), problem),
            "");
      return;
    }
    const ImageName parsed = parse_image(image);
    if (!parsed.digest.empty() || (!parsed.tag.empty() && parsed.tag != "latest")) return;
    error("latest-tag",
          parsed.tag.empty()
              ? fmt::format("image {} has no tag, which means latest", quote(image))
              : fmt::format("image {} is whatever latest means on the day a pod starts",
                            quote(image)),
          "give a version: a rollback to latest brings back nothing");
  }

  void environment(const Json& container, const std::string& container_name) {
    const Json& variables = at(container, {"env"});
    if (!variables.is_array()) return;
    for (const Json& variable : variables) {
      const std::string name = text_at(variable, {"name"}), value = text_at(variable, {"value"});
      if (value.empty() || (!is_secret_name(name) && !is_secret_value(value))) continue;
      error("plain-secret",
            fmt::format("variable {} of container {} holds a secret that everybody who may read "
                        "Deployments can see",
                        quote(name), quote(container_name)),
            "kubectl create secret generic, and valueFrom.secretKeyRef or envFrom");
    }
  }

  void gpus(const Json& container, const std::string& name) {
    const Json& requests = at(container, {"resources", "requests"});
    const Json& limits = at(container, {"resources", "limits"});
    for (const Json* side : {&requests, &limits}) {
      if (!side->is_object()) continue;
      for (const auto& [resource, amount] : side->items()) {
        const bool gpu = resource.ends_with("/gpu") || resource.find("/mig-") != resource.npos;
        if (!gpu || at(requests, {resource.c_str()}) == at(limits, {resource.c_str()})) continue;
        // Limits without requests are both: the API server copies them.
        if (side == &limits && !requests.contains(resource)) continue;
        error("gpu-requests-differ",
              fmt::format("container {} requests another number of {} than it limits", quote(name),
                          resource),
              "GPUs cannot be shared out: the API server refuses the pod; make both the same");
        return;
      }
    }
  }

  void deployment(const Json& manifest) {
    const Json& spec = at(manifest, {"spec"});
    selector(spec);
    deadlines(spec);
    const auto replicas = number_at(spec, {"replicas"});
    surge(spec, replicas.value_or(1));
    if (served(manifest)) lifecycle(spec);
  }

  void selector(const Json& spec) {
    const Json& labels = at(spec, {"template", "metadata", "labels"});
    const Json& selector = at(spec, {"selector", "matchLabels"});
    if (selector.empty() && at(spec, {"selector", "matchExpressions"}).empty()) {
      error("no-selector", "it has no selector", "give it the labels of its pods");
    } else if (!selector.empty() && !takes(selector, labels)) {
      error("selector-mismatch",
            fmt::format("its selector {} does not take its own pods, labelled {}", selector.dump(),
                        labels.dump()),
            "every label of spec.selector.matchLabels has to be in spec.template.metadata.labels");
    }
  }

  void deadlines(const Json& spec) {
    const auto deadline = number_at(spec, {"progressDeadlineSeconds"}).value_or(600);
    const auto ready = number_at(spec, {"minReadySeconds"}).value_or(0);
    if (deadline > ready) return;
    error(
        "deadline-before-ready",
        fmt::format("progressDeadlineSeconds {} is not above minReadySeconds {}", deadline, ready),
        "the API server refuses it");
  }

  void surge(const Json& spec, std::int64_t replicas) {
    if (text_at(spec, {"strategy", "type"}) == "Recreate") {
      warn("recreate", "all old pods go before the first new one comes",
           "strategy RollingUpdate with maxUnavailable 0");
      return;
    }
    // Shares are rounded down; Kubernetes' default is 25 %.
    const Json& given = at(spec, {"strategy", "rollingUpdate", "maxUnavailable"});
    if (given.is_object()) return;
    const bool share = given.is_string() && given.get_ref<const std::string&>().ends_with('%');
    const bool none = share ? given != "100%" : given == 0 || given == "0";
    if (!none && replicas == 1) {
      error("unavailable-single",
            "with one replica, maxUnavailable lets the only pod go before its successor is ready",
            "maxUnavailable: 0, maxSurge: 1");
    }
  }

  // A Service of these manifests leads to its pods, or there is none to tell.
  bool served(const Json& manifest) const {
    bool any = false;
    const Json& labels = at(manifest, {"spec", "template", "metadata", "labels"});
    for (const Json& other : manifests_) {
      if (text_at(other, {"kind"}) != "Service") continue;
      any = true;
      if (takes(at(other, {"spec", "selector"}), labels)) return true;
      // The idle colour: the Service's selector with another value for one label.
      const Json& selector = at(other, {"spec", "selector"});
      if (selector.is_object() && selector.size() > 1 && selector.contains("app") &&
          labels.is_object() && labels.contains("app") && selector["app"] == labels["app"]) {
        return true;
      }
    }
    return !any;
  }

  void lifecycle(const Json& spec) {
    const Json& containers = at(spec, {"template", "spec", "containers"});
    if (!containers.is_array()) return;
    for (const Json& container : containers) {
      const std::string name = text_at(container, {"name"});
      // Sidecars without ports get no requests.
      if (containers.size() > 1 && at(container, {"ports"}).empty()) continue;
      if (at(container, {"readinessProbe"}).empty()) {
        error("no-readiness",
              fmt::format("container {} gets requests before it can answer: no readinessProbe",
                          quote(name)),
              "readinessProbe: {httpGet: {path: /health, port: …}}");
      }
      if (at(container, {"lifecycle", "preStop"}).empty()) {
        warn("no-pre-stop",
             fmt::format("container {} ends while requests are still sent to it: no preStop",
                         quote(name)),
             "lifecycle.preStop.exec.command: [sleep, \"10\"]");
        continue;
      }
      grace(spec, container, name);
    }
  }

  void grace(const Json& spec, const Json& container, const std::string& name) {
    const auto grace =
        number_at(spec, {"template", "spec", "terminationGracePeriodSeconds"}).value_or(30);
    auto sleep = number_at(container, {"lifecycle", "preStop", "sleep", "seconds"});
    const Json& command = at(container, {"lifecycle", "preStop", "exec", "command"});
    if (command.is_array() && command.size() == 2 && command[0] == "sleep" &&
        command[1].is_string()) {
      sleep = parse_integer(command[1].get_ref<const std::string&>());
    }
    if (!sleep || *sleep < grace) return;
    error("pre-stop-too-long",
          fmt::format("container {} is killed in its preStop: it takes {} s, "
                      "terminationGracePeriodSeconds are {}",
                      quote(name), *sleep, grace),
          "make the grace period longer than preStop and the longest request together");
  }

  void autoscaler(const Json& manifest) {
    const Json* target = nullptr;
    for (const Json& other : manifests_) {
      if (text_at(other, {"kind"}) == text_at(manifest, {"spec", "scaleTargetRef", "kind"}) &&
          text_at(other, {"metadata", "name"}) ==
              text_at(manifest, {"spec", "scaleTargetRef", "name"})) {
        target = &other;
      }
    }
    if (target == nullptr) return;
    const auto replicas = number_at(*target, {"spec", "replicas"});
    // None parks the autoscaler: that is how an idle colour is written.
    if (replicas && *replicas != 0) {
      warn("replicas-and-autoscaler",
           fmt::format("{} has replicas: {}, which every apply sets back", name_of(*target),
                       *replicas),
           "leave replicas out of the Deployment");
    }
    const auto least = number_at(manifest, {"spec", "minReplicas"}).value_or(1);
    const auto most = number_at(manifest, {"spec", "maxReplicas"}).value_or(least);
    if (least > most) error("autoscaler-bounds", "minReplicas is above maxReplicas", "");
  }

  void disruption_budget(const Json& manifest) {
    const Json& selector = at(manifest, {"spec", "selector", "matchLabels"});
    std::int64_t pods = 0;
    std::vector<std::string> names;
    for (const Json& other : manifests_) {
      if (text_at(other, {"kind"}) != "Deployment" ||
          !takes(selector, at(other, {"spec", "template", "metadata", "labels"}))) {
        continue;
      }
      pods += scale_of(other);
      names.push_back(name_of(other));
    }
    if (names.empty()) return;
    const Json& most = at(manifest, {"spec", "maxUnavailable"});
    const Json& least = at(manifest, {"spec", "minAvailable"});
    const bool blocked =
        most == 0 || most == "0" || most == "0%" || least == "100%" ||
        (least.is_number() && pods > 0 && least.get<double>() >= static_cast<double>(pods));
    if (!blocked) return;
    error("blocks-drain",
          fmt::format("it never lets a pod of {} go: nodes cannot be drained", join(names, ", ")),
          "maxUnavailable: 1");
  }

  // The fewest pods that there are to be.
  std::int64_t scale_of(const Json& deployment) const {
    for (const Json& other : manifests_) {
      if (text_at(other, {"kind"}) == "HorizontalPodAutoscaler" &&
          text_at(other, {"spec", "scaleTargetRef", "name"}) ==
              text_at(deployment, {"metadata", "name"}) &&
          number_at(deployment, {"spec", "replicas"}) != 0) {
        return number_at(other, {"spec", "minReplicas"}).value_or(1);
      }
    }
    return number_at(deployment, {"spec", "replicas"}).value_or(1);
  }

  void service(const Json& manifest) {
    const Json& selector = at(manifest, {"spec", "selector"});
    const bool any = std::ranges::any_of(manifests_, has_pods);
    if (selector.empty() || !any) return;
    for (const Json& other : manifests_) {
      if (takes(selector, at(other, {"spec", "template", "metadata", "labels"}))) return;
    }
    // mlopsctl makes the pods of a canary when there is one.
    if (text_at(selector, {std::string(track_label).c_str()}) == "canary") return;
    warn("service-without-pods",
         fmt::format("its selector {} takes no pods of these manifests", selector.dump()),
         "compare it with the labels of the pods");
  }

  void overlaps() {
    for (std::size_t i = 0; i < manifests_.size(); ++i) {
      for (std::size_t j = i + 1; j < manifests_.size(); ++j) overlap(manifests_[i], manifests_[j]);
    }
  }

  void overlap(const Json& one, const Json& other) {
    const auto selector = [](const Json& manifest) -> const Json& {
      return at(manifest, {"spec", "selector", "matchLabels"});
    };
    const auto labels = [](const Json& manifest) -> const Json& {
      return at(manifest, {"spec", "template", "metadata", "labels"});
    };
    if (text_at(one, {"kind"}) != "Deployment" || text_at(other, {"kind"}) != "Deployment" ||
        text_at(one, {"metadata", "namespace"}) != text_at(other, {"metadata", "namespace"})) {
      return;
    }
    if (!takes(selector(one), labels(other)) && !takes(selector(other), labels(one))) return;
    object_ = name_of(one);
    error("selectors-overlap",
          fmt::format("its selector and that of {} take the same pods", name_of(other)),
          "give each a label with another value, in selector and template");
  }

  const std::vector<Json>& manifests_;
  std::vector<LintFinding> findings_;
  std::string object_;
};

}  // namespace

std::vector<LintFinding> lint_manifests(const std::vector<Json>& manifests) {
  return Linter(manifests).run();
}

}  // namespace mlopsctl
