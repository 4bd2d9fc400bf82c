// The Lease "mlopsctl-APP": its names, its fields and who its holder is.
#pragma once

#include "mlopsctl/deploy/session.hpp"

#include <string>

namespace mlopsctl::deploy {

inline constexpr const char* fence_annotation = "mlopsctl.dev/fence";
inline constexpr const char* state_annotation = "mlopsctl.dev/state";
inline constexpr const char* request_annotation = "mlopsctl.dev/request";
// The holder as its own machine knows it: that a process is dead can be told there at once.
inline constexpr const char* process_annotation = "mlopsctl.dev/process";

inline constexpr const char* app_label = "mlopsctl.dev/app";
inline constexpr const char* manager_label = "app.kubernetes.io/managed-by";

inline constexpr Milliseconds lease_duration{30'000};
inline constexpr Milliseconds renew_every{10'000};

// Path of an annotation for a JSON patch: '/' in its name is "~1".
std::string annotation_path(const char* annotation);
std::string annotation_of(const Json& object, const char* annotation);  // empty: none

// Kubernetes' MicroTime has exactly six decimals; an API server refuses all others.
std::string micro_time(Timestamp time);

struct LeaseFacts {
  std::string holder, renewed, version;  // version: metadata.resourceVersion
  Milliseconds duration{lease_duration};
  int transitions = 0;
};
ObjectRef lease_of(const std::string& app);
LeaseFacts lease_facts(const Json& lease);
LeaseView lease_view(const Json& lease);  // throws Error{corrupt} for a state that cannot be read

// "host:pid:uuid" of a new holder in this process, and what process_annotation says of it.
std::string new_holder();
std::string this_process();
// True only if the holder ran on this machine, among the processes that we see, and has ended.
bool holder_has_ended(const Json& lease);
// "host:pid", for people.
std::string shown_holder(const std::string& holder);

std::string_view to_text(Request request);
Request request_of(const std::string& text);  // none for what is not known

}  // namespace mlopsctl::deploy
