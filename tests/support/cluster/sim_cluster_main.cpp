// sim_cluster: the simulated Kubernetes as a program. Prints its port, then runs until its standard
// input ends.
#include "support/cluster/server.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>

using namespace mlopsctl::testing;

namespace {

constexpr const char* usage = R"(usage: sim_cluster [options]

A small Kubernetes on a loopback port for tests, in real time. Prints the port and runs until its
standard input ends.

options:
  --port N            listen there (a free port)
  --kubeconfig FILE   write a kubeconfig for kubectl
  --namespace NAME    it exists from the start and is the kubeconfig's (default)
  --speed X           seconds of the cluster in one of ours (1)
  --no-gateway-api    without the CRD of HTTPRoute
  --no-istio          without the CRDs of Istio
)";

int fail(const std::string& why) {
  std::cerr << "error: " << why << "\n" << usage;
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  ClusterServerOptions options;
  std::string kubeconfig;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--help") {
      std::cout << usage;
      return 0;
    }
    if (name == "--no-gateway-api") {
      options.kubernetes.gateway_api = false;
      continue;
    }
    if (name == "--no-istio") {
      options.kubernetes.istio = false;
      continue;
    }
    if (i + 1 >= argc) return fail("unknown option or no value: " + name);
    const std::string value = argv[++i];
    try {
      if (name == "--port")
        options.port = std::stoi(value);
      else if (name == "--kubeconfig")
        kubeconfig = value;
      else if (name == "--namespace")
        options.kubernetes.name_space = value;
      else if (name == "--speed")
        options.speed = std::stod(value);
      else
        return fail("unknown option " + name);
    } catch (const std::exception&) {
      return fail(name + " wants a number, not '" + value + "'");
    }
  }
  try {
    const ClusterServer server(options);
    if (!kubeconfig.empty()) server.write_kubeconfig(kubeconfig, options.kubernetes.name_space);
    std::cout << server.port() << std::endl;
    std::string line;
    while (std::getline(std::cin, line)) {
    }
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
