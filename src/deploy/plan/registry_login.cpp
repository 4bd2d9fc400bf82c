#include "deploy/plan/registry_login.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/process.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <vector>

namespace mlopsctl {

namespace {

using Json = nlohmann::json;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<fs::path> login_files() {
  std::vector<fs::path> files;
  const std::string docker = environment("DOCKER_CONFIG"), home = environment("HOME");
  if (!docker.empty()) {
    files.push_back(fs::path(docker) / "config.json");
  } else if (!home.empty()) {
    files.push_back(fs::path(home) / ".docker/config.json");
  }
  if (const auto file = environment("REGISTRY_AUTH_FILE"); !file.empty()) files.emplace_back(file);
  if (const auto folder = environment("XDG_RUNTIME_DIR"); !folder.empty()) {
    files.push_back(fs::path(folder) / "containers/auth.json");
  }
  return files;
}

// The names under which a registry may be listed; docker's own is a URL of old.
std::vector<std::string> names_of(const std::string& registry) {
  if (registry == "docker.io") {
    return {"https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"};
  }
  return {registry, "https://" + registry, "https://" + registry + "/v1/",
          "https://" + registry + "/v2/"};
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<RegistryLogin> from_helper(const std::string& helper, const std::string& name,
                                         std::string& note) {
  const std::string program = "docker-credential-" + helper;
  if (helper.find('/') != helper.npos || !find_program(program)) {
    note = fmt::format("{}, which docker's config.json names, is not in PATH", quote(program));
    return std::nullopt;
  }
  const auto result = run_process({.argv = {program, "get"}, .input = name + "\n"});
  if (!result.ok()) {
    // "credentials not found in native keychain" is no failure.
    if (result.out.find("not found") == result.out.npos) {
      note = fmt::format("{} failed: {}", program,
                         shortened(printable(trim(result.out + result.err)), 200));
    }
    return std::nullopt;
  }
  const Json answer = Json::parse(result.out, nullptr, false);
  if (!answer.is_object()) return std::nullopt;
  RegistryLogin login{text_of(answer, "Username"), text_of(answer, "Secret"), ""};
  if (login.user == "<token>") login = {"", "", login.password};
  return login;
}

std::optional<RegistryLogin> from_entry(const Json& entry) {
  if (!entry.is_object()) return std::nullopt;
  RegistryLogin login{text_of(entry, "username"), text_of(entry, "password"),
                      text_of(entry, "identitytoken")};
  if (const auto both = from_base64(text_of(entry, "auth")); both && !both->empty()) {
    const auto colon = both->find(':');
    if (colon != both->npos) {
      login.user = both->substr(0, colon);
      login.password = both->substr(colon + 1);
    }
  }
  if (login.user.empty() && login.identity_token.empty()) return std::nullopt;
  return login;
}

std::optional<RegistryLogin> from_config(const Json& config, const std::string& registry,
                                         std::string& note) {
  const auto section = [&](const char* name) {
    const auto found = config.find(name);
    return found != config.end() && found->is_object() ? *found : Json::object();
  };
  const Json helpers = section("credHelpers"), auths = section("auths");
  const auto names = names_of(registry);
  for (const auto& name : names) {
    if (const auto helper = text_of(helpers, name.c_str()); !helper.empty()) {
      return from_helper(helper, name, note);
    }
  }
  if (const auto store = text_of(config, "credsStore"); !store.empty()) {
    if (auto login = from_helper(store, names.front(), note)) return login;
  }
  for (const auto& name : names) {
    const auto found = auths.find(name);
    if (found == auths.end()) continue;
    if (auto login = from_entry(*found)) return login;
  }
  return std::nullopt;
}

}  // namespace

std::optional<RegistryLogin> registry_login(const std::string& registry, std::string& note) {
  for (const fs::path& file : login_files()) {
    std::error_code none;
    if (!fs::exists(file, none)) continue;
    const Json config = Json::parse(read_file(file), nullptr, false);
    if (!config.is_object()) {
      note = quoted_path(file) + " is no JSON object";
      continue;
    }
    if (auto login = from_config(config, registry, note)) return login;
  }
  return std::nullopt;
}

}  // namespace mlopsctl
