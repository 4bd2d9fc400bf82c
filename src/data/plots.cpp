#include "mlopsctl/data/plots.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "data/pipeline_stage.hpp"
#include "data/plot_points.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <regex>

namespace mlopsctl::data {

namespace {

constexpr std::array<std::string_view, 5> image_endings{".jpg", ".jpeg", ".gif", ".png", ".svg"};
constexpr std::array<std::string_view, 7> data_endings{".json", ".yaml", ".yml", ".csv",
                                                       ".tsv",  ".toml", ".py"};
constexpr std::array<std::string_view, 7> property_names{"template", "x",     "y",     "x_label",
                                                         "y_label",  "title", "header"};

std::string ending(const std::string& file) { return fs::path(file).extension().string(); }

bool is_image(const std::string& file) {
  return std::ranges::find(image_endings, ending(file)) != image_endings.end();
}

void merge(YamlValue& into, const YamlValue& from) {
  for (const auto& entry : from.entries) into.set(entry.key, entry.value);
}

// A plot as one file of one revision declares it.
struct Definition {
  std::string config;  // the dvc.yaml as seen from the base; empty: a stage, or a target
  std::string id;
  YamlValue properties;
};

// As Python's re.match: from the beginning, the rest may be anything. A target that is no pattern
// is taken as it is.
bool matches(const std::string& target, const std::string& text) {
  if (text.starts_with(target)) return true;
  try {
    return std::regex_search(text, std::regex(target), std::regex_constants::match_continuous);
  } catch (const std::regex_error&) {
    return false;
  }
}

class Collector {
 public:
  Collector(RevisionFiles& files, const PlotRequest& request) : files_(files), request_(request) {}

  std::vector<Definition> definitions() {
    const Pipelines& pipelines = files_.pipelines();
    for (const auto& report : pipelines.reports()) add_declared(report.plots);
    for (const auto& stage : pipelines.stages()) add_outputs(stage);
    const bool nothing = pipelines.reports().empty() && result_.empty();
    for (const auto& target : request_.targets) {
      const std::string path = normal_path(target);
      if (!nothing && !exists(path)) continue;
      for (const auto& file : unfolded(path)) put("", file, request_.properties);
    }
    return std::move(result_);
  }

  // Whether a file has a header: only plots of stages may say that it has none.
  bool header(const std::string& file) {
    const YamlValue* own = request_.properties.find("header");
    if (own != nullptr) return own->boolean;
    for (const auto& stage : files_.pipelines().stages()) {
      for (const auto& out : stage.outs) {
        if (out.role != OutRole::plot || stage.path_of(out.path) != path_of(file)) continue;
        const YamlValue* says = out.options.find("header");
        return says == nullptr || says->boolean;
      }
    }
    return true;
  }

  std::string path_of(const std::string& seen) const {
    return normal_path(fs::path(request_.base) / seen);
  }

 private:
  std::string seen(const std::string& path) const {
    if (request_.base.empty()) return path;
    return fs::path(path.empty() ? "." : path)
        .lexically_normal()
        .lexically_relative(request_.base)
        .generic_string();
  }

  bool exists(const std::string& file) {
    const std::string path = path_of(file);
    return files_.read(path) || files_.files_at(path) != std::vector<std::string>{path};
  }

  // The files of a folder, or the path itself. "../logs" stays as it is even from inside logs, as
  // it does in DVC.
  std::vector<std::string> unfolded(const std::string& file) {
    const std::string folder = path_of(file);
    std::vector<std::string> result;
    for (const auto& path : files_.files_at(folder)) {
      result.push_back(
          path == folder ? file : normal_path(fs::path(file) / path.substr(folder.size() + 1)));
    }
    return result;
  }

  bool wanted(const std::string& config, const std::string& id) const {
    if (request_.targets.empty()) return true;
    const std::string full = config.empty() ? id : config + "::" + id;
    return std::ranges::any_of(request_.targets, [&](const std::string& target) {
      return matches(target, id) || matches(target, full);
    });
  }

  void put(const std::string& config, const std::string& id, const YamlValue& properties) {
    const auto same = [&](const Definition& one) { return one.config == config && one.id == id; };
    const auto found = std::ranges::find_if(result_, same);
    if (found != result_.end()) {
      merge(found->properties, properties);
    } else {
      result_.push_back({config, id, properties.is_map() ? properties : YamlValue::empty_map()});
    }
  }

  // The declared path that has most folders in common with a file.
  static std::string nearest_parent(const std::string& file,
                                    const std::vector<std::string>& parents) {
    std::string best;
    const auto parts = split(file, '/');
    for (const auto& parent : parents) {
      auto common = split(parent, '/');
      common.erase(std::ranges::mismatch(common, parts).in1, common.end());
      std::string path = join(common, "/");
      if (path.size() > best.size()) best = std::move(path);
    }
    return best;
  }

  void add_declared(const std::vector<ReportSources::Plot>& plots) {
    std::vector<std::string> parents;
    for (const auto& plot : plots) parents.push_back(path_beside(seen(plot.file), plot.id));
    for (const auto& plot : plots) {
      const std::string config = seen(plot.file);
      if (!wanted(config, plot.id)) continue;
      YamlValue properties = plot.definition;
      const YamlValue* y = properties.find("y");
      if (y != nullptr && y->is_map()) {
        for (const char* axis : {"x", "y"}) {
          if (YamlValue* files = properties.find(axis); files != nullptr) {
            for (auto& entry : files->entries) entry.key = path_beside(config, entry.key);
          }
        }
        merge(properties, request_.properties);
        put(config, plot.id, properties);
        continue;
      }
      merge(properties, request_.properties);
      const std::string path = path_beside(config, plot.id);
      for (const auto& file : unfolded(path)) {
        if (nearest_parent(file, parents) == path) put(config, file, properties);
      }
    }
  }

  static std::string path_beside(const std::string& config, const std::string& file) {
    return normal_path(fs::path(config).parent_path() / file);
  }

  void add_outputs(const Stage& stage) {
    for (const auto& out : stage.outs) {
      if (out.role != OutRole::plot) continue;
      if (!wanted(seen(stage.file), seen(stage.path_of(out.path)))) continue;
      const std::string path = normal_path(fs::path(seen(stage.wdir)) / out.path);
      YamlValue properties = YamlValue::empty_map();
      for (const auto name : property_names) {
        if (const YamlValue* value = out.options.find(name)) properties.set(name, *value);
      }
      merge(properties, request_.properties);
      for (const auto& file : unfolded(path)) put("", file, properties);
    }
  }

  RevisionFiles& files_;
  const PlotRequest& request_;
  std::vector<Definition> result_;
};

// What is known about a revision.
struct Revision {
  std::string name;
  std::vector<Definition> definitions;
  std::map<std::string, YamlValue> contents;  // of data files
  std::map<std::string, std::string> images;
  std::map<std::string, PlotError> errors;  // of files
};

void read_source(Revision& revision, RevisionFiles& files, Collector& collector,
                 const std::string& file) {
  if (revision.contents.contains(file) || revision.images.contains(file) ||
      revision.errors.contains(file)) {
    return;
  }
  const auto fail = [&](const char* type, std::string message) {
    revision.errors[file] = {revision.name, file, type, std::move(message)};
  };
  const std::string end = ending(file);
  if (!is_image(file) && std::ranges::find(data_endings, end) == data_endings.end()) {
    fail("PlotMetricTypeError", fmt::format("{} is neither CSV, TSV, JSON, YAML nor an image of "
                                            "type PNG, JPEG, GIF or SVG",
                                            quote(file)));
    return;
  }
  try {
    auto text = files.read(collector.path_of(file));
    if (!text) {
      fail("FileNotFoundError", fmt::format("{} does not exist", quote(file)));
    } else if (is_image(file)) {
      revision.images[file] = std::move(*text);
    } else if (!is_valid_utf8(*text)) {
      fail("EncodingError", fmt::format("{} is not UTF-8", quote(file)));
    } else if (end == ".csv" || end == ".tsv") {
      revision.contents[file] =
          separated_values(*text, end == ".tsv" ? '\t' : ',', collector.header(file));
    } else {
      revision.contents[file] = parse_values(file, *text);
    }
  } catch (const Error& error) {
    fail("ParseError", error.what());
  }
}

Revision read_revision(RevisionFiles& files, const PlotRequest& request) {
  Revision revision{.name = files.name()};
  Collector collector(files, request);
  revision.definitions = collector.definitions();
  for (const auto& definition : revision.definitions) {
    for (const auto& file : plot_sources(definition.id, definition.properties)) {
      read_source(revision, files, collector, file);
    }
  }
  return revision;
}

struct Member {
  const Revision* revision;
  const Definition* definition;
};

// Definitions of the same plot, over all revisions. Only where several files declare an id does
// its name carry the file.
std::vector<std::pair<std::string, std::vector<Member>>> grouped(
    const std::vector<Revision>& revisions) {
  std::vector<std::pair<std::string, std::vector<Member>>> groups;
  for (const auto& revision : revisions) {
    std::map<std::string, int> declared;
    for (const auto& definition : revision.definitions) ++declared[definition.id];
    for (const auto& definition : revision.definitions) {
      const bool alone = declared[definition.id] == 1 || definition.config.empty();
      const std::string id = alone ? definition.id : definition.config + "::" + definition.id;
      auto found =
          std::ranges::find(groups, id, &std::pair<std::string, std::vector<Member>>::first);
      if (found == groups.end()) found = groups.insert(groups.end(), {id, {}});
      found->second.push_back({&revision, &definition});
    }
  }
  return groups;
}

void add_rows(DataPlot& plot, const Member& member, const YamlValue& properties) {
  const auto& [revision, definition] = member;
  std::vector<PlotContent> contents;
  for (const auto& file : plot_sources(definition->id, definition->properties)) {
    if (const auto error = revision->errors.find(file); error != revision->errors.end()) {
      plot.errors.push_back(error->second);
    }
    const auto found = revision->contents.find(file);
    if (found != revision->contents.end()) contents.push_back({file, found->second});
  }
  try {
    PlotRows rows = plot_rows(definition->id, properties, contents, revision->name);
    if (rows.rows.empty()) return;
    plot.revisions.push_back(revision->name);
    if (plot.rows.empty()) {
      plot.properties = std::move(rows.properties);
      plot.sources = std::move(rows.sources);
    }
    std::ranges::move(rows.rows, std::back_inserter(plot.rows));
  } catch (const Error& error) {
    const std::string hint = error.hint().empty() ? "" : "; " + error.hint();
    plot.errors.push_back({revision->name, "", "FieldNotFoundError", error.what() + hint});
  }
}

void add_image(DataPlot& plot, const Member& member) {
  const auto& [revision, definition] = member;
  const std::string& file = definition->id;
  if (const auto error = revision->errors.find(file); error != revision->errors.end()) {
    plot.errors.push_back(error->second);
  }
  const auto found = revision->images.find(file);
  if (found == revision->images.end()) return;
  plot.revisions.push_back(revision->name);
  plot.images.push_back({revision->name, file, found->second});
}

}  // namespace

std::string DataPlot::text(std::string_view property, std::string_view fallback) const {
  const YamlValue* value = properties.find(property);
  return value != nullptr && value->is_text() ? value->text : std::string(fallback);
}

Plots read_plots(std::span<RevisionFiles> revisions, const PlotRequest& request) {
  Plots result;
  std::vector<Revision> read;
  for (auto& files : revisions) {
    try {
      read.push_back(read_revision(files, request));
    } catch (const Error& error) {
      result.errors.push_back({files.name(), "", "DvcException", error.what()});
    }
  }
  for (const auto& [id, members] : grouped(read)) {
    DataPlot plot{.id = id};
    plot.image = is_image(members.front().definition->id);
    if (plot.image) plot.id = members.front().definition->id;
    // What the first revision says wins over the later ones.
    YamlValue properties = YamlValue::empty_map();
    for (auto member = members.rbegin(); member != members.rend(); ++member) {
      merge(properties, member->definition->properties);
    }
    for (const auto& member : members) {
      if (plot.image) {
        add_image(plot, member);
      } else {
        add_rows(plot, member, properties);
      }
    }
    if (plot.properties.find("title") == nullptr) {
      plot.properties.set("title", YamlValue::of_text(plot.id));
    }
    result.plots.push_back(std::move(plot));
  }
  return result;
}

}  // namespace mlopsctl::data
