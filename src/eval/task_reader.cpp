#include "eval/task_reader.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"

#include "eval/metric_reader.hpp"
#include "eval/task_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::eval {

namespace {

constexpr const char* precompute =
    "put what it computes into columns of the data, and name them here";

struct RefusedKey {
  const char* key;
  const char* why;
  const char* hint;
};
constexpr RefusedKey refused_keys[] = {
    {"process_docs", "is a Python function, which is not run here", precompute},
    {"process_results", "is a Python function, which is not run here",
     "use the metrics that are built in: 'mlopsctl help evaluation' lists them"},
    {"custom_dataset", "is a Python function, which is not run here",
     "save its rows as JSON lines and name them in dataset_kwargs.data_files"},
    {"use_prompt", "needs promptsource, which is not here", "write doc_to_text and doc_to_target"},
    {"gen_prefix", "is not supported", "write it at the end of doc_to_text"},
    {"doc_to_image", "is not supported: models see text only", ""},
    {"doc_to_audio", "is not supported: models hear nothing", ""},
    {"class", "names a Python class, which is not run here", precompute},
};

const std::vector<std::string>& known_keys() {
  static const std::vector<std::string> keys{"task",
                                             "task_alias",
                                             "tag",
                                             "dataset_path",
                                             "dataset_name",
                                             "dataset_kwargs",
                                             "test_split",
                                             "validation_split",
                                             "training_split",
                                             "fewshot_split",
                                             "output_type",
                                             "doc_to_text",
                                             "doc_to_target",
                                             "doc_to_choice",
                                             "description",
                                             "num_fewshot",
                                             "target_delimiter",
                                             "fewshot_delimiter",
                                             "metric_list",
                                             "generation_kwargs",
                                             "fewshot_config",
                                             "filter_list",
                                             "repeats",
                                             "metadata",
                                             "unsafe_code",
                                             "include",
                                             "should_decontaminate",
                                             "group",
                                             "group_alias",
                                             "aggregate_metric_list",
                                             "doc_to_decontamination_query"};
  return keys;
}

class Reader : TaskKeys {
 public:
  explicit Reader(const TaskFile& file) : TaskKeys(file) {}

  ReadTask read() {
    check_keys();
    Task& task = out_.task;
    task.name = text("task");
    if (task.name.empty()) file_.refuse("task", nullptr, "is missing: a task has a name");
    check_name(task.name);
    task.alias = text("task_alias");
    task.tags = texts("tag");
    task.type = output_type();
    task.shots = static_cast<std::uint32_t>(whole("num_fewshot", 0, 1000));
    metadata();
    prompts();
    read_data(file_, out_);
    if (task.type == OutputType::generate_until) {
      out_.plan.generation = read_generation(file_, out_.plan.fewshot_delimiter);
    }
    task.metrics = read_metrics(file_, task.type);
    out_.plan.filters = read_filters(file_, task.type);
    for (const FilterPlan& filter : out_.plan.filters) task.filters.push_back(filter.name);
    return std::move(out_);
  }

 private:
  void check_keys() const {
    for (const YamlEntry& entry : file_.root.entries) {
      for (const RefusedKey& refused : refused_keys) {
        if (entry.key == refused.key && !entry.value.is_null()) {
          file_.refuse(entry.key, &entry.value, refused.why, refused.hint);
        }
      }
      if (std::ranges::find(known_keys(), entry.key) != known_keys().end()) continue;
      const auto near = closest(entry.key, known_keys());
      file_.refuse(entry.key, &entry.value, "is no key of a task",
                   near ? fmt::format("did you mean {}?", quote(*near)) : std::string());
    }
  }
  // Names become metrics of runs and files.
  void check_name(const std::string& name) const {
    const bool fine = name.size() <= 200 && printable(name) == name &&
                      name.find('/') == name.npos && name.find(',') == name.npos;
    if (!fine) {
      file_.refuse("task", file_.find("task"), "is no name",
                   "names are up to 200 characters without '/', ',' and control characters");
    }
  }

  OutputType output_type() const {
    const std::string name = text("output_type", "generate_until");
    for (const OutputType type : {OutputType::loglikelihood, OutputType::loglikelihood_rolling,
                                  OutputType::multiple_choice, OutputType::generate_until}) {
      if (name == to_string(type)) return type;
    }
    file_.refuse("output_type", file_.find("output_type"), fmt::format("is {}", quote(name)),
                 "output types are loglikelihood, loglikelihood_rolling, multiple_choice, "
                 "generate_until");
  }

  void metadata() {
    const YamlValue* map = file_.find("metadata");
    if (map == nullptr || !map->is_map()) return;
    if (const YamlValue* version = map->find("version")) {
      out_.task.version = python_str(*version);
    }
    const auto column = [&](const char* key) {
      const YamlValue* value = map->find(key);
      if (value == nullptr) return std::string();
      if (!value->is_text()) file_.refuse(std::string("metadata.") + key, value, "is no column");
      return value->text;
    };
    out_.plan.group_by = column("group_by");
    out_.plan.count_text = column("count_text");
  }

  // A text is a template until it turns out to be the name of a column.
  Source source(const YamlValue* value, const std::string& key) const {
    Source source;
    if (value == nullptr || value->is_null()) return source;
    if (!value->is_text()) {
      source.kind = Source::Kind::constant;
      source.constant = *value;
      if (value->is_map()) {  // choices by name
        source.constant = YamlValue::empty_list();
        for (const YamlEntry& entry : value->entries) {
          source.constant.items.push_back(entry.value);
        }
      }
      return source;
    }
    source.kind = Source::Kind::pattern;
    source.text = value->text;
    try {
      source.pattern = Template::parse(value->text);
    } catch (const Error& error) {
      file_.refuse(key, value, fmt::format("is not understood: {}", error.what()), error.hint());
    }
    return source;
  }
  Source source(const std::string& key) const { return source(file_.find(key), key); }

  void prompts() {
    TaskPlan& plan = out_.plan;
    plan.sources = {source("doc_to_text"), source("doc_to_target"), source("doc_to_choice")};
    plan.description = source("description");
    plan.target_delimiter = text("target_delimiter", " ");
    plan.fewshot_delimiter = text("fewshot_delimiter", "\n\n");
    const OutputType type = out_.task.type;
    if (!plan.sources.target) file_.refuse("doc_to_target", nullptr, "is missing");
    if (!plan.sources.text && type != OutputType::loglikelihood_rolling) {
      file_.refuse("doc_to_text", nullptr, "is missing");
    }
    if (!plan.sources.choice && type == OutputType::multiple_choice) {
      file_.refuse("doc_to_choice", nullptr, "is missing: it says what the choices are");
    }
    shots();
  }
  void shots() {
    TaskPlan& plan = out_.plan;
    plan.shot_sources = plan.sources;
    plan.shot_target_delimiter = plan.target_delimiter;
    plan.shot_delimiter = plan.fewshot_delimiter;
    const YamlValue* config = file_.find("fewshot_config");
    if (config == nullptr) return;
    if (!config->is_map()) file_.refuse("fewshot_config", config, "is no map");
    for (const YamlEntry& entry : config->entries) shot_key(entry);
  }
  void shot_key(const YamlEntry& entry) {
    TaskPlan& plan = out_.plan;
    const std::string key = "fewshot_config." + entry.key;
    const YamlValue& value = entry.value;
    if (value.is_null()) return;
    if (entry.key == "sampler") {
      if (!value.is_text() || (value.text != "first_n" && value.text != "default")) {
        file_.refuse(key, &value, "is not known", "samplers are first_n and default (random)");
      }
      plan.first_n = value.text == "first_n";
    } else if (entry.key == "split") {
      if (!value.is_text()) file_.refuse(key, &value, "is no name of a split");
      out_.data.shot_split = value.text;
    } else if (entry.key == "samples") {
      if (!value.is_list()) file_.refuse(key, &value, "is no list of rows");
      for (const YamlValue& row : value.items) {
        if (!row.is_map()) file_.refuse(key, &row, "has something else than rows");
      }
      out_.data.samples = value.items;
    } else if (entry.key == "doc_to_text") {
      plan.shot_sources.text = source(&value, key);
    } else if (entry.key == "doc_to_target") {
      plan.shot_sources.target = source(&value, key);
    } else if (entry.key == "doc_to_choice") {
      plan.shot_sources.choice = source(&value, key);
    } else if (entry.key == "target_delimiter" && value.is_text()) {
      plan.shot_target_delimiter = value.text;
    } else if (entry.key == "fewshot_delimiter" && value.is_text()) {
      plan.shot_delimiter = value.text;
    } else {
      file_.refuse(key, &value, "is not supported",
                   "keys are sampler, split, samples, doc_to_text, doc_to_target, doc_to_choice, "
                   "target_delimiter, fewshot_delimiter");
    }
  }

  ReadTask out_;
};

}  // namespace

ReadTask read_task(const TaskFile& file) { return Reader(file).read(); }

TaskGroup read_group(const TaskFile& file) {
  TaskGroup group;
  const auto text = [&](const char* key) {
    const YamlValue* value = file.find(key);
    if (value != nullptr && !value->is_text()) file.refuse(key, value, "is no text");
    return value == nullptr ? std::string() : value->text;
  };
  group.name = text("group");
  group.alias = text("group_alias");
  const YamlValue* tasks = file.find("task");
  if (tasks == nullptr || !tasks->is_list()) {
    file.refuse("task", tasks, "of a group is no list of names");
  }
  for (const YamlValue& task : tasks->items) {
    if (!task.is_text()) {
      file.refuse("task", &task, "has something else than names of tasks",
                  "write each task in a file of its own and name it here");
    }
    group.tasks.push_back(task.text);
  }
  group.metrics = read_group_metrics(file);
  return group;
}

}  // namespace mlopsctl::eval
