#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/plan.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/http.hpp"
#include "mlopsctl/platform/process.hpp"
#include "mlopsctl/platform/signals.hpp"

#include "deploy/plan/image_name.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace mlopsctl {

namespace {

std::string choose_tool(const std::string& wanted) {
  static const std::vector<std::string> tools{"docker", "podman", "buildctl"};
  if (!wanted.empty()) {
    if (std::ranges::find(tools, wanted) == tools.end()) {
      throw Error(ErrorKind::usage, fmt::format("{} cannot be used to build", quote(wanted)),
                  "tools are " + join(tools, ", "));
    }
    if (find_program(wanted)) return wanted;
    throw Error(ErrorKind::unavailable, fmt::format("there is no program {}", quote(wanted)));
  }
  for (const auto& tool : tools) {
    if (find_program(tool)) return tool;
  }
  throw Error(ErrorKind::unavailable, "there is no program that builds images",
              "install docker, podman or buildctl, or push the image yourself and give --image");
}

using Command = std::vector<std::string>;

Command docker_build(const std::string& tool, const ImageBuild& build, const std::string& latest) {
  Command command{tool, "build", "--tag", build.image, "--tag", latest};
  for (const auto& argument : build.arguments) {
    command.insert(command.end(), {"--build-arg", argument});
  }
  // "./": a folder that begins with '-' is no option.
  command.push_back(build.folder.is_absolute() ? build.folder.string()
                                               : (fs::path(".") / build.folder).string());
  return command;
}

Command buildkit(const ImageBuild& build, const std::string& latest) {
  const std::string folder = build.folder.string();
  Command command{
      "buildctl",   "build",
      "--frontend", "dockerfile.v0",
      "--local",    "context=" + folder,
      "--local",    "dockerfile=" + folder,
      "--output",   fmt::format("type=image,\"name={},{}\",push=true", build.image, latest)};
  for (const auto& argument : build.arguments) {
    command.insert(command.end(), {"--opt", "build-arg:" + argument});
  }
  return command;
}

void check(const ImageBuild& build) {
  const ImageName name = parse_image(build.image);
  if (name.tag.empty() || name.tag == "latest" || !name.digest.empty()) {
    throw Error(ErrorKind::usage, fmt::format("{} has no version to build", quote(build.image)),
                "give a tag such as :1.4.0; latest is pushed beside it");
  }
  for (const auto& argument : build.arguments) (void)parse_key_value(argument);
  std::error_code none;
  if (!fs::is_directory(build.folder, none)) {
    throw Error(ErrorKind::not_found,
                fmt::format("there is no folder {} to build", quoted_path(build.folder)));
  }
}

// A signal to us alone is one to the tool; from a terminal it has it already.
ExitStatus wait_for(ChildProcess& child) {
  constexpr int look_every_ms = 200;
  bool told = false;
  while (true) {
    if (const auto status = child.poll()) return *status;
    if (interrupted_by() != 0 && !told) {
      child.signal(SIGTERM);
      told = true;
    }
    pollfd ended{.fd = child.exit_fd(), .events = POLLIN, .revents = 0};
    ::poll(&ended, 1, look_every_ms);
  }
}

// Both streams go to standard error: standard output is for results.
void run_live(const Command& command) {
  SpawnOptions options;
  options.argv = command;
  options.out = STDERR_FILENO;
  options.err = STDERR_FILENO;
  options.own_group = false;
  options.death_signal = SIGTERM;
  ChildProcess child = ChildProcess::hold(options);
  child.release();
  const ExitStatus status = wait_for(child);
  if (interrupted_by() != 0) {
    throw Error(ErrorKind::interrupted, fmt::format("{} was interrupted", command.front()));
  }
  if (status.exit_code == 0) return;
  throw Error(ErrorKind::unavailable,
              fmt::format("{} failed with {}", quote(command[0] + " " + command[1]),
                          status.exit_code ? fmt::format("exit code {}", *status.exit_code)
                                           : fmt::format("signal {}", status.signal.value_or(0))),
              "what it wrote is above");
}

}  // namespace

std::vector<std::vector<std::string>> build_commands(const ImageBuild& build) {
  check(build);
  const std::string tool = choose_tool(build.tool);
  const std::string latest = parse_image(build.image).written + ":latest";
  if (tool == "buildctl") return {buildkit(build, latest)};
  return {docker_build(tool, build, latest), {tool, "push", build.image}, {tool, "push", latest}};
}

PinnedImage build_image(HttpClient& client, const ImageBuild& build) {
  for (const auto& command : build_commands(build)) run_live(command);
  return pin_image(client, build.image);
}

}  // namespace mlopsctl
