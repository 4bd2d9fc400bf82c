#include "fuzz/pipeline_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/data/dag.hpp"
#include "mlopsctl/data/lock_file.hpp"
#include "mlopsctl/data/pipeline.hpp"
#include "mlopsctl/formats/yaml_value.hpp"

#include "fuzz/require.hpp"

namespace mlopsctl::fuzz {
namespace {

template <class Action>
void refused_or_done(const char* what, Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::config, std::string(what) + ": " + error.what());
  }
}

}  // namespace

void check_pipeline(std::string_view text) {
  if (text.size() > 4096) text = text.substr(0, 4096);
  const data::FileReader read = [](const std::string& path) -> std::optional<std::string> {
    if (path == "params.yaml")
      return "lr: 0.1\nmodels: {us: {n: 1}, eu: {n: 2}}\nl: [1, a, null]\n";
    return std::nullopt;
  };
  refused_or_done("dvc.yaml", [&] {
    auto file = data::load_pipeline_file("dvc.yaml", text, read, {});
    for (const auto& stage : file.stages) {
      require(!stage.name.empty(), "a stage without a name");
      stage.commands();
    }
    if (file.stages.size() > 200) return;
    const data::Pipelines pipelines(std::move(file.stages));
    const auto dag = data::dag_of(pipelines, {});
    data::mermaid_text(dag);
    data::tree_text(dag, true);
  });
  refused_or_done("dvc.lock", [&] {
    const auto lock = data::LockFile::parse("dvc.lock", text);
    for (const auto& [name, entry] : lock.entries()) {
      data::run_cache_name(entry);
      data::lock_entry_value(entry);
    }
  });
  for (const char* name : {"p.json", "p.toml", "p.py", "p.yaml"}) {
    refused_or_done(name, [&] { data::value_at(data::parse_values(name, text), "a.b.0"); });
  }
}

}  // namespace mlopsctl::fuzz
