// Which stage reads what which other stage makes.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/pipeline.hpp"

#include "data/paths.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::data {

namespace {

// Paths in an order where everything inside a folder follows it directly.
struct PathOrder {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const {
    const auto key = [](char c) { return c == '/' ? '\0' : c; };
    return std::ranges::lexicographical_compare(a, b, {}, key, key);
  }
};

bool inside(std::string_view path, std::string_view folder) {
  if (folder.empty()) return true;
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

std::string normal(const std::string& path) {
  std::string text = fs::path(path).lexically_normal().generic_string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text == "." ? "" : text;
}

void add_sorted(std::vector<std::size_t>& into, std::size_t value) {
  const auto at = std::ranges::lower_bound(into, value);
  if (at == into.end() || *at != value) into.insert(at, value);
}

}  // namespace

Pipelines::Pipelines(std::vector<Stage> stages, std::vector<ReportSources> reports)
    : stages_(std::move(stages)), reports_(std::move(reports)) {
  connect();
  check();
}

void Pipelines::connect() {
  producers_.assign(stages_.size(), {});
  consumers_.assign(stages_.size(), {});
  std::map<std::string, std::size_t, PathOrder> makers;
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    for (const auto& out : stages_[i].outs) {
      const std::string path = stages_[i].path_of(out.path);
      if (path.starts_with("../") || path.starts_with('/') ||
          path.find("://") != std::string::npos) {
        throw Error(ErrorKind::config,
                    fmt::format("the output {} of {} is outside of the repository", quote(out.path),
                                quote(stages_[i].address())));
      }
      const auto [at, fresh] = makers.emplace(path, i);
      if (fresh) continue;
      throw Error(ErrorKind::config,
                  fmt::format("{} is an output of both {} and {}", quote(path),
                              quote(stages_[at->second].address()), quote(stages_[i].address())),
                  "an output belongs to one stage; remove it from the other");
    }
  }
  for (auto at = makers.begin(); at != makers.end(); ++at) {
    const auto next = std::next(at);
    if (next == makers.end() || !inside(next->first, at->first)) continue;
    throw Error(ErrorKind::config,
                fmt::format("the output {} of {} lies inside the output {} of {}",
                            quote(next->first), quote(stages_[next->second].address()),
                            quote(at->first), quote(stages_[at->second].address())),
                "outputs cannot overlap");
  }
  const auto link = [&](std::size_t reader, const std::string& path) {
    const auto add = [&](std::size_t maker) {
      add_sorted(producers_[reader], maker);
      add_sorted(consumers_[maker], reader);
    };
    if (const auto found = makers.find(path); found != makers.end()) add(found->second);
    for (std::size_t slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      const auto above = makers.find(std::string_view(path).substr(0, slash));
      if (above != makers.end()) add(above->second);
    }
    for (auto below = makers.upper_bound(path); below != makers.end() && inside(below->first, path);
         ++below) {
      add(below->second);
    }
  };
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const Stage& stage = stages_[i];
    for (std::size_t slash = 0; slash != std::string::npos;) {
      slash = stage.file.find('/', slash + 1);
      if (slash == std::string::npos) break;
      const auto above = makers.find(std::string_view(stage.file).substr(0, slash));
      if (above == makers.end()) continue;
      throw Error(ErrorKind::config,
                  fmt::format("{} lies inside the output {} of {}", quote(stage.file),
                              quote(above->first), quote(stages_[above->second].address())));
    }
    if (stage.import) continue;
    for (const auto& dep : stage.deps) link(i, stage.path_of(dep));
    for (const auto& params : stage.params) link(i, stage.path_of(params.file));
  }
}

void Pipelines::check() const {
  enum class State : char { fresh, open, done };
  std::vector<State> states(stages_.size(), State::fresh);
  struct Step {
    std::size_t stage;
    std::size_t next = 0;
  };
  for (std::size_t root = 0; root < stages_.size(); ++root) {
    if (states[root] != State::fresh) continue;
    std::vector<Step> path{{root}};
    states[root] = State::open;
    while (!path.empty()) {
      Step& step = path.back();
      if (step.next == producers_[step.stage].size()) {
        states[step.stage] = State::done;
        path.pop_back();
        continue;
      }
      const std::size_t below = producers_[step.stage][step.next++];
      if (states[below] == State::open) {
        std::vector<std::string> names;
        const auto first = std::ranges::find(path, below, &Step::stage);
        for (auto at = first; at != path.end(); ++at)
          names.push_back(quote(stages_[at->stage].address()));
        throw Error(ErrorKind::config, fmt::format("the stages {} depend on each other in a circle",
                                                   join(names, ", ")));
      }
      if (states[below] == State::fresh) {
        states[below] = State::open;
        path.push_back({below});
      }
    }
  }
}

std::vector<std::string> Pipelines::names(const std::string& base) const {
  std::vector<std::string> names;
  const std::string here = joined(base, "dvc.yaml");
  const auto add = [&](std::string name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  };
  for (const auto& stage : stages_) {
    const std::string relative =
        base.empty() ? stage.file : fs::path(stage.file).lexically_relative(base).generic_string();
    if (stage.name.empty()) {
      add(relative);
    } else {
      const std::string prefix = stage.file == here ? "" : relative + ":";
      if (!stage.group.empty()) add(prefix + stage.group);
      add(prefix + stage.name);
    }
  }
  return names;
}

std::vector<std::size_t> Pipelines::select(const std::string& target, const std::string& base,
                                           bool glob) const {
  std::vector<std::size_t> found;
  const auto collect = [&](auto&& wanted) {
    for (std::size_t i = 0; i < stages_.size(); ++i) {
      if (wanted(stages_[i])) found.push_back(i);
    }
  };
  const auto colon = target.rfind(':');
  const std::string file =
      normal(joined(base, colon == std::string::npos ? "dvc.yaml" : target.substr(0, colon)));
  const std::string name = colon == std::string::npos ? target : target.substr(colon + 1);
  collect([&](const Stage& stage) {
    if (stage.file != file || stage.name.empty()) return false;
    if (glob) return glob_match(name, stage.name);
    return stage.name == name || stage.group == name;
  });
  const std::string path = normal(joined(base, target));
  if (found.empty()) collect([&](const Stage& stage) { return stage.file == path; });
  if (found.empty()) {
    collect([&](const Stage& stage) {
      return std::ranges::any_of(stage.outs, [&](const StageOut& out) {
        const std::string output = stage.path_of(out.path);
        return output == path || inside(path, output);
      });
    });
  }
  if (!found.empty()) return found;
  const auto near = closest(target, names(base));
  throw Error(ErrorKind::not_found, fmt::format("there is no stage {}", quote(target)),
              near ? fmt::format("did you mean {}?", quote(*near))
                   : "'mlopsctl stage list --all' shows every stage");
}

}  // namespace mlopsctl::data
