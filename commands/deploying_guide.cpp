// help deploying: a first blue-green deployment and a first canary, from nothing.
#include "commands/commands.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

std::vector<ExampleSpec> steps() {
  return {
      {"mlopsctl deploy init chat --image ghcr.io/acme/chat:1.4 --strategy blue-green",
       "Once: writes a commented deploy.yaml; it needs kubectl and a cluster, and nothing is "
       "installed there"},
      {"mlopsctl deploy render | mlopsctl deploy blue-green --dry-run --manifests -",
       "What will happen? Rehearsed on the manifests alone, without a cluster"},
      {"mlopsctl deploy render | kubectl apply -f -",
       "The first version: Deployments chat-blue and chat-green, Service chat; or have your own"},
      {"mlopsctl smoke --chat auto", "Does it answer? A pod is asked through a port-forward"},
      {"mlopsctl deploy blue-green --image ghcr.io/acme/chat:1.5 --dry-run",
       "What would be done? Rights, image and cluster are looked at, nothing is changed"},
      {"mlopsctl deploy blue-green --image ghcr.io/acme/chat:1.5",
       "Green comes up, is checked, takes all traffic; blue stays until it is sure"},
      {"mlopsctl deploy status", "Which image, commit and evaluation are live?"},
      {"mlopsctl rollback", "Back to the last good release, with its configuration"},
      {"mlopsctl deploy canary --set prometheus=http://prometheus:9090 --image "
       "ghcr.io/acme/chat:1.6",
       "A canary instead: 10, 20 to 50 % while success rate and latency are good; else it goes "
       "back by itself"},
      {"mlopsctl deploy canary --file canary.yaml --image ghcr.io/acme/chat:1.6",
       "The same by a Canary manifest of Flagger, as it is"},
      {"mlopsctl deploy status --watch",
       "From another terminal: weight, failed checks, who is at work"},
      {"mlopsctl deploy pause && mlopsctl deploy resume", "Hold it where it is; go on"},
      {"mlopsctl deploy promote", "Go on at once"},
      {"mlopsctl deploy abort", "Go back at once"},
      {"mlopsctl deploy resume",
       "The machine that deployed is gone? Go on from any other, or 'deploy abort'"},
      {"mlopsctl deploy canary --image ghcr.io/acme/chat:1.6 --require-eval chat "
       "--require-drift-free chat --junit deploy.xml --github-summary --quiet",
       "In CI: refused unless the last checks passed; 0 live, 3 rolled back, 5 call somebody"},
      {"mlopsctl deploy history", "All releases, and why the bad ones went back"},
  };
}

constexpr const char* routers = R"(
How a canary gets its share of the traffic (traffic.router):
  replicas     pods behind the Service of the app; no mesh needed, shares are rounded
  gateway-api  weights of an HTTPRoute
  istio        weights of a VirtualService
  nginx        a second Ingress with ingress-nginx' canary annotations

What it is judged by (canary.metrics): request-success-rate and request-duration of Prometheus,
queries of your own, and a comparison with the stable version. Hooks are Flagger's.
)";

Report run_guide(Context&, const Arguments&) {
  std::string text;
  for (const auto& step : steps()) {
    text += fmt::format("{}# {}\n$ {}\n", text.empty() ? "" : "\n", step.what, step.command);
  }
  Report report("help.deploying/1");
  report.text("guide", text);
  report.text("routers", std::string(routers + 1));
  return report;
}

}  // namespace

CommandSpec help_deploying() {
  return {.path = "help deploying",
          .summary = "A first blue-green deployment, a first canary, and back",
          .description =
              "What one types from nothing to a model server that is deployed, watched and rolled "
              "back on Kubernetes. Everything goes through kubectl, with the rights that it has.",
          .examples = steps(),
          .run = run_guide};
}

}  // namespace mlopsctl::commands
