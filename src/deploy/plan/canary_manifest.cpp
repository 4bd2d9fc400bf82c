// Flagger's Canary (flagger.app/v1beta1, the CRD of v1.44.0) as a plan. What does the same here is
// taken; what would make another analysis of it is refused; the rest is told.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "deploy/plan/plan_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlopsctl {

namespace {

constexpr std::string_view api = "flagger.app/v1beta1", old_api = "flagger.app/v1alpha3";
constexpr Milliseconds shortest_interval{10'000};
constexpr Milliseconds usual_interval{60'000};

std::string text_at(const YamlValue& document, std::string_view key) {
  const YamlValue* value = document.find(key);
  return value == nullptr ? "" : value->text;
}

std::string name_of(const YamlValue& document) {
  const YamlValue* metadata = document.find("metadata");
  return metadata == nullptr ? "" : text_at(*metadata, "name");
}

struct Template {
  std::string query, address;
};

class CanaryReader {
 public:
  CanaryReader(const std::vector<YamlValue>& documents, const PlanSource& source)
      : documents_(documents), source_(source) {}

  DeployPlan read() {
    const YamlValue& canary = choose_canary();
    PlanReader reader(canary, source_);
    std::string api_version, kind;
    reader.text({.name = "apiVersion"}, api_version);
    reader.text({.name = "kind"}, kind);
    if (reader.section({.name = "metadata"})) {
      reader.text({.name = "namespace", .form = Form::label}, plan_.name_space);
      reader.accept_rest();
      reader.end();
    }
    reader.raw({.name = "status"});
    if (!reader.section({.name = "spec", .text = "what to analyse", .needed = true})) {
      source_.refuse(canary.span, "'spec' is empty");
    }
    spec(reader);
    reader.end();
    reader.finish();
    return checked();
  }

 private:
  void warn(const YamlSpan& span, const std::string& message) {
    plan_.warnings.push_back(fmt::format("{}: {}", source_.place(span), message));
  }
  // A key that is read past, with what that means.
  void pass_over(PlanReader& reader, const char* name, const std::string& meaning) {
    if (const YamlValue* value = reader.raw({.name = name});
        value != nullptr && !value->is_null()) {
      warn(reader.key_span(name), fmt::format("{} is not heeded: {}", quote(name), meaning));
    }
  }
  void not_supported(PlanReader& reader, const char* name, const std::string& meaning,
                     const std::string& hint) {
    const YamlValue* value = reader.raw({.name = name});
    const bool off = value == nullptr || value->is_null() ||
                     (value->kind == YamlKind::boolean && !value->boolean) ||
                     (value->is_list() && value->items.empty());
    if (!off) {
      source_.refuse(reader.key_span(name), fmt::format("{}: {}", quote(name), meaning), hint);
    }
  }

  const YamlValue& choose_canary() {
    const YamlValue* found = nullptr;
    for (const YamlValue& document : documents_) {
      const std::string kind = text_at(document, "kind");
      if (kind == "Canary") {
        if (found != nullptr) {
          source_.refuse(document.span,
                         fmt::format("a second Canary, {}: a deployment is of one app",
                                     quote(name_of(document))),
                         "keep each in a file of its own");
        }
        found = &document;
      } else if (kind != "MetricTemplate") {
        warn(document.span, fmt::format("{}/{} is not part of the plan and is not applied",
                                        kind.empty() ? "a document" : kind, name_of(document)));
      }
    }
    if (found == nullptr) {
      source_.refuse(documents_.front().span,
                     fmt::format("there is no Canary in it, only {}",
                                 quote(text_at(documents_.front(), "kind"))),
                     "a plan is a deploy.yaml (`mlopsctl deploy init`) or Flagger's Canary; "
                     "manifests are for `mlopsctl deploy render --lint`");
    }
    const std::string version = text_at(*found, "apiVersion");
    if (version == old_api) {
      warn(found->span, fmt::format("{} is read as {}, which has the same keys", old_api, api));
    } else if (version != api) {
      source_.refuse(found->span, fmt::format("apiVersion {} is not known", quote(version)),
                     fmt::format("Canaries of {} are read", api));
    }
    return *found;
  }

  void target(PlanReader& reader) {
    if (!reader.section({.name = "targetRef", .text = "the Deployment", .needed = true})) {
      return;
    }
    std::string kind = "Deployment", ignored;
    reader.text({.name = "apiVersion"}, ignored);
    const YamlValue* kind_value = reader.raw({.name = "kind"});
    if (kind_value != nullptr) kind = kind_value->text;
    reader.text({.name = "name",
                 .text = "of the Deployment",
                 .form = Form::label,
                 .least = 1,
                 .most = 52,
                 .needed = true},
                plan_.app);
    if (kind != "Deployment") {
      source_.refuse(reader.key_span("kind"),
                     fmt::format("targets of kind {} cannot be deployed", quote(kind)),
                     "only Deployments can");
    }
    reader.end();
  }

  // {apiVersion, kind, name}: the name.
  std::string reference(PlanReader& reader, const char* name) {
    std::string value;
    if (!reader.section({.name = name})) return value;
    reader.text({.name = "name", .form = Form::label, .least = 1, .needed = true}, value);
    reader.accept_rest();
    reader.end();
    return value;
  }

  void spec(PlanReader& reader) {
    std::string provider;
    reader.text({.name = "provider"}, provider);
    const YamlValue* provider_value = reader.raw({.name = "provider"});
    reader.text({.name = "metricsServer", .form = Form::url}, plan_.prometheus);
    int deadline = 0;
    reader.integer({.name = "progressDeadlineSeconds", .most = 7 * 24 * 3600}, deadline);
    if (deadline > 0) plan_.budgets.rollout = Milliseconds{deadline * std::int64_t{1000}};
    target(reader);
    if (const auto name = reference(reader, "autoscalerRef"); !name.empty()) {
      warn(reader.key_span("autoscalerRef"),
           fmt::format("autoscaler {} is left as it is: it goes on scaling {}, and no "
                       "copy of it is made",
                       quote(name), quote(plan_.app)));
    }
    const std::string ingress = reference(reader, "ingressRef");
    pass_over(reader, "routeRef", "APISIX is not supported");
    pass_over(reader, "upstreamRef", "Gloo is not supported");
    pass_over(reader, "revertOnDeletion", "nothing is taken over that would have to be given back");
    not_supported(reader, "suspend", "this canary is suspended", "set it to false to deploy");
    reader.flag({.name = "skipAnalysis"}, plan_.canary.skip_analysis);
    service(reader);
    analysis(reader);
    choose_router(provider, provider_value == nullptr ? YamlSpan{} : provider_value->span, ingress);
  }

  void service(PlanReader& reader) {
    const YamlValue* value = reader.raw({.name = "service"});
    if (!reader.section({.name = "service"})) return;
    reader.text({.name = "name", .form = Form::label}, plan_.service);
    int port = plan_.port;
    reader.integer(
        {.name = "port", .text = "of the Service", .least = 1, .most = 65535, .needed = true},
        port);
    plan_.port = port;
    plan_.service_port = port;
    if (const YamlValue* pods = reader.raw({.name = "targetPort"}); pods != nullptr) {
      if (pods->kind == YamlKind::integer) {
        reader.integer({.name = "targetPort", .least = 1, .most = 65535}, plan_.port);
      } else {
        warn(pods->span,
             fmt::format("the port named {} is taken to be {}", quote(pods->text), port));
      }
    }
    for (const auto* kept :
         {"portName", "appProtocol", "trafficDistribution", "headless", "meshName", "backends",
          "apex", "primary", "canary", "unmanagedMetadata"}) {
      pass_over(reader, kept, "the Service stays as it is");
    }
    pass_over(reader, "portDiscovery", "other ports of the Service stay as they are");
    for (const auto* kept : {"timeout", "backendTimeout", "delegation", "trafficPolicy", "match",
                             "rewrite", "retries", "headers", "corsPolicy"}) {
      pass_over(reader, kept, "the route stays as it is, only its weights are changed");
    }
    not_supported(reader, "mirror", "mirrored traffic is not supported", "");
    // These three say which routes there are to be, and so which router.
    istio_ = value->find("gateways") != nullptr || value->find("hosts") != nullptr;
    gateway_api_ = value->find("gatewayRefs") != nullptr;
    pass_over(reader, "gateways", "the route stays as it is, only its weights are changed");
    pass_over(reader, "gatewayRefs", "the route stays as it is, only its weights are changed");
    pass_over(reader, "hosts", "the route stays as it is, only its weights are changed");
    reader.end();
  }

  void analysis(PlanReader& reader) {
    const YamlValue* old = reader.raw({.name = "canaryAnalysis"});
    const YamlValue* present = reader.raw({.name = "analysis"});
    if (old == nullptr && present == nullptr) {
      source_.refuse({}, "'spec.analysis' is missing");
    }
    const PlanKey key{.name = present != nullptr ? "analysis" : "canaryAnalysis"};
    if (old != nullptr && present != nullptr) {
      warn(reader.key_span("canaryAnalysis"),
           "'canaryAnalysis' is not heeded: there is 'analysis'");
    }
    if (!reader.section(key)) return;
    CanaryPlan& canary = plan_.canary;
    interval(reader);
    canary.threshold = 0;
    reader.integer({.name = "threshold"}, canary.threshold);
    canary.threshold = std::max(canary.threshold, 1);
    weights(reader, present != nullptr ? *present : *old);
    not_supported(reader, "match", "A/B tests by headers and cookies are not supported",
                  "leave 'match' out for an analysis by iterations without users");
    not_supported(reader, "mirror", "mirrored traffic is not supported",
                  "a load test hook of type rollout can give the canary requests");
    reader.raw({.name = "mirrorWeight"});
    not_supported(reader, "sessionAffinity", "session affinity is not supported", "");
    ready_threshold(reader, "primaryReadyThreshold");
    ready_threshold(reader, "canaryReadyThreshold");
    pass_over(reader, "alerts", "say who is to be told with `--set notify=[NAME]`");
    metrics(reader);
    webhooks(reader);
    reader.end();
  }

  // Flagger: unparsable or missing is a minute, and nothing is shorter than 10 s.
  void interval(PlanReader& reader) {
    Milliseconds& time = plan_.canary.interval;
    time = usual_interval;
    const YamlValue* value = reader.raw({.name = "interval"});
    if (value == nullptr) return;
    try {
      time = plan_duration(value->text);
    } catch (const Error&) {
      warn(value->span, fmt::format("{} is no duration: the interval is 1m, as with Flagger",
                                    quote(value->text)));
      return;
    }
    if (time >= shortest_interval) return;
    time = shortest_interval;
    warn(value->span, "the interval is 10s, as with Flagger: nothing is shorter");
  }

  void weights(PlanReader& reader, const YamlValue& analysis) {
    CanaryPlan& canary = plan_.canary;
    int step = 0, most = 0;
    reader.integer({.name = "stepWeight", .most = 100}, step);
    reader.integer({.name = "maxWeight", .most = 100}, most);
    reader.integers({.name = "stepWeights", .least = 1, .most = 100}, canary.step_weights);
    reader.integer({.name = "iterations", .most = 10000}, canary.iterations);
    pass_over(reader, "stepWeightPromotion", "on promotion all traffic moves at once");
    if (step == 0 && canary.step_weights.empty() && canary.iterations == 0 &&
        !plan_.canary.skip_analysis) {
      source_.refuse(analysis.span,
                     "the analysis has neither stepWeight, stepWeights nor iterations");
    }
    canary.max_weight = most == 0 ? 100 : most;
    if (step != 0) canary.step_weight = step;
    if (canary.step_weights.empty()) {
      canary.step_weight = std::min(canary.step_weight, canary.max_weight);
    } else if (step != 0) {
      warn(analysis.span, "stepWeight and maxWeight are not heeded beside stepWeights");
    }
  }

  void ready_threshold(PlanReader& reader, const char* name) {
    const YamlValue* value = reader.raw({.name = name});
    if (value == nullptr || (value->is_number() && value->number() >= 100)) return;
    warn(value->span, fmt::format("{} is not heeded: all pods have to be ready", quote(name)));
  }

  void metrics(PlanReader& reader) {
    std::vector<MetricGate>& gates = plan_.canary.metrics;
    const auto visit = [&](std::size_t i, PlanVisitor&) { metric(reader, gates.at(i)); };
    reader.items({.name = "metrics"}, {.size = [&] { return gates.size(); },
                                       .resize = [&](std::size_t size) { gates.resize(size); },
                                       .visit = visit});
  }

  void metric(PlanReader& reader, MetricGate& gate) {
    reader.text({.name = "name", .least = 1, .needed = true}, gate.name);
    reader.duration({.name = "interval", .least = 1}, gate.interval);
    reader.text({.name = "query", .most = 16384}, gate.query);
    if (reader.section({.name = "thresholdRange"})) {
      reader.maybe({.name = "min", .least = -1e18, .most = 1e18}, gate.range.min);
      reader.maybe({.name = "max", .least = -1e18, .most = 1e18}, gate.range.max);
      reader.end();
    }
    std::optional<double> threshold;
    reader.maybe({.name = "threshold", .least = -1e18, .most = 1e18}, threshold);
    if (threshold && !gate.range.min && !gate.range.max) {
      (gate.name == "request-success-rate" ? gate.range.min : gate.range.max) = threshold;
    }
    reader.pairs({.name = "templateVariables"}, gate.variables);
    const YamlValue* reference = reader.raw({.name = "templateRef"});
    if (!reader.section({.name = "templateRef"})) return;
    std::string wanted, where;
    reader.text({.name = "name", .least = 1, .needed = true}, wanted);
    reader.text({.name = "namespace"}, where);
    reader.end();
    use_template(gate, wanted, reference->span);
  }

  void use_template(MetricGate& gate, const std::string& wanted, const YamlSpan& span) {
    for (const YamlValue& document : documents_) {
      if (text_at(document, "kind") != "MetricTemplate" || name_of(document) != wanted) continue;
      const Template found = read_template(document);
      gate.query = found.query;
      if (plan_.prometheus.empty()) {
        plan_.prometheus = found.address;
      } else if (!found.address.empty() && found.address != plan_.prometheus) {
        warn(document.span, fmt::format("its address {} is not heeded: all metrics come from {}",
                                        quote(found.address), quote(plan_.prometheus)));
      }
      return;
    }
    source_.refuse(span, fmt::format("there is no MetricTemplate {} in the file", quote(wanted)),
                   "put it into the same file, after a line ---");
  }

  Template read_template(const YamlValue& document) {
    Template found;
    PlanReader reader(document, source_);
    for (const auto* name : {"apiVersion", "kind", "metadata", "status"})
      reader.raw({.name = name});
    if (reader.section({.name = "spec", .needed = true})) {
      reader.text({.name = "query", .least = 1, .most = 16384, .needed = true}, found.query);
      if (reader.section({.name = "provider", .needed = true})) {
        provider_of(reader, found);
        reader.end();
      }
      reader.end();
    }
    reader.finish();
    return found;
  }

  void provider_of(PlanReader& reader, Template& found) {
    const YamlValue* type = reader.raw({.name = "type"});
    if (type == nullptr || type->text != "prometheus") {
      source_.refuse(type == nullptr ? YamlSpan{} : type->span,
                     "only templates of type prometheus can be asked");
    }
    reader.text({.name = "address", .form = Form::url}, found.address);
    pass_over(reader, "secretRef",
              "credentials come from MLOPSCTL_PROMETHEUS_TOKEN, or _USER and _PASSWORD");
    pass_over(reader, "headers", "requests go out without them");
    pass_over(reader, "insecureSkipVerify", "certificates are checked");
    reader.accept_rest();
  }

  void webhooks(PlanReader& reader) {
    std::vector<Webhook>& hooks = plan_.canary.webhooks;
    const auto visit = [&](std::size_t i, PlanVisitor&) { webhook(reader, hooks.at(i)); };
    reader.items({.name = "webhooks"}, {.size = [&] { return hooks.size(); },
                                        .resize = [&](std::size_t size) { hooks.resize(size); },
                                        .visit = visit});
  }

  void webhook(PlanReader& reader, Webhook& hook) {
    static constexpr std::array kinds{
        "confirm-rollout",   "pre-rollout", "rollout",      "confirm-traffic-increase",
        "confirm-promotion", "rollback",    "post-rollout", "event"};
    reader.text({.name = "name", .least = 1, .needed = true}, hook.name);
    const YamlValue* type = reader.raw({.name = "type"});
    if (type != nullptr && !type->text.empty()) {
      int kind = 0;
      reader.choice({.name = "type"}, kinds, kind);
      hook.kind = static_cast<HookKind>(kind);
    }
    reader.text({.name = "url", .form = Form::url, .least = 1, .needed = true}, hook.url);
    reader.duration({.name = "timeout", .least = 0.001, .most = 3600}, hook.timeout);
    reader.integer({.name = "retries", .most = 100}, hook.retries);
    bool without_tls = false;
    reader.flag({.name = "disableTLS"}, without_tls);
    hook.verify_tls = !without_tls;
    pass_over(reader, "muteAlert", "notifications are told of steps, not of single hooks");
    reader.pairs({.name = "metadata"}, hook.metadata);
  }

  void choose_router(const std::string& provider, const YamlSpan& span,
                     const std::string& ingress) {
    TrafficPlan& traffic = plan_.canary.traffic;
    const bool weights = plan_.canary.iterations == 0;
    if (provider == "nginx" || (provider.empty() && !ingress.empty())) {
      traffic.router = RouterKind::nginx;
      traffic.object = ingress;
    } else if (provider.starts_with("gatewayapi") || (provider.empty() && gateway_api_)) {
      traffic.router = RouterKind::gateway_api;
    } else if (provider == "istio" || (provider.empty() && istio_)) {
      traffic.router = RouterKind::istio;
    } else if (provider == "kubernetes" || provider.empty()) {
      if (!weights) return;
      warn(span,
           provider.empty()
               ? "there is no provider: weights are made by the number of pods; for a router "
                 "give `--set traffic.router=gateway-api`, istio or nginx"
               : "with provider kubernetes Flagger has no weights and looks 10 times instead; "
                 "here weights are made by the number of pods");
      return;
    } else {
      source_.refuse(span, fmt::format("provider {} is not supported", quote(provider)),
                     "supported are gatewayapi, istio, nginx and kubernetes");
    }
    if (traffic.object.empty()) traffic.object = plan_.service.empty() ? plan_.app : plan_.service;
  }

  // As a plan that was kept, so that it can be read back later.
  DeployPlan checked() {
    plan_.strategy = StrategyKind::canary;
    plan_.flagger = true;
    return plan_from(parse_json(plan_json(plan_)), {.name = source_.name, .lines = false}, true);
  }

  const std::vector<YamlValue>& documents_;
  const PlanSource& source_;
  DeployPlan plan_;
  bool istio_ = false, gateway_api_ = false;
};

}  // namespace

DeployPlan read_canary(const std::vector<YamlValue>& documents, const PlanSource& source) {
  return CanaryReader(documents, source).read();
}

}  // namespace mlopsctl
