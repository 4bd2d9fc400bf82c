#include "commands/deploy_view.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

constexpr int bar_columns = 20;
constexpr std::size_t shown_events = 5;
constexpr std::size_t label_width = 9;

StyledText label(std::string_view text) {
  return {fmt::format("{:<{}}", text, label_width), Style::dim};
}

std::string seconds_text(Milliseconds time) {
  // Whole seconds: tenths only flicker.
  std::string text =
      human_duration(Milliseconds{std::max<std::int64_t>(0, time.count()) / 1000 * 1000});
  if (text.ends_with(".0s")) text.erase(text.size() - 3, 2);
  return text == "0ms" ? "0s" : text;
}

StyledLine head_line(const DeployPicture& picture, Timestamp now) {
  const State& state = picture.state;
  StyledLine line{{picture.plan->app, Style::bold},
                  {fmt::format("  {}  ", to_string(state.strategy))}};
  if (!state.from.image.empty()) line.push_back({image_of(state.from) + " -> ", Style::dim});
  line.push_back({image_of(state.to)});
  line.push_back({"  " + phase_text(state), phase_style(state)});
  if (state.started.ms > 0) line.push_back({"  " + seconds_text(now - state.started), Style::dim});
  return line;
}

int heaviest(const CanaryPlan& plan) {
  return plan.step_weights.empty() ? plan.max_weight : plan.step_weights.back();
}

StyledLine weight_line(const DeployPicture& picture, Timestamp now, bool unicode) {
  const State& state = picture.state;
  const CanaryPlan& plan = picture.plan->canary;
  StyledLine line{label("weight")};
  if (plan.iterations > 0) {
    line.push_back(
        {share_bar(static_cast<double>(state.iterations) / plan.iterations, bar_columns, unicode)});
    line.push_back({fmt::format(" {} of {} iterations", state.iterations, plan.iterations)});
  } else {
    line.push_back({share_bar(state.weight / 100.0, bar_columns, unicode)});
    line.push_back({fmt::format(" {} % of at most {} %", state.weight, heaviest(plan))});
  }
  line.push_back({fmt::format("   failed checks {} of {}", state.failed_checks, plan.threshold),
                  state.failed_checks > 0 ? Style::yellow : Style::plain});
  if (state.paused) {
    line.push_back({"   paused", Style::yellow});
  } else if (state.next_tick > now) {
    line.push_back({fmt::format("   next in {}", seconds_text(state.next_tick - now)), Style::dim});
  }
  return line;
}

StyledLine pods_line(const DeployPicture& picture) {
  StyledLine line{label("pods")};
  for (const auto& [name, count] : picture.pods) {
    const bool all = count.ready >= count.wanted;
    line.push_back({fmt::format("{} {}/{}   ", name, count.ready, count.wanted),
                    all ? Style::plain : Style::yellow});
  }
  return line;
}

StyledLine gates_line(const DeployPicture& picture) {
  StyledLine line{label("gates")};
  for (const auto& [name, value] : picture.values) {
    const GateText gate = gate_text(name, value, picture.plan->canary);
    line.push_back({gate.text + "   ", gate.good ? Style::plain : Style::red});
  }
  return line;
}

Style severity_style(DeployEvent::Severity severity) {
  return severity == DeployEvent::Severity::error  ? Style::red
         : severity == DeployEvent::Severity::warn ? Style::yellow
                                                   : Style::plain;
}

}  // namespace

std::string short_image(const std::string& image) {
  const std::size_t slash = image.rfind('/');
  std::string name = slash == image.npos ? image : image.substr(slash + 1);
  const std::size_t digest = name.find("@sha256:");
  constexpr std::size_t shown_digits = 12;
  if (digest != name.npos) name.resize(std::min(name.size(), digest + 8 + shown_digits));
  return name;
}

std::string image_of(const Release& release) {
  return short_image(release.tag.empty() ? release.image : release.tag);
}

Style phase_style(const State& state) {
  if (state.phase == Phase::done) {
    return state.outcome == ReleaseOutcome::succeeded ? Style::green : Style::red;
  }
  if (state.phase == Phase::rolling_back) return Style::red;
  const bool waits = state.phase == Phase::waiting || state.phase == Phase::waiting_promotion;
  return waits || state.paused ? Style::yellow : Style::cyan;
}

std::string phase_text(const State& state) {
  std::string text(to_string(state.phase));
  if (state.phase == Phase::done) return fmt::format("{}: {}", text, to_string(state.outcome));
  const bool weighted = state.strategy == StrategyKind::canary && state.weight > 0;
  if (weighted) text += fmt::format(", {} %", state.weight);
  if (state.paused) text += ", paused";
  return text;
}

GateText gate_text(const std::string& name, double value, const CanaryPlan& plan) {
  const auto gate = std::ranges::find(plan.metrics, name, &MetricGate::name);
  GateText text{fmt::format("{} {}", name, human_number(value))};
  if (gate == plan.metrics.end()) return text;
  std::vector<std::string> bounds;
  if (gate->range.min) {
    bounds.push_back(fmt::format(">= {}", human_number(*gate->range.min)));
    text.good = text.good && !(value < *gate->range.min);
  }
  if (gate->range.max) {
    bounds.push_back(fmt::format("<= {}", human_number(*gate->range.max)));
    text.good = text.good && !(value > *gate->range.max);
  }
  if (!bounds.empty()) text.text += fmt::format(" ({})", join(bounds, ", "));
  return text;
}

std::vector<StyledLine> live_lines(const DeployPicture& picture, Timestamp now, bool unicode) {
  std::vector<StyledLine> lines{head_line(picture, now)};
  if (picture.state.strategy == StrategyKind::canary) {
    lines.push_back(weight_line(picture, now, unicode));
  }
  if (!picture.pods.empty()) lines.push_back(pods_line(picture));
  if (!picture.values.empty()) lines.push_back(gates_line(picture));
  const std::size_t count = picture.events.size();
  for (std::size_t i = count - std::min(count, shown_events); i < count; ++i) {
    const ToldEvent& told = picture.events[i];
    lines.push_back(
        {{to_rfc3339(Timestamp{told.at.ms / 1000 * 1000}).substr(11, 8) + "  ", Style::dim},
         {fmt::format("{}  ", told.event.reason), severity_style(told.event.severity)},
         {told.event.message}});
  }
  return lines;
}

std::string event_line(const ToldEvent& told, const std::string& app) {
  return fmt::format("{}  {}  {}  {}  {}", to_rfc3339(Timestamp{told.at.ms / 1000 * 1000}), app,
                     phase_text(told.event.state), told.event.reason, told.event.message);
}

}  // namespace mlopsctl::commands
