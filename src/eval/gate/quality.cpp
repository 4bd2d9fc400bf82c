// eval check: what may be compared, task by task and metric by metric; then Holm over all tests.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/gate.hpp"

#include "eval/gate/metric_rules.hpp"
#include "eval/gate/pairs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::gate {

namespace {

constexpr std::size_t named = 3;  // in a sentence; all of them are in `missing`

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(named, names.size()); ++i) {
    text += (i == 0 ? "" : ", ") + quote(names[i]);
  }
  if (names.size() > named) text += fmt::format(" and {} more", names.size() - named);
  return text;
}

Check not_comparable(const std::string& subject, const std::string& name, std::string text) {
  return {.subject = subject, .name = name, .verdict = Verdict::no_answer, .text = std::move(text)};
}

std::string differs(const KeyDifference& one) {
  const auto shown = [](const std::string& value) {
    return value.empty() ? std::string("absent") : quote(value);
  };
  return fmt::format("not comparable: {} was {} and is {}", one.key, shown(one.before),
                     shown(one.now));
}

// Fingerprints first: with another tokenizer or type nothing else is worth a look.
bool is_comparable(const Fingerprint& before, const Fingerprint& now, const QualityOptions& options,
                   GateResult& result) {
  for (const auto& one : differences(before, now, KeyKind::quality)) {
    if (std::ranges::find(options.allowed, one.key) != options.allowed.end()) {
      result.notes.push_back(
          fmt::format("{} differs: {} and {}", one.key, quote(one.before), quote(one.now)));
      continue;
    }
    result.checks.push_back(not_comparable("fingerprint", one.key, differs(one)));
  }
  for (const auto kind : {KeyKind::told, KeyKind::hardware}) {
    for (const auto& one : differences(before, now, kind)) {
      result.notes.push_back(
          fmt::format("{} differs: {} and {}", one.key, quote(one.before), quote(one.now)));
    }
  }
  return result.checks.empty();
}

class QualityGate {
 public:
  QualityGate(const QualityOptions& options, GateResult& result)
      : options_(options), result_(result) {}

  void compare(const TaskResult& before, const TaskResult& now) {
    if (!is_same_task(before, now)) return;
    const bool records = !before.examples.empty() && !now.examples.empty();
    const Joined joined = records ? join(before, now) : Joined{};
    if (records && !is_whole(before.name, joined)) return;
    if (records && joined.pairs.empty()) {
      refuse(before.name, "examples",
             fmt::format("no example of {} was answered by both", quote(before.name)));
      return;
    }
    if (!records) {
      result_.notes.push_back(fmt::format(
          "{}: a side has no records of its examples, so that no test of pairs can be made",
          before.name));
    }
    const MetricRules rules(options_, before, now, joined, result_);
    for (const MetricValue& metric : before.metrics) {
      const auto found = std::ranges::find_if(
          now.metrics, [&](const MetricValue& one) { return one.key() == metric.key(); });
      if (!wants(metric.key())) continue;
      if (found == now.metrics.end()) {
        refuse(before.name, metric.key(),
               fmt::format("{} of {} is in the baseline only", quote(metric.key()),
                           quote(before.name)));
      } else {
        rules.compare(metric, *found);
      }
    }
    if (options_.metrics.empty() || wants("nll")) rules.compare_likelihoods();
  }

  void refuse(const std::string& task, const std::string& name, std::string text) {
    result_.checks.push_back(not_comparable(task, name, std::move(text)));
  }

 private:
  bool wants(const std::string& metric) const {
    return options_.metrics.empty() ||
           std::ranges::find(options_.metrics, metric) != options_.metrics.end();
  }

  bool is_same_task(const TaskResult& before, const TaskResult& now) {
    const std::vector<KeyDifference> keys{
        {"task version", before.version, now.version},
        {"task hash", before.hash, now.hash},
        {"data hash", before.data_hash, now.data_hash},
        {"shots", std::to_string(before.shots), std::to_string(now.shots)}};
    bool same = true;
    for (const KeyDifference& one : keys) {
      if (one.before == one.now) continue;
      if (std::ranges::find(options_.allowed, one.key) != options_.allowed.end()) {
        result_.notes.push_back(fmt::format("{}: {} differs", before.name, one.key));
        continue;
      }
      refuse(before.name, one.key, fmt::format("{}: {}", before.name, differs(one)));
      same = false;
    }
    return same;
  }

  bool is_whole(const std::string& task, const Joined& joined) {
    for (const auto* names : {&joined.missing, &joined.changed, &joined.failed}) {
      for (const std::string& name : *names) {
        result_.missing.push_back(fmt::format("{}: {}", task, name));
      }
    }
    if (joined.failed_before > 0) {
      result_.notes.push_back(
          fmt::format("{}: {} examples had an error in the baseline and do "
                      "not count",
                      task, joined.failed_before));
    }
    if (joined.is_whole()) return true;
    std::string text = fmt::format("{}:", task);
    const auto tell = [&](const std::vector<std::string>& names, const char* what) {
      if (names.empty()) return;
      text += fmt::format("{} {} {} ({})", text.back() == ':' ? "" : ";", names.size(), what,
                          listed(names));
    };
    tell(joined.missing, "examples are missing");
    tell(joined.added, "are new");
    tell(joined.changed, "have another prompt or target");
    tell(joined.failed, "could not be answered");
    if (options_.on_intersection) {
      result_.notes.push_back(text);
      return true;
    }
    refuse(task, "examples", text + "; --on-intersection compares the rest");
    return false;
  }

  const QualityOptions& options_;
  GateResult& result_;
};

void compare_tasks(const EvalResult& before, const EvalResult& now, const QualityOptions& options,
                   GateResult& result) {
  if (!is_comparable(before.fingerprint, now.fingerprint, options, result)) return;
  QualityGate gate(options, result);
  for (const TaskResult& task : before.tasks) {
    const auto found = std::ranges::find(now.tasks, task.name, &TaskResult::name);
    if (found != now.tasks.end()) {
      gate.compare(task, *found);
    } else if (options.on_intersection) {
      result.notes.push_back(fmt::format("task {} is in the baseline only", quote(task.name)));
    } else {
      gate.refuse(task.name, "task",
                  fmt::format("task {} of the baseline was not evaluated", quote(task.name)));
    }
  }
  for (const TaskResult& task : now.tasks) {
    if (std::ranges::find(before.tasks, task.name, &TaskResult::name) == before.tasks.end()) {
      result.notes.push_back(fmt::format("task {} is new: it has no baseline", quote(task.name)));
    }
  }
}

// Tests decide nothing alone: within the tolerance they warn.
void apply_tests(GateResult& result, double alpha) {
  std::vector<double> p;
  for (const Check& check : result.checks) {
    p.push_back(check.p && !std::isnan(*check.p) ? *check.p : std::nan(""));
  }
  const auto adjusted = holm(p);
  for (std::size_t i = 0; i < p.size(); ++i) {
    Check& check = result.checks[i];
    if (std::isnan(adjusted[i])) continue;
    check.adjusted_p = adjusted[i];
    const bool matters = check.change && std::abs(*check.change) > least_change(check);
    if (check.verdict == Verdict::pass && adjusted[i] < alpha && matters) {
      check.verdict = Verdict::warning;
      check.text += fmt::format("; within the tolerance, but worse than chance explains (p = {})",
                                p_text(adjusted[i]));
    }
  }
}

void sort_flips(GateResult& result) {
  std::ranges::stable_sort(result.flips, [](const Flip& a, const Flip& b) {
    if (a.lost != b.lost) return a.lost;
    return std::abs(a.margin_before.value_or(0)) > std::abs(b.margin_before.value_or(0));
  });
}

void fill_facts(GateResult& result, const Measured& now) {
  if (!now.quality) return;
  for (const auto& [key, value] : now.quality->fingerprint) result.facts.emplace_back(key, value);
}

}  // namespace

GateResult check_threshold(const Measured& now, const QualityOptions& options) {
  GateResult result{.kind = Kind::eval};
  fill_facts(result, now);
  add_threshold_checks(now, options, result);
  conclude(result);
  return result;
}

GateResult check_quality(const Baseline& baseline, const Measured& now,
                         const QualityOptions& options) {
  GateResult result{.kind = Kind::eval, .baseline = baseline.name};
  fill_facts(result, now);
  if (baseline.quality && now.quality) {
    compare_tasks(*baseline.quality, *now.quality, options, result);
  } else {
    add_plain_checks(baseline, now, options, result);
  }
  if (result.checks.empty()) {
    result.checks.push_back(not_comparable(
        "results", "examples", "no result: baseline and results have nothing in common"));
  }
  add_threshold_checks(now, options, result);
  apply_tests(result, options.alpha);
  sort_flips(result);
  conclude(result);
  return result;
}

}  // namespace mlopsctl::gate
