#include "mlopsctl/data/pipeline.hpp"
#include "mlopsctl/data/workspace.hpp"
#include "mlopsctl/platform/files.hpp"

#include "data/discovery.hpp"

#include <algorithm>

namespace mlopsctl::data {

namespace {

TemplateSettings template_settings(const DataConfig& config) {
  return {.boolean_optional = config.text("parsing", "bool") == "boolean_optional",
          .append = config.text("parsing", "list") == "append"};
}

// .dvc files are stages without a command. Their paths are kept relative to the root.
std::vector<Stage> data_stages(Repository& repository) {
  std::map<std::string, Stage> stages;
  for (const auto& output : repository.outputs()) {
    if (!output.stage.empty()) continue;
    Stage& stage = stages[output.file];
    stage.file = output.file;
    stage.import = stage.import || output.import;
    StageOut out{.path = output.path, .options = {}};
    out.cache = output.entry.cache;
    stage.outs.push_back(std::move(out));
  }
  std::vector<Stage> result;
  for (auto& [file, stage] : stages) {
    if (stage.import) {
      stage.frozen = parse_dvc_file(read_file(repository.root() / file)).frozen;
    }
    result.push_back(std::move(stage));
  }
  return result;
}

}  // namespace

Pipelines Pipelines::load(Repository& repository) {
  const TemplateSettings settings = template_settings(repository.config());
  const FileReader read = [&](const std::string& path) -> std::optional<std::string> {
    const fs::path whole = repository.root() / path;
    std::error_code failed;
    if (!fs::is_regular_file(whole, failed)) return std::nullopt;
    return read_file(whole);
  };
  std::vector<Stage> stages;
  std::vector<ReportSources> reports;
  for (const auto& file : pipeline_files(repository)) {
    PipelineFile loaded =
        load_pipeline_file(file, read_file(repository.root() / file), read, settings);
    std::ranges::move(loaded.stages, std::back_inserter(stages));
    reports.push_back(std::move(loaded.reports));
  }
  std::ranges::move(data_stages(repository), std::back_inserter(stages));
  return Pipelines(std::move(stages), std::move(reports));
}

}  // namespace mlopsctl::data
