// How the containers of an image behave in the simulated cluster: written in its name or tag, so
// that everybody who sees the image (kubelet, registry) agrees without asking. How they answer
// requests is told by tests/support/traffic/behaviour.hpp.
#pragma once

#include "mlopsctl/base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mlopsctl::testing {

enum class Fate {
  ok,
  missing,        // ErrImagePull, ImagePullBackOff: not found
  denied,         // the same: no access
  invalid_name,   // InvalidImageName
  crash,          // exits with 1: CrashLoopBackOff
  oom,            // OOMKilled, 137
  config_error,   // CreateContainerConfigError: a Secret that does not exist
  never_ready,    // runs, its readiness probe never passes
  flapping,       // ready, then not, and again
  quota,          // no pod can be made: ReplicaFailure of the ReplicaSet
  unschedulable,  // no node has a GPU free
};

// Names and tags hold words: "acme/chat:1.4-crash", "acme/chat-slow-20s:2".
struct ImageBehaviour {
  Fate fate = Fate::ok;
  Milliseconds after{0};       // crash, oom, flapping: so long it is well before (crash-30s)
  Milliseconds slow_start{0};  // slow-20s: readiness comes so much later
};

ImageBehaviour image_behaviour(std::string_view image);

// "repo:tag" → "repo@sha256:…". The digest holds the tag (of at most 24 characters), so that a
// digest alone behaves as its tag does; with one of other origin only the repository's name counts.
std::string digest_of(std::string_view image);
std::string pinned(std::string_view image);
// The tag, of a digest too; none if the digest is unknown.
std::optional<std::string> tag_of(std::string_view image);
// "ghcr.io/acme/chat", without tag and digest.
std::string repository_of(std::string_view image);
bool is_image_name(std::string_view image);

}  // namespace mlopsctl::testing
