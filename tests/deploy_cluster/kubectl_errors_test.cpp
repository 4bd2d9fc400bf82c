// What kubectl's words mean. The texts are kubectl 1.32's against an API server 1.26, as
// shared/reference/deploy.md §2.1 has them, unless said otherwise.
#include "deploy/cluster/kubectl_errors.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using deploy::kubectl_problem;

namespace {

ClusterFailure failure(const std::string& err) { return kubectl_problem("", err, false).failure; }

}  // namespace

TEST_CASE("every text of kubectl is understood") {
  struct Row {
    const char* text;
    ClusterFailure failure;
  };
  using enum ClusterFailure;
  for (
      const auto& [text, expected] : {
          Row{"The connection to the server 127.0.0.1:6443 was refused - did you specify the right "
              "host or port?",
              unreachable},
          Row{"Unable to connect to the server: context deadline exceeded", unreachable},
          Row{"Unable to connect to the server: dial tcp: lookup nowhere: no such host",
              unreachable},
          Row{"Unable to connect to the server: x509: certificate signed by unknown authority",
              unreachable},
          Row{"Unable to connect to the server: net/http: request canceled (Client.Timeout "
              "exceeded while awaiting headers)",
              unreachable},
          Row{"Unable to connect to the server: read tcp 127.0.0.1:1->127.0.0.1:2: read: "
              "connection "
              "reset by peer",
              unreachable},
          Row{"error: unexpected error when reading response body. Please retry. Original error: "
              "unexpected EOF",
              unreachable},
          Row{"error: timed out waiting for the condition", unreachable},
          Row{"Unable to connect to the server: getting credentials: exec: executable "
              "gke-gcloud-auth-plugin not found",
              unauthorized},
          Row{"error: You must be logged in to the server (Unauthorized)", unauthorized},
          Row{"error: You must be logged in to the server (the server has asked for the client to "
              "provide credentials)",
              unauthorized},
          Row{"Error in configuration: context was not found for specified context: prod",
              unauthorized},
          Row{"Error from server (Forbidden): deployments.apps \"m\" is forbidden: User \"ci\" "
              "cannot patch resource \"deployments\" in API group \"apps\"",
              forbidden},
          Row{"error: failed to patch image update to pod template: deployments.apps \"m\" is "
              "forbidden: User \"ci\" cannot patch resource",
              forbidden},
          Row{"Error from server (NotFound): deployments.apps \"x\" not found", not_found},
          Row{"Error from server (NotFound): namespaces \"missing\" not found", not_found},
          Row{"error: the server doesn't have a resource type \"httproutes\"", no_such_kind},
          Row{"error: resource mapping not found for name: \"m\" namespace: \"\" from \"STDIN\": "
              "no "
              "matches for kind \"HTTPRoute\" in version \"gateway.networking.k8s.io/v1\"",
              no_such_kind},
          Row{"error: unable to recognize \"STDIN\": no matches for kind \"HTTPRoute\" in version "
              "\"gateway.networking.k8s.io/v1\"",  // 1.20
              no_such_kind},
          Row{"Error from server (NotFound): the server could not find the requested resource",
              no_such_kind},
          Row{"Error from server (AlreadyExists): error when creating \"STDIN\": "
              "leases.coordination.k8s.io \"mlopsctl-m\" already exists",
              exists},
          Row{"Error from server (Conflict): Operation cannot be fulfilled on services \"m\": the "
              "object has been modified; please apply your changes to the latest version and try "
              "again",
              conflict},
          Row{"error: Apply failed with 1 conflict: conflict with \"kubectl\" using apps/v1: "
              ".spec.replicas",
              conflict},
          Row{"The Deployment \"m\" is invalid: spec.selector: Invalid value: field is immutable",
              invalid},
          Row{"The request is invalid: the server rejected our request due to an error in our "
              "request",
              invalid},
          Row{"The request is invalid", invalid},  // 1.20
          Row{"Error from server (BadRequest): Lease in version \"v1\" cannot be handled as a "
              "Lease",
              invalid},
          Row{"Error from server (TooManyRequests): Cannot evict pod as it would violate the pod's "
              "disruption budget.",
              busy},
          Row{"Error from server (InternalError): an error on the server (\"\") has prevented the "
              "request from succeeding",
              busy},
          Row{"Error from server (ServiceUnavailable): the server is currently unable to handle "
              "the "
              "request",
              busy},
          Row{"Error from server (Timeout): the server was unable to return a response in the time "
              "allotted, but may still be processing the request",
              busy},
          Row{"Error from server: etcdserver: leader changed", busy},
          Row{"error: unknown flag: --patch-fil", other},
      }) {
    CAPTURE(text);
    CHECK(failure(std::string(text) + "\n") == expected);
    CHECK(kubectl_problem("", text, false).text == text);
  }
}

TEST_CASE(
    "a failed test of a JSON patch reads like any refused request; the call tells them apart") {
  const std::string text =
      "The request is invalid: the server rejected our request due to an error in our request\n";
  CHECK(kubectl_problem("", text, true).failure == ClusterFailure::conflict);
  CHECK(kubectl_problem("", text, false).failure == ClusterFailure::invalid);
}

TEST_CASE("noise before the real line is overlooked") {
  const auto problem = kubectl_problem(
      "",
      "E1122 10:00:00.000000  4711 memcache.go:265] \"Unhandled Error\" err=\"couldn't get current "
      "server API group list\"\n"
      "Warning: policy/v1beta1 PodDisruptionBudget is deprecated\n"
      "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or "
      "port?\n",
      false);
  CHECK(problem.failure == ClusterFailure::unreachable);
  CHECK(problem.text.starts_with("The connection to the server"));
}

TEST_CASE("the details below the line are part of it") {
  const auto problem = kubectl_problem("",
                                       "The Deployment \"m\" is invalid: \n"
                                       "* spec.selector: Required value\n"
                                       "* spec.template.metadata.labels: Invalid value\n",
                                       false);
  CHECK(problem.text ==
        "The Deployment \"m\" is invalid: spec.selector: Required value; "
        "spec.template.metadata.labels: Invalid value");
  CHECK(kubectl_problem("",
                        "error: Apply failed with 2 conflicts: conflicts with \"helm\" using "
                        "apps/v1:\n- .spec.replicas\n- .spec.template\nPlease review the fields "
                        "above\n",
                        false)
            .text ==
        "error: Apply failed with 2 conflicts: conflicts with \"helm\" using apps/v1: "
        ".spec.replicas; .spec.template");
}

TEST_CASE("kubectl that asks for a user name has no credentials") {
  CHECK(kubectl_problem("Please enter Username: ", "error: EOF\n", false).failure ==
        ClusterFailure::unauthorized);
  CHECK(failure("error: EOF\n") == ClusterFailure::other);
}

TEST_CASE("what is not understood is shown as it is, safely") {
  CHECK(failure("") == ClusterFailure::other);
  CHECK(kubectl_problem("", "", false).text == "kubectl failed without a word");
  CHECK(kubectl_problem("", "something\x1b[31m new\n\n", false).text == "something\\x1b[31m new");
}
