// kubectl is replaced by a script that says what the real one (1.32) says.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/deploy/smoke.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/process.hpp"
#include "mlopsctl/platform/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <signal.h>

using namespace mlopsctl;

namespace {

struct FakeKubectl {
  TemporaryFolder folder;
  explicit FakeKubectl(const std::string& script) {
    write_file_atomically(folder.path() / "kubectl", "#!/bin/sh\n" + script, 0755);
  }
  KubectlOptions options() const {
    return {
        .program = (folder.path() / "kubectl").string(), .context = "prod", .name_space = "llm"};
  }
};

}  // namespace

TEST_CASE("a door leads to the port that kubectl listens on, and closes with it") {
  const FakeKubectl kubectl(
      "echo \"$@\" > \"$0.argv\"; echo $$ > \"$0.pid\"\n"
      "echo 'Forwarding from 127.0.0.1:41234 -> 8000'\nexec sleep 60\n");
  const auto access = kubectl_pods(kubectl.options());
  auto door = access->open("chat-green-1", 8000);
  CHECK(door->url() == "http://127.0.0.1:41234");
  CHECK(read_file(kubectl.folder.path() / "kubectl.argv") ==
        "--context prod --namespace llm port-forward --address 127.0.0.1 pod/chat-green-1 :8000\n");
  const int pid = std::stoi(read_file(kubectl.folder.path() / "kubectl.pid"));
  CHECK(::kill(pid, 0) == 0);
  door.reset();
  CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("kubectl's reason is told when there is no way to a pod") {
  const FakeKubectl kubectl(
      "echo 'Error from server (NotFound): pods \"chat-1\" not found' >&2; exit 1\n");
  const auto access = kubectl_pods(kubectl.options());
  try {
    access->open("chat-1", 8000);
    FAIL("it opened");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::unavailable);
    CHECK(std::string(error.what()).find("pods \"chat-1\" not found") != std::string::npos);
  }
}
