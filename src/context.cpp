#include "mlopsctl/context.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/git.hpp"
#include "mlopsctl/tracking/filter.hpp"
#include "mlopsctl/tracking/run_store.hpp"
#include "mlopsctl/ui/console_progress.hpp"

#include "context/data_suggestions.hpp"
#include "context/deploy_suggestions.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace mlopsctl {

namespace {

constexpr std::string_view folder_name = ".mlopsctl";
constexpr std::size_t suggestion_limit = 200;

fs::path start_folder(const Globals& globals) {
  if (globals.project.empty()) return fs::current_path();
  if (!fs::is_directory(globals.project)) {
    throw Error(ErrorKind::usage,
                fmt::format("--project {} is not a folder", quote(globals.project)));
  }
  return fs::weakly_canonical(globals.project);
}

std::optional<fs::path> find_upwards(fs::path folder) {
  while (true) {
    if (fs::is_directory(folder / folder_name)) return folder / folder_name;
    if (folder == folder.parent_path()) return std::nullopt;
    folder = folder.parent_path();
  }
}

bool is_of_data(Complete kind) {
  return kind == Complete::stage || kind == Complete::revision || kind == Complete::remote ||
         kind == Complete::data_target || kind == Complete::plot_template;
}

std::optional<fs::path> find_home(const Globals& globals) {
  if (globals.project.empty()) {
    const char* home = std::getenv("MLOPSCTL_HOME");
    if (home != nullptr && *home != '\0') return fs::weakly_canonical(home);
  }
  return find_upwards(start_folder(globals));
}

}  // namespace

struct Context::State {
  Globals globals;
  const Registry& registry;
  Timestamp now = mlopsctl::now();
  Terminal terminal;
  ConsoleProgress progress;
  std::optional<std::optional<fs::path>> home;  // looked for once
  std::unique_ptr<Config> config;
  std::unique_ptr<RunStore> runs;
  StoreAccess access = StoreAccess::read;

  State(Globals g, const Registry& r)
      : globals(std::move(g)),
        registry(r),
        terminal(Terminal::detect(globals.no_color)),
        progress(terminal, globals.quiet, globals.verbose) {}
};

Context::Context(Globals globals, const Registry& registry)
    : state_(std::make_unique<State>(std::move(globals), registry)) {}
Context::~Context() = default;

const Globals& Context::globals() const { return state_->globals; }
const Registry& Context::registry() const { return state_->registry; }
const Terminal& Context::terminal() const { return state_->terminal; }
Timestamp Context::now() const { return state_->now; }
Progress& Context::progress() { return state_->progress; }

std::optional<fs::path> Context::home() const {
  if (!state_->home) state_->home = find_home(state_->globals);
  return *state_->home;
}

fs::path Context::new_home() const {
  const fs::path here = start_folder(state_->globals);
  if (!state_->globals.project.empty()) return here / folder_name;
  if (const auto found = home()) return *found;
  return git_root(here).value_or(here) / folder_name;
}

fs::path Context::working_root() const {
  fs::path here = start_folder(state_->globals);
  if (!state_->globals.project.empty()) return here;
  const auto repository = git_root(here);
  const auto home = find_upwards(here);
  if (!repository) return home ? home->parent_path() : here;
  // Of several projects in one repository each has its own.
  const fs::path project = home ? home->parent_path() : fs::path{};
  return project.native().size() > repository->native().size() ? project : *repository;
}

void Context::use_home(const fs::path& folder) { state_->home = folder; }

Config& Context::config() {
  if (!state_->config) {
    const auto folder = home();
    state_->config =
        std::make_unique<Config>(folder ? *folder / "config.yaml" : fs::path{}, user_config_file());
  }
  return *state_->config;
}

RunStore& Context::runs(StoreAccess access) {
  if (state_->runs && access <= state_->access) return *state_->runs;
  const fs::path folder = home() ? *home() : new_home();
  const bool missing = !fs::exists(folder / "runs.db");
  if (missing && access != StoreAccess::create) {
    throw Error(ErrorKind::not_found,
                fmt::format("there is no run store in '{}' or above",
                            home() ? folder.string() : start_folder(state_->globals).string()),
                "start one with 'mlopsctl init', or name its folder with --project");
  }
  const OpenMode mode = access == StoreAccess::read    ? OpenMode::read_only
                        : access == StoreAccess::write ? OpenMode::read_write
                                                       : OpenMode::create;
  state_->runs = std::make_unique<RunStore>(RunStore::open(folder, mode));
  state_->access = access;
  state_->home = folder;
  state_->progress.detail(fmt::format("opened '{}' to {}", (folder / "runs.db").string(),
                                      access == StoreAccess::read ? "read" : "write"));
  if (missing) state_->progress.note(fmt::format("made the run store '{}'", folder.string()));
  return *state_->runs;
}

bool Context::confirmed(std::string_view question) {
  if (state_->globals.yes) return true;
  if (!state_->terminal.in_is_tty || !state_->terminal.err_is_tty) {
    throw Error(ErrorKind::usage, "this removes things, and nobody is here to be asked",
                "add --yes to do it, or --dry-run to see what it would do");
  }
  return confirm(state_->terminal, question);
}

std::vector<Suggestion> Context::suggest(Complete kind, std::string_view prefix) {
  std::vector<Suggestion> suggestions;
  const auto add = [&](std::string value, std::string description) {
    if (value.starts_with(prefix))
      suggestions.push_back({std::move(value), std::move(description)});
  };
  if (kind == Complete::config_key) {
    for (const auto& spec : setting_specs())
      add(std::string(spec.key), std::string(spec.description));
    return suggestions;
  }
  if (kind == Complete::baseline) {
    std::error_code ignored;  // there is no such folder: no baseline
    for (const auto& file : fs::directory_iterator(working_root() / "baselines", ignored)) {
      if (file.path().extension() == ".json") add(file.path().stem().string(), "baseline");
    }
    return suggestions;
  }
  if (is_of_data(kind)) return data_suggestions(kind, start_folder(state_->globals), prefix);
  const auto folder = home();
  const bool has_store = folder && fs::exists(*folder / "runs.db");
  if (kind == Complete::app || kind == Complete::release || kind == Complete::plan_key) {
    const RunStore* known = has_store ? &runs(StoreAccess::read) : nullptr;
    for (auto& name : deploy_suggestions(kind, start_folder(state_->globals), known)) {
      add(std::move(name.value), std::move(name.description));
    }
    return suggestions;
  }
  if (!has_store) return suggestions;
  RunStore& store = runs(StoreAccess::read);
  const auto names = [&](RunStore::Names names_kind, const std::string& before) {
    std::string_view rest = prefix;
    if (rest.substr(0, before.size()) != std::string_view(before).substr(0, rest.size())) return;
    rest.remove_prefix(std::min(rest.size(), before.size()));
    for (auto& name : store.names(names_kind, rest, suggestion_limit)) {
      suggestions.push_back({before + name.value, std::move(name.description)});
    }
  };
  switch (kind) {
    case Complete::run:
      add("@last", "the run that was started last");
      names(RunStore::Names::run_ids, "");
      break;
    case Complete::experiment:
      names(RunStore::Names::experiments, "");
      break;
    case Complete::metric:
      names(RunStore::Names::metric_keys, "");
      break;
    case Complete::param:
      names(RunStore::Names::param_keys, "");
      break;
    case Complete::tag:
      names(RunStore::Names::tag_keys, "");
      break;
    case Complete::column:
      for (const auto& attribute : filter_attributes()) add(attribute, "attribute");
      names(RunStore::Names::metric_keys, "metrics.");
      names(RunStore::Names::param_keys, "params.");
      names(RunStore::Names::tag_keys, "tags.");
      break;
    default:
      break;
  }
  return suggestions;
}

}  // namespace mlopsctl
