#include "support/cluster/containers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::testing {

namespace {

Json waiting(const std::string& reason, const std::string& message = {}) {
  Json state{{"waiting", {{"reason", reason}}}};
  if (!message.empty()) state["waiting"]["message"] = message;
  return state;
}

std::string seconds_text(Timestamp time) { return to_rfc3339({time.ms / 1000 * 1000}); }

Json terminated(const ImageBehaviour& behaviour, Timestamp from, Timestamp to,
                const std::string& id) {
  const bool oom = behaviour.fate == Fate::oom;
  return {{"terminated",
           {{"reason", oom ? "OOMKilled" : "Error"},
            {"exitCode", oom ? 137 : 1},
            {"startedAt", seconds_text(from)},
            {"finishedAt", seconds_text(to)},
            {"containerID", id}}}};
}

std::string pull_error(const std::string& image, Fate fate) {
  const auto resolve = fmt::format(
      "failed to pull and unpack image \"{0}\": failed to resolve reference \"{0}\": ", image);
  if (fate == Fate::denied)
    return "rpc error: code = Unknown desc = " + resolve +
           "pull access denied, repository does not exist or may require authorization: server "
           "message: "
           "insufficient_scope: authorization failed";
  return "rpc error: code = NotFound desc = " + resolve + image + ": not found";
}

class Life {
 public:
  Life(const ContainerPlace& place, const Timings& timings)
      : place_(place),
        timings_(timings),
        image_(place.container.value("image", "")),
        behaviour_(image_behaviour(image_)) {
    life_.status = {{"name", place.container.value("name", "")},
                    {"image", image_},
                    {"imageID", ""},
                    {"ready", false},
                    {"started", false},
                    {"restartCount", 0},
                    {"lastState", Json::object()}};
  }

  ContainerLife tell() {
    if (behaviour_.fate == Fate::invalid_name)
      return stay(waiting(
          "InvalidImageName",
          fmt::format(
              "Failed to apply default image tag \"{0}\": couldn't parse image name \"{0}\": "
              "invalid reference format",
              image_)));
    if (place_.age < timings_.pull) return until(timings_.pull, waiting("ContainerCreating"));
    if (behaviour_.fate == Fate::missing || behaviour_.fate == Fate::denied) return pull_fails();
    const auto repository = repository_of(image_);
    life_.status["imageID"] =
        image_.find('@') == std::string::npos ? repository + "@" + digest_of(image_) : image_;
    if (behaviour_.fate == Fate::config_error)
      return stay(waiting("CreateContainerConfigError", "secret \"model-credentials\" not found"));
    if (!place_.missing.empty()) return stay(waiting("CreateContainerConfigError", place_.missing));
    if (place_.is_init && behaviour_.fate == Fate::ok) return init();
    if (behaviour_.fate == Fate::crash || behaviour_.fate == Fate::oom) return crashes();
    return runs(timings_.pull, true);
  }

 private:
  ContainerLife stay(Json state) {
    life_.status["state"] = std::move(state);
    return life_;
  }
  ContainerLife until(Milliseconds age, Json state) {
    life_.next = age;
    return stay(std::move(state));
  }
  std::string id(int restart) const {
    return fmt::format("containerd://{}-{}", uid_of(place_.pod), restart);
  }

  // Tries again after 10, 20, 40 … 300 s.
  ContainerLife pull_fails() {
    const auto why = pull_error(image_, behaviour_.fate);
    Milliseconds begin = timings_.pull, back_off{10'000};
    constexpr Milliseconds failing{1000};
    for (;;) {
      if (place_.age < begin + failing) return until(begin + failing, waiting("ErrImagePull", why));
      if (place_.age < begin + failing + back_off)
        return until(
            begin + failing + back_off,
            waiting("ImagePullBackOff",
                    fmt::format("Back-off pulling image \"{}\": ErrImagePull: {}", image_, why)));
      begin += failing + back_off;
      back_off = std::min(back_off * 2, Milliseconds(300'000));
    }
  }

  ContainerLife init() {
    constexpr Milliseconds work{200};
    if (place_.age < timings_.pull + work) {
      life_.running = life_.started_once = true;
      return until(timings_.pull + work,
                   {{"running", {{"startedAt", seconds_text(place_.born + timings_.pull)}}}});
    }
    life_.completed = life_.ready = life_.started_once = true;
    life_.status["ready"] = true;
    return stay({{"terminated",
                  {{"reason", "Completed"},
                   {"exitCode", 0},
                   {"startedAt", seconds_text(place_.born + timings_.pull)},
                   {"finishedAt", seconds_text(place_.born + timings_.pull + work)}}}});
  }

  // The first restart is at once, later ones wait 10, 20, 40 … 300 s.
  ContainerLife crashes() {
    life_.started_once = true;
    const auto run = behaviour_.after + timings_.crash;
    Milliseconds begin = timings_.pull, pause{1000}, back_off{10'000};
    for (int restart = 0;; ++restart) {
      life_.status["restartCount"] = restart;
      if (place_.age < begin + run) return runs(begin, false, begin + run);
      const auto end =
          terminated(behaviour_, place_.born + begin, place_.born + begin + run, id(restart));
      if (place_.age < begin + run + pause) {
        if (restart == 0) return until(begin + run + pause, end);
        life_.status["lastState"] = end;
        return until(begin + run + pause,
                     waiting("CrashLoopBackOff",
                             fmt::format("back-off {} restarting failed container={} pod={}_{}({})",
                                         duration_text(pause), place_.container.value("name", ""),
                                         name_of(place_.pod), namespace_of(place_.pod),
                                         uid_of(place_.pod))));
      }
      life_.status["lastState"] = end;
      begin += run + pause;
      pause = back_off;
      back_off = std::min(back_off * 2, Milliseconds(300'000));
    }
  }
  static std::string duration_text(Milliseconds time) {
    const auto seconds = time.count() / 1000;
    return seconds < 60 ? fmt::format("{}s", seconds)
                        : fmt::format("{}m{}s", seconds / 60, seconds % 60);
  }

  ContainerLife runs(Milliseconds since, bool lasts, Milliseconds end = Milliseconds(0)) {
    life_.running = life_.started_once = true;
    life_.status["containerID"] = id(life_.status["restartCount"]);
    life_.status["started"] = true;
    Milliseconds ready_at = since + readiness_delay();
    bool ready = place_.age >= ready_at && behaviour_.fate != Fate::never_ready;
    if (place_.age < ready_at) life_.next = ready_at;
    if (ready &&
        behaviour_.fate == Fate::flapping) {  // well for a while, then ill for twice as long
      const auto period = behaviour_.after * 3;
      const auto into =
          Milliseconds((place_.age - ready_at).count() % std::max<std::int64_t>(1, period.count()));
      ready = into < behaviour_.after;
      life_.next = place_.age - into + (ready ? behaviour_.after : period);
    }
    if (!lasts && (!life_.next || end < *life_.next)) life_.next = end;
    life_.ready = ready && !place_.sick;
    life_.status["ready"] = life_.ready;
    return stay({{"running", {{"startedAt", seconds_text(place_.born + since)}}}});
  }

  Milliseconds readiness_delay() const {
    const int initial = number_at(place_.container, {"readinessProbe", "initialDelaySeconds"});
    return std::max(timings_.boot, Milliseconds(initial * 1000)) + behaviour_.slow_start;
  }

  const ContainerPlace& place_;
  const Timings& timings_;
  std::string image_;
  ImageBehaviour behaviour_;
  ContainerLife life_;
};

}  // namespace

ContainerLife container_life(const ContainerPlace& place, const Timings& timings) {
  return Life(place, timings).tell();
}

std::string container_log(const Json& pod, const Json& container, bool previous) {
  const auto behaviour = image_behaviour(container.value("image", ""));
  const auto name = container.value("name", "");
  std::string log = "INFO:     Started server process [1]\nINFO:     loading the model\n";
  if (behaviour.fate == Fate::crash)
    return log +
           "ERROR:    Traceback (most recent call last):\n"
           "  File \"/app/server.py\", line 12, in <module>\n"
           "RuntimeError: cannot load the weights of " +
           name + "\n";
  if (behaviour.fate == Fate::oom) return log + "INFO:     allocating 80 GiB\n";
  if (previous) return log;
  for (const auto& status : at(pod, {"status", "containerStatuses"}))
    if (status.value("name", "") == name && status.value("ready", false))
      log += "INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)\n";
  return log;
}

}  // namespace mlopsctl::testing
