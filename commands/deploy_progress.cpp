#include "commands/deploy_progress.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace mlopsctl::commands {

namespace {

constexpr Milliseconds redraw_every{500}, pods_line_every{10'000};

// Gives everything on to another cluster and shows the Deployments that come back.
class WatchedCluster : public ForwardingCluster {
 public:
  WatchedCluster(Cluster& inner, DeployProgress& progress)
      : ForwardingCluster(inner), progress_(progress) {}

  std::vector<Json> get(std::span<const ObjectRef> references) override {
    auto objects = inner_.get(references);
    for (const Json& object : objects) progress_.saw(object);
    return objects;
  }
  Json patch(const ObjectRef& object, PatchKind kind, const Json& patch) override {
    Json stored = inner_.patch(object, kind, patch);
    progress_.saw(stored);
    return stored;
  }

 private:
  DeployProgress& progress_;
};

int number_at(const Json& object, const char* section, const char* name) {
  const auto part = object.find(section);
  if (part == object.end() || !part->is_object()) return 0;
  const auto value = part->find(name);
  return value != part->end() && value->is_number_integer() ? value->get<int>() : 0;
}

std::string name_of(const Json& object) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return {};
  return metadata->value("name", "");
}

}  // namespace

class DeployProgress::WatchingClock : public Clock {
 public:
  WatchingClock(Clock& inner, DeployProgress& progress) : inner_(inner), progress_(progress) {}
  Timestamp wall() override { return inner_.wall(); }
  Milliseconds monotonic() override { return inner_.monotonic(); }
  bool sleep(Milliseconds time) override {
    const Milliseconds end = inner_.monotonic() + time;
    do {
      progress_.refresh();
      const Milliseconds left = end - inner_.monotonic();
      if (inner_.sleep(std::clamp(left, Milliseconds{0}, redraw_every))) return true;
    } while (inner_.monotonic() < end);
    progress_.refresh();
    return false;
  }

 private:
  Clock& inner_;
  DeployProgress& progress_;
};

bool can_redraw(const Context& context) {
  const char* kind = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe)
  const bool dumb = kind == nullptr || std::string_view(kind) == "dumb";
  return context.terminal().err_is_tty && !dumb;
}

DeployProgress::DeployProgress(Context& context, const DeployPlan& plan, Clock& clock)
    : context_(context), inner_(clock), clock_(std::make_unique<WatchingClock>(clock, *this)) {
  picture_.plan = &plan;
  picture_.state.strategy = plan.strategy;
  if (can_redraw(context) && !context.globals().quiet) {
    block_ = std::make_unique<LiveBlock>(context.terminal());
  }
}
DeployProgress::~DeployProgress() = default;

Clock& DeployProgress::clock() { return *clock_; }

std::unique_ptr<Cluster> DeployProgress::watched(Cluster& inner) {
  return std::make_unique<WatchedCluster>(inner, *this);
}

void DeployProgress::now_is(const State& state) { picture_.state = state; }

void DeployProgress::saw(const Json& object) {
  if (!object.is_object() || object.value("kind", "") != "Deployment") return;
  const std::string name = name_of(object);
  const PodCount count{number_at(object, "status", "readyReplicas"),
                       number_at(object, "spec", "replicas")};
  if (name.empty()) return;
  picture_.pods[name] = count;
}

void DeployProgress::event(const DeployEvent& event) {
  picture_.state = event.state;
  for (const auto& [name, value] : event.values) picture_.values[name] = value;
  picture_.events.push_back({inner_.wall(), event});
  if (context_.globals().quiet) return;
  if (block_) {
    refresh();
    return;
  }
  const std::string line = event_line(picture_.events.back(), picture_.plan->app);
  if (event.severity == DeployEvent::Severity::info) {
    context_.progress().note(line);
  } else {
    context_.progress().warning(line);
  }
}

void DeployProgress::warning(const std::string& text) {
  if (block_) {
    block_->print({{"warning: ", Style::yellow}, {text}});
  } else {
    context_.progress().warning(text);
  }
}

void DeployProgress::close() { block_.reset(); }

void DeployProgress::refresh() {
  if (block_) {
    block_->show(live_lines(picture_, inner_.wall(), context_.terminal().unicode));
    return;
  }
  if (picture_.state.id.empty() || picture_.state.phase == Phase::done) return;
  std::string pods;
  for (const auto& [name, count] : picture_.pods) {
    pods += fmt::format("{}{} {}/{}", pods.empty() ? "" : ", ", name, count.ready, count.wanted);
  }
  const Milliseconds now = inner_.monotonic();
  const bool due = said_at_.count() == 0 || now - said_at_ >= pods_line_every;
  if (pods.empty() || pods == said_of_pods_ || !due) return;
  said_of_pods_ = pods;
  said_at_ = now;
  context_.progress().note(fmt::format("{}  {}  {}  pods ready: {}",
                                       to_rfc3339(Timestamp{inner_.wall().ms / 1000 * 1000}),
                                       picture_.plan->app, phase_text(picture_.state), pods));
}

}  // namespace mlopsctl::commands
