// A cluster that keeps objects and versions and does nothing by itself: what lock, state and
// history need of an API server. It can lose requests, before or after they were carried out.
#pragma once

#include "mlopsctl/deploy/clock.hpp"
#include "mlopsctl/deploy/cluster.hpp"

#include <nlohmann/json.hpp>

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mlopsctl::testing {

class VirtualClock final : public Clock {
 public:
  Timestamp wall() override { return {1'795'000'000'123 + monotonic_.count()}; }
  Milliseconds monotonic() override { return monotonic_; }
  bool sleep(Milliseconds time) override {
    monotonic_ += time;
    if (meanwhile) meanwhile(monotonic_);
    return std::exchange(stop, false);
  }
  void pass(Milliseconds time) { monotonic_ += time; }

  std::function<void(Milliseconds)> meanwhile;  // what others do while we sleep
  bool stop = false;

 private:
  Milliseconds monotonic_{5'000};
};

class MemoryCluster final : public Cluster {
 public:
  enum class Fault { none, lost_before, lost_after };
  // Asked before each change; what it returns happens to the change.
  std::function<Fault(const std::string& what, const ObjectRef&)> fault;
  // Runs before a change is looked at: what another process did in between.
  std::function<void(const std::string& what, const ObjectRef&)> before;
  bool away = false;  // nothing answers
  std::vector<Right> refused_rights;

  std::vector<Json> get(std::span<const ObjectRef> references) override {
    ++calls_;
    if (away) lost();
    std::vector<Json> found;
    for (const auto& reference : references) {
      for (const auto& [key, object] : objects_)
        if (key.first == stem(reference.kind) &&
            (reference.name.empty() ? selected(object, reference.selector)
                                    : key.second == reference.name))
          found.push_back(object);
    }
    return found;
  }

  Json create(const Json& manifest) override {
    const ObjectRef object = reference_to(manifest);
    return changing("create", object, [&] {
      const auto key = std::make_pair(stem(object.kind), object.name);
      if (objects_.contains(key))
        throw ClusterError(ClusterFailure::exists, object.name + " already exists");
      Json stored = manifest;
      stored["metadata"]["resourceVersion"] = std::to_string(++version_);
      stored["metadata"]["namespace"] = "llm";
      return objects_[key] = stored;
    });
  }

  Json patch(const ObjectRef& object, PatchKind kind, const Json& patch) override {
    return changing("patch", object, [&] {
      const auto found = objects_.find({stem(object.kind), object.name});
      if (found == objects_.end())
        throw ClusterError(ClusterFailure::not_found, object.name + " not found");
      Json changed = found->second;
      if (kind == PatchKind::json) {
        try {
          changed = changed.patch(patch);
        } catch (const Json::exception&) {
          throw ClusterError(ClusterFailure::conflict, "The request is invalid");
        }
      } else {
        const auto metadata = patch.value("metadata", Json::object());
        if (metadata.contains("resourceVersion") &&
            metadata.at("resourceVersion") != changed.at("metadata").at("resourceVersion"))
          throw ClusterError(ClusterFailure::conflict, "the object has been modified");
        changed.merge_patch(patch);
      }
      changed["metadata"]["resourceVersion"] = std::to_string(++version_);
      return found->second = changed;
    });
  }

  void remove(const ObjectRef& object) override {
    changing("remove", object, [&] {
      objects_.erase({stem(object.kind), object.name});
      return Json{};
    });
  }

  std::vector<Json> apply(std::span<const Json>, bool) override {
    throw ClusterError(ClusterFailure::other, "apply is not done here");
  }
  std::string logs(const LogRequest&) override { return {}; }
  std::vector<Right> missing_rights(std::span<const Right> rights) override {
    ++calls_;
    std::vector<Right> missing;
    for (const auto& right : rights)
      for (const auto& refused : refused_rights)
        if (right == refused) missing.push_back(right);
    return missing;
  }
  std::string name_space() const override { return "llm"; }
  std::string describe() const override { return "context test, namespace llm"; }
  std::uint64_t calls() const override { return calls_; }

  Json& object(const std::string& kind, const std::string& name) {
    return objects_.at({stem(kind), name});
  }
  bool has(const std::string& kind, const std::string& name) const {
    return objects_.contains({stem(kind), name});
  }
  std::vector<std::string> names(const std::string& kind) const {
    std::vector<std::string> result;
    for (const auto& [key, object] : objects_)
      if (key.first == stem(kind)) result.push_back(key.second);
    return result;
  }

 private:
  static std::string stem(const std::string& kind) { return kind.substr(0, kind.find('.')); }
  [[noreturn]] static void lost() {
    throw ClusterError(ClusterFailure::unreachable, "The connection to the server was refused");
  }
  // "a=b,c=d" only.
  static bool selected(const Json& object, const std::string& selector) {
    const auto labels =
        object.value(Json::json_pointer{"/metadata/labels"}, Json(Json::value_t::object));
    std::string rest = selector;
    while (!rest.empty()) {
      const std::string term = rest.substr(0, rest.find(','));
      rest.erase(0, term.size() + 1);
      const auto equals = term.find('=');
      if (labels.value(term.substr(0, equals), std::string{}) != term.substr(equals + 1))
        return false;
    }
    return true;
  }
  template <class Action>
  Json changing(const std::string& what, const ObjectRef& object, const Action& action) {
    ++calls_;
    if (before) {
      auto now = std::exchange(before, nullptr);
      now(what, object);
    }
    const Fault fate = away ? Fault::lost_before : fault ? fault(what, object) : Fault::none;
    if (fate == Fault::lost_before) lost();
    Json result = action();
    if (fate == Fault::lost_after) lost();
    return result;
  }

  std::map<std::pair<std::string, std::string>, Json> objects_;
  int version_ = 100;
  std::uint64_t calls_ = 0;
};

}  // namespace mlopsctl::testing
