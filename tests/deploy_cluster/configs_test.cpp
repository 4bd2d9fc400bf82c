// ConfigMaps and Secrets are part of a release.
#include "mlopsctl/deploy/release.hpp"

#include "deploy_cluster/cluster_world.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using namespace mlopsctl::testing;

namespace {

Json config(const char* kind, const char* name, const char* value) {
  return {{"apiVersion", "v1"},
          {"kind", kind},
          {"metadata", {{"name", name}}},
          {"data", {{"temperature", value}}}};
}

Json pod_template() {
  return Json::parse(R"({
    "metadata": {"labels": {"app": "chat"}},
    "spec": {
      "initContainers": [{"name": "fetch", "env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "k"}}}]}],
      "containers": [{"name": "chat", "envFrom": [{"configMapRef": {"name": "settings"}},
                                                  {"configMapRef": {"name": "extra", "optional": true}}]}],
      "volumes": [
        {"name": "a", "configMap": {"name": "settings"}},
        {"name": "b", "secret": {"secretName": "keys"}},
        {"name": "c", "projected": {"sources": [{"secret": {"name": "tokens"}}, {"downwardAPI": {}}]}},
        {"name": "d", "emptyDir": {}}]}})");
}

struct World : ClusterWorld {
  World() {
    kubernetes.make(config("ConfigMap", "settings", "0.7"));
    kubernetes.make(config("Secret", "keys", "c2VjcmV0"));
    kubernetes.make(config("Secret", "tokens", "dG9rZW4="));
  }
};

}  // namespace

TEST_CASE("pods are given immutable copies of all that configures them") {
  World world;
  std::map<std::string, std::string> configs;
  const Json versioned = version_configs(world.cluster, "chat", pod_template(), configs);
  REQUIRE(configs.size() == 3);
  const std::string settings = configs.at("configmap/settings");
  CHECK(settings.starts_with("settings-"));
  CHECK(settings.size() == std::string("settings-01234567").size());
  const auto& spec = versioned["spec"];
  CHECK(spec["volumes"][0]["configMap"]["name"] == settings);
  CHECK(spec["containers"][0]["envFrom"][0]["configMapRef"]["name"] == settings);
  CHECK(spec["containers"][0]["envFrom"][1]["configMapRef"]["name"] == "extra");
  CHECK(spec["volumes"][1]["secret"]["secretName"] == configs.at("secret/keys"));
  CHECK(spec["initContainers"][0]["env"][0]["valueFrom"]["secretKeyRef"]["name"] ==
        configs.at("secret/keys"));
  CHECK(spec["volumes"][2]["projected"]["sources"][0]["secret"]["name"] ==
        configs.at("secret/tokens"));
  const Json copy = world.object("configmap", settings);
  CHECK(copy["immutable"] == true);
  CHECK(copy["data"]["temperature"] == "0.7");
  CHECK(copy["metadata"]["labels"]["mlopsctl.dev/app"] == "chat");

  SUBCASE("the same content is the same copy") {
    std::map<std::string, std::string> again;
    CHECK(version_configs(world.cluster, "chat", pod_template(), again) == versioned);
    CHECK(again == configs);
    CHECK(world.names("configmap").size() == 2);
  }
  SUBCASE("a template that refers to copies stays as it is, and its copies are known") {
    std::map<std::string, std::string> again;
    CHECK(version_configs(world.cluster, "chat", versioned, again) == versioned);
    CHECK(again == configs);
  }
  SUBCASE("other content is another copy, and the old one is still there") {
    world.edit("configmap", "settings", {{"data", {{"temperature", "0.9"}}}});
    std::map<std::string, std::string> changed;
    CHECK(version_configs(world.cluster, "chat", pod_template(), changed) != versioned);
    CHECK(changed.at("configmap/settings") != settings);
    CHECK(world.object("configmap", settings)["data"]["temperature"] == "0.7");
  }
}

TEST_CASE("what is missing is named, unless it is optional") {
  World world;
  world.kubernetes.destroy("secret", "tokens");
  world.kubernetes.destroy("configmap", "settings");
  std::map<std::string, std::string> configs;
  CHECK_ERROR(version_configs(world.cluster, "chat", pod_template(), configs), ErrorKind::not_found,
              "configmap/settings, secret/tokens");
  CHECK(world.names("secret").size() == 1);
}

TEST_CASE("some are left alone") {
  World world;
  world.kubernetes.destroy("secret", "keys");
  Json release = config("Secret", "keys", "c2VjcmV0");
  release["type"] = "helm.sh/release.v1";
  world.kubernetes.make(release);
  world.edit("secret", "tokens",
             {{"metadata", {{"annotations", {{"flagger.app/config-tracking", "disabled"}}}}}});
  std::map<std::string, std::string> configs;
  const Json versioned = version_configs(world.cluster, "chat", pod_template(), configs);
  CHECK(configs.size() == 1);
  CHECK(versioned["spec"]["volumes"][1]["secret"]["secretName"] == "keys");
}

TEST_CASE("copies that nobody needs any more are removed") {
  World world;
  std::map<std::string, std::string> first;
  version_configs(world.cluster, "chat", pod_template(), first);
  world.edit("configmap", "settings", {{"data", {{"temperature", "0.9"}}}});
  std::map<std::string, std::string> second;
  const Json live = version_configs(world.cluster, "chat", pod_template(), second);
  Release kept;
  SUBCASE("a release of the history needs them") {
    kept.configs = first;
    collect_configs(world.cluster, "chat", {kept});
    CHECK_FALSE(world.object("configmap", first.at("configmap/settings")).is_null());
    CHECK(world.object("configmap", second.at("configmap/settings")).is_null());
  }
  SUBCASE("a running Deployment needs them") {
    Json deployment = deployment_manifest("chat", "acme/chat:1", 1);
    deployment["spec"]["template"]["spec"]["volumes"] = live["spec"]["volumes"];
    world.kubernetes.make(deployment);
    collect_configs(world.cluster, "chat", {});
    CHECK(world.object("configmap", first.at("configmap/settings")).is_null());
    CHECK_FALSE(world.object("configmap", second.at("configmap/settings")).is_null());
    CHECK_FALSE(world.object("secret", second.at("secret/keys")).is_null());
  }
  CHECK_FALSE(world.object("configmap", "settings").is_null());
}

TEST_CASE("a pod template is the same whatever kubectl and we add to it") {
  const Json plain = pod_template();
  Json touched = plain;
  touched["metadata"]["creationTimestamp"] = nullptr;
  touched["metadata"]["annotations"] = {{"kubectl.kubernetes.io/restartedAt", "now"},
                                        {"mlopsctl.dev/release", "7"}};
  touched["metadata"]["labels"]["pod-template-hash"] = "abc";
  CHECK(template_hash(touched) == template_hash(plain));
  CHECK(template_hash(plain).size() == 16);

  Json other = plain;
  other["spec"]["containers"][0]["image"] = "chat@sha256:2";
  CHECK(template_hash(other) != template_hash(plain));

  Json green = plain;
  green["metadata"]["labels"]["version"] = "green";
  CHECK(template_hash(green) != template_hash(plain));
  const std::vector<std::string> colour{"version"};
  CHECK(template_hash(green, colour) == template_hash(plain, colour));
}
