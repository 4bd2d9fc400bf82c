#include "support/cluster/simulated_cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace mlopsctl::testing {

namespace {

ClusterFailure failure_of(const ApiError& error) {
  switch (error.code()) {
    case 401:
      return ClusterFailure::unauthorized;
    case 403:
      return ClusterFailure::forbidden;
    case 404:
      return ClusterFailure::not_found;
    case 409:
      return error.reason() == "AlreadyExists" ? ClusterFailure::exists : ClusterFailure::conflict;
    case 422:  // a test that does not hold and a path that is not there read the same
      return std::string_view(error.what()).starts_with("the server rejected our request")
                 ? ClusterFailure::conflict
                 : ClusterFailure::invalid;
    case 400:
      return ClusterFailure::invalid;
    case 500:
      return error.reason().empty() ? ClusterFailure::other : ClusterFailure::busy;
    case 429:
    case 503:
    case 504:
      return ClusterFailure::busy;
    default:
      return ClusterFailure::other;
  }
}

std::string text_of(const ApiError& error) {
  if (failure_of(error) == ClusterFailure::conflict && error.code() == 422)
    return std::string("The request is invalid: ") + error.what();
  if (error.code() == 422) return std::string("The ") + error.what();
  if (error.reason().empty()) return std::string("Error from server: ") + error.what();
  return fmt::format("Error from server ({}): {}", error.reason(), error.what());
}

ClusterError unreachable() {
  return {ClusterFailure::unreachable,
          "The connection to the server 127.0.0.1:6443 was refused - did you specify the right "
          "host or port?"};
}

ClusterError timed_out() {
  return {ClusterFailure::unreachable,
          "Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded "
          "while awaiting headers)"};
}

// As `kubectl -o json` prints it.
Json shown(Json object) {
  if (object.contains("metadata")) object["metadata"].erase("managedFields");
  return object;
}

std::string named(const ObjectRef& reference) {
  return reference.kind +
         (reference.name.empty() ? " -l " + reference.selector : "/" + reference.name);
}

}  // namespace

SimulatedCluster::SimulatedCluster(Kubernetes& world, SimulatedClusterOptions options)
    : world_(world), options_(std::move(options)) {}

Fault SimulatedCluster::begin(const std::string& verb, const std::string& what, bool changes) {
  made_.push_back({made_.size() + 1, verb, what, changes});
  if (changes) ++changes_;
  world_.advance(options_.call_time);
  Fault fault = Fault::none;
  if (const auto found = faults_.find(made_.size()); found != faults_.end()) fault = found->second;
  if (const auto found = change_faults_.find(changes_); changes && found != change_faults_.end())
    fault = found->second;
  if (fault == Fault::none && hook_) fault = hook_(made_.back());
  if (fault == Fault::none && world_.now() < unreachable_until_) fault = Fault::unreachable;
  return fault;
}

void SimulatedCluster::call(const std::string& verb, const std::string& what, bool changes,
                            const std::function<void()>& action) {
  const Fault fault = begin(verb, what, changes);
  switch (fault) {
    case Fault::kill_before:
      throw Killed{};
    case Fault::unreachable:
      throw unreachable();
    case Fault::busy:
      throw ClusterError(ClusterFailure::busy,
                         "Error from server (TooManyRequests): the server is currently unable to "
                         "handle the request");
    case Fault::conflict:
      throw ClusterError(ClusterFailure::conflict,
                         "Error from server (Conflict): Operation cannot be fulfilled on " + what +
                             ": the object has been modified; please apply your changes to the "
                             "latest version and try again");
    case Fault::hang:
      world_.advance(options_.request_timeout);
      throw timed_out();
    case Fault::none:
    case Fault::lost_answer:
    case Fault::hang_done:
    case Fault::kill_after:
      break;
  }
  std::exception_ptr failed;
  try {
    action();
  } catch (const ApiError& error) {
    failed = std::make_exception_ptr(ClusterError(failure_of(error), text_of(error)));
  }
  if (fault == Fault::kill_after) throw Killed{};
  if (fault == Fault::lost_answer) throw unreachable();
  if (fault == Fault::hang_done) {
    world_.advance(options_.request_timeout);
    throw timed_out();
  }
  if (failed) std::rethrow_exception(failed);
}

void SimulatedCluster::read(const std::string& verb, const std::string& what,
                            const std::function<void()>& action) {
  const auto end = world_.now() + options_.request_budget;
  for (Milliseconds pause{500};; pause = std::min(pause * 2, Milliseconds(5000))) {
    try {
      return call(verb, what, false, action);
    } catch (const ClusterError& error) {
      if (!error.outcome_unknown() || world_.now() + pause >= end) throw;
    }
    world_.advance(pause);
  }
}

Place SimulatedCluster::place(const std::string& kind, const std::string& name) const {
  const auto* type = world_.installed(type_of_name(kind));
  if (!type)
    throw ClusterError(ClusterFailure::no_such_kind,
                       fmt::format("error: the server doesn't have a resource type \"{}\"",
                                   kind.substr(0, kind.find('.'))));
  return {type, name_space(), name, {}};
}

std::vector<Json> SimulatedCluster::get(std::span<const ObjectRef> references) {
  // One kubectl for all names, and one for each selector.
  std::vector<std::pair<std::string, std::string>> calls;  // names or selector, what
  const auto key_of = [](const ObjectRef& one) {
    return one.name.empty() ? "-l " + one.selector : std::string();
  };
  for (const auto& reference : references) {
    const auto key = key_of(reference);
    const auto known = std::find_if(calls.begin(), calls.end(),
                                    [&](const auto& call) { return call.first == key; });
    if (known == calls.end())
      calls.emplace_back(key, named(reference));
    else
      known->second += " " + named(reference);
  }
  std::map<const ObjectRef*, std::vector<Json>> found;
  for (const auto& one : calls)
    read("get", one.second, [&] {
      for (const auto& reference : references) {
        if (key_of(reference) != one.first) continue;
        auto& objects = found[&reference];
        objects.clear();
        const auto where = place(reference.kind, reference.name);
        if (reference.name.empty()) {
          for (const auto& object : world_.list(options_.caller, where, {reference.selector, {}}))
            objects.push_back(shown(*object));
          continue;
        }
        try {
          objects.push_back(shown(world_.get(options_.caller, where)));
        } catch (const ApiError& error) {
          if (error.code() != 404) throw;
        }
      }
    });
  std::vector<Json> all;
  for (const auto& reference : references)
    for (auto& object : found[&reference]) all.push_back(std::move(object));
  return all;
}

Json SimulatedCluster::create(const Json& manifest) {
  Json made;
  const auto kind = manifest.value("kind", "");
  call("create", kind + "/" + name_of(manifest), true, [&] {
    const auto* type = world_.installed(type_of_kind(manifest.value("apiVersion", ""), kind));
    if (!type)
      throw ClusterError(
          ClusterFailure::no_such_kind,
          fmt::format(
              "error: resource mapping not found for name: \"{}\": no matches for kind \"{}\"",
              name_of(manifest), kind));
    made = shown(world_.create(options_.caller, {type, name_space(), {}, {}}, manifest));
  });
  return made;
}

Json SimulatedCluster::patch(const ObjectRef& object, PatchKind kind, const Json& patch) {
  Json result;
  call("patch", named(object), true, [&] {
    result =
        shown(world_.patch(options_.caller, place(object.kind, object.name),
                           kind == PatchKind::json ? PatchType::json : PatchType::merge, patch));
  });
  return result;
}

void SimulatedCluster::remove(const ObjectRef& object) {
  call("delete", named(object), true, [&] {
    try {
      world_.remove(options_.caller, place(object.kind, object.name));
    } catch (const ApiError& error) {
      if (error.code() != 404) throw;
    }
  });
}

Json SimulatedCluster::apply_one(const Json& manifest, bool dry_run) {
  const auto kind = manifest.value("kind", "");
  const auto* type = world_.installed(type_of_kind(manifest.value("apiVersion", ""), kind));
  if (!type)
    throw ClusterError(
        ClusterFailure::no_such_kind,
        fmt::format(
            "error: resource mapping not found for name: \"{}\": no matches for kind \"{}\"",
            name_of(manifest), kind));
  return shown(world_.patch(options_.caller, {type, name_space(), name_of(manifest), {}},
                            PatchType::apply, manifest, {dry_run, false}));
}

// Not atomic: the others are applied although one is refused, as kubectl does.
std::vector<Json> SimulatedCluster::apply(std::span<const Json> manifests, bool dry_run) {
  std::vector<Json> applied;
  std::string what;
  for (const auto& manifest : manifests)
    what += (what.empty() ? "" : " ") + manifest.value("kind", "") + "/" + name_of(manifest);
  call("apply", what, !dry_run, [&] {
    std::exception_ptr first;
    for (const auto& manifest : manifests) {
      try {
        applied.push_back(apply_one(manifest, dry_run));
      } catch (const ApiError&) {
        if (!first) first = std::current_exception();
      }
    }
    if (first) std::rethrow_exception(first);
  });
  return applied;
}

std::string SimulatedCluster::logs(const LogRequest& request) {
  std::string text;
  read("logs", request.pod, [&] {
    text = world_.log(options_.caller, place("pods", request.pod), request.container,
                      request.previous, request.lines);
  });
  return text;
}

std::vector<Right> SimulatedCluster::missing_rights(std::span<const Right> rights) {
  std::vector<Right> missing;
  read("can-i", std::to_string(rights.size()) + " rights", [&] {
    missing.clear();
    for (const auto& right : rights) {
      const auto slash = right.resource.find('/');
      const auto* type = type_of_name(right.resource.substr(0, slash));
      const auto resource = (type ? std::string(type->plural) : right.resource) +
                            (slash == std::string::npos ? "" : right.resource.substr(slash));
      if (!world_.allows(options_.caller, right.verb, type ? type->group : "", resource))
        missing.push_back(right);
    }
  });
  return missing;
}

std::string SimulatedCluster::name_space() const { return world_.options().name_space; }
std::string SimulatedCluster::describe() const {
  return "context simulated, namespace " + name_space();
}

}  // namespace mlopsctl::testing
