#include "deploy/rollout/pod_report.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace mlopsctl::rollout {
namespace {

constexpr Milliseconds clock_slack{10'000};

template <std::size_t n>
bool is_one_of(const std::string& text, const std::array<const char*, n>& words) {
  return std::ranges::any_of(words, [&](const char* word) { return text == word; });
}

// Nothing a registry says in these words gets better by asking again.
bool is_final_answer(const std::string& message) {
  constexpr std::array words{"not found", "unauthorized", "denied", "manifest unknown"};
  const std::string lower = to_lower(message);
  return std::ranges::any_of(words,
                             [&](const char* word) { return lower.find(word) != lower.npos; });
}

std::optional<Timestamp> time_at(const Json& object, const std::string& key) {
  const std::string text = text_at(object, key);
  if (text.empty()) return std::nullopt;
  try {
    return parse_time(text, Timestamp{});
  } catch (const Error&) {
    return std::nullopt;
  }
}

Json part(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : Json::object();
}

class Examination {
 public:
  Examination(const Json& pod, const Budgets& budgets, const Moment& moment)
      : pod_(pod), budgets_(budgets), moment_(moment) {
    report_.name = text_at(part(pod, "metadata"), "name");
    age_ = moment.age;
    if (const auto made = time_at(part(pod, "metadata"), "creationTimestamp")) {
      older_ = moment.now - *made > moment.age + clock_slack;
      age_ = std::min(moment.age, moment.now >= *made ? moment.now - *made : moment.age);
    }
  }

  PodReport report() {
    const Json status = part(pod_, "status");
    const bool terminating = part(pod_, "metadata").contains("deletionTimestamp");
    report_.ready = !terminating && text_at(condition_of(pod_, "Ready"), "status") == "True";
    report_.ended = text_at(status, "phase") == "Failed";
    if (report_.ended) {
      add(ended(status));
      return report_;
    }
    look_for_a_node();
    look_at_gates();
    for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
      for (const Json& container : status.value(list, Json::array())) look_at(container);
    }
    return report_;
  }

 private:
  void add(PodFinding finding) {
    finding.trouble.pod = report_.name;
    report_.findings.push_back(std::move(finding));
  }

  PodFinding ended(const Json& status) const {
    PodFinding finding;
    finding.trouble.reason =
        text_at(status, "reason").empty() ? "Failed" : text_at(status, "reason");
    finding.trouble.message = text_at(status, "message");
    finding.sentence = fmt::format("pod {} ended ({}){}", report_.name, finding.trouble.reason,
                                   with_colon(finding.trouble.message));
    return finding;
  }

  void look_for_a_node() {
    const Json scheduled = condition_of(pod_, "PodScheduled");
    if (text_at(scheduled, "status") != "False" || text_at(scheduled, "reason") != "Unschedulable")
      return;
    PodFinding finding;
    finding.trouble.reason = "Unschedulable";
    finding.trouble.message = text_at(scheduled, "message");
    finding.sentence =
        fmt::format("no node takes pod {}{}", report_.name, with_colon(finding.trouble.message));
    report_.warnings.push_back(finding.sentence);
    add(finding);
  }

  // A pod whose containers are ready and that is not waits for somebody else, a load balancer's
  // controller mostly.
  void look_at_gates() {
    if (report_.ready || text_at(condition_of(pod_, "ContainersReady"), "status") != "True") return;
    for (const Json& gate : part(pod_, "spec").value("readinessGates", Json::array())) {
      const std::string type = text_at(gate, "conditionType");
      if (text_at(condition_of(pod_, type), "status") == "True") continue;
      report_.warnings.push_back(
          fmt::format("pod {} waits for readiness gate '{}', which its controller has not set",
                      report_.name, type));
    }
  }

  void look_at(const Json& container) {
    const Json state = part(container, "state");
    const Json waiting = part(state, "waiting");
    const Json last = part(part(container, "lastState"), "terminated");
    const Json ended = part(state, "terminated");
    const std::string reason = text_at(waiting, "reason");
    if (could_not_start(container, waiting, reason)) return;
    const int restarts = number_at(container, "restartCount");
    const bool ready = container.value("ready", false);
    // What a pod that was here before went through is no matter of this rollout.
    const bool too_often = restarts >= budgets_.restarts && !(older_ && ready);
    if (reason == "CrashLoopBackOff" || too_often) {
      add(crashes(container, last.empty() ? ended : last, restarts, true));
    } else if (!ended.empty() && number_at(ended, "exitCode") != 0) {
      add(crashes(container, ended, restarts, false));
    } else if (!last.empty() && !ready && number_at(last, "exitCode") != 0) {
      add(crashes(container, last, restarts, false));
    }
  }

  // Containers that could not be started at all.
  bool could_not_start(const Json& container, const Json& waiting, const std::string& reason) {
    constexpr std::array never{"InvalidImageName", "ErrImageNeverPull"};
    constexpr std::array pull{"ErrImagePull", "ImagePullBackOff", "ImageInspectError",
                              "RegistryUnavailable"};
    constexpr std::array create{"CreateContainerConfigError", "CreateContainerError",
                                "RunContainerError"};
    const std::string message = text_at(waiting, "message");
    const bool image = is_one_of(reason, never) || is_one_of(reason, pull);
    if (!image && !is_one_of(reason, create)) return false;
    PodFinding finding;
    finding.trouble.container = text_at(container, "name");
    finding.trouble.reason = reason;
    finding.trouble.message = message;
    if (image) {
      finding.fatal =
          is_one_of(reason, never) || is_final_answer(message) || age_ >= budgets_.image_pull_grace;
      finding.sentence = fmt::format("image {} of container '{}' cannot be pulled ({}){}",
                                     text_at(container, "image"), finding.trouble.container, reason,
                                     with_colon(message));
    } else {
      finding.fatal = age_ >= budgets_.config_grace;
      finding.sentence =
          fmt::format("container '{}' of pod {} cannot be started ({}){}",
                      finding.trouble.container, report_.name, reason, with_colon(message));
    }
    add(std::move(finding));
    return true;
  }

  PodFinding crashes(const Json& container, const Json& ended, int restarts, bool fatal) const {
    PodFinding finding;
    finding.fatal = fatal;
    PodTrouble& trouble = finding.trouble;
    trouble.container = text_at(container, "name");
    trouble.exit_code = number_at(ended, "exitCode");
    trouble.had_run = restarts > 0;
    trouble.message = text_at(ended, "message");
    const bool memory = text_at(ended, "reason") == "OOMKilled";
    trouble.reason = memory ? "OOMKilled" : fatal ? "CrashLoopBackOff" : "Error";
    finding.sentence = fmt::format(
        "container '{}' of pod {} {} ({}, exit code {}, {} restart{}){}", trouble.container,
        report_.name, memory ? "was killed for want of memory" : "crashes", trouble.reason,
        trouble.exit_code, restarts, restarts == 1 ? "" : "s", with_colon(trouble.message));
    return finding;
  }

  static std::string with_colon(const std::string& message) {
    return message.empty() ? std::string() : ": " + message;
  }

  const Json& pod_;
  const Budgets& budgets_;
  Moment moment_;
  Milliseconds age_{0};
  bool older_ = false;  // than the rollout
  PodReport report_;
};

}  // namespace

PodReport examine_pod(const Json& pod, const Budgets& budgets, const Moment& moment) {
  return Examination(pod, budgets, moment).report();
}

Json condition_of(const Json& object, const std::string& type) {
  const Json status = part(object, "status");
  for (const Json& condition : status.value("conditions", Json::array())) {
    if (text_at(condition, "type") == type) return condition;
  }
  return Json::object();
}

std::string text_at(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int number_at(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<int>() : 0;
}

}  // namespace mlopsctl::rollout
