// Who we are to a registry, from the files that `docker login` and `podman login` write.
#pragma once

#include <optional>
#include <string>

namespace mlopsctl {

struct RegistryLogin {
  std::string user, password;
  std::string identity_token;  // of OAuth 2 instead of the two
};
// Nothing if nobody has logged in there. `note` gets why credentials could not be had.
std::optional<RegistryLogin> registry_login(const std::string& registry, std::string& note);

}  // namespace mlopsctl
