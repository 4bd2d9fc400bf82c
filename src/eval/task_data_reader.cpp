// Where a task's rows are: data sets, files and splits.
#include "mlopsctl/base/text.hpp"

#include "eval/task_keys.hpp"
#include "eval/task_reader.hpp"

#include <fmt/format.h>

namespace mlopsctl::eval {

namespace {

class DataReader : TaskKeys {
 public:
  DataReader(const TaskFile& file, ReadTask& out) : TaskKeys(file), out_(out) {}

  void read() {
    DataPlan& data = out_.data;
    const std::string path = text("dataset_path");
    if (path != "json" && path != "csv") {
      file_.refuse(
          "dataset_path", file_.find("dataset_path"),
          path.empty()
              ? "is missing"
              : fmt::format("is {}: data sets of the Hugging Face hub are not loaded", quote(path)),
          "save the rows as JSON lines, say 'dataset_path: json' and 'dataset_kwargs: {data_files: "
          "{test: FILE}}'");
    }
    data.is_csv = path == "csv";
    const YamlValue* arguments = file_.find("dataset_kwargs");
    const YamlValue* files = arguments == nullptr ? nullptr : arguments->find("data_files");
    if (files == nullptr) {
      file_.refuse("dataset_kwargs", arguments, "has no data_files",
                   "say 'dataset_kwargs: {data_files: {test: FILE}}'");
    }
    for (const YamlEntry& entry : arguments->entries) {
      if (entry.key == "data_files" || entry.key == "trust_remote_code") continue;
      file_.refuse("dataset_kwargs." + entry.key, &entry.value, "is not supported",
                   "data_files is all that is read");
    }
    if (files->is_map()) {
      for (const YamlEntry& entry : files->entries) {
        data.files[entry.key] = text_list(entry.value, "dataset_kwargs.data_files." + entry.key);
      }
    } else {
      data.files["train"] = text_list(*files, "dataset_kwargs.data_files");
    }
    splits();
  }

 private:
  std::string split(const std::string& key) const {
    std::string name = text(key);
    if (!name.empty()) check_split(name, key, file_.find(key));
    return name;
  }
  void check_split(const std::string& name, const std::string& key, const YamlValue* at) const {
    if (out_.data.files.contains(name)) return;
    std::vector<std::string> names;
    for (const auto& [split, files] : out_.data.files) names.push_back(split);
    file_.refuse(key, at, fmt::format("is {}, which has no data_files", quote(name)),
                 fmt::format("splits are {}", join(names, ", ")));
  }
  void splits() {
    DataPlan& data = out_.data;
    const std::string test = split("test_split"), validation = split("validation_split");
    const std::string training = split("training_split"), shots = split("fewshot_split");
    data.split = test.empty() ? validation : test;
    out_.plan.evaluates_test = !test.empty();
    if (data.split.empty()) {
      file_.refuse("test_split", nullptr, "is missing, and so is validation_split",
                   "say which of the data_files is evaluated");
    }
    if (!data.shot_split.empty()) {
      check_split(data.shot_split, "fewshot_config.split", file_.find("fewshot_config"));
    } else if (data.samples.empty()) {
      data.shot_split = !shots.empty()        ? shots
                        : !training.empty()   ? training
                        : !validation.empty() ? validation
                                              : data.split;
      out_.plan.shots_declared = !shots.empty();
    }
    out_.plan.shots_declared = out_.plan.shots_declared || !data.samples.empty() ||
                               (file_.find("fewshot_config") != nullptr &&
                                file_.find("fewshot_config")->find("split") != nullptr);
    out_.plan.same_split = data.shot_split == data.split;
  }

  ReadTask& out_;
};

}  // namespace

void read_data(const TaskFile& file, ReadTask& out) { DataReader(file, out).read(); }

}  // namespace mlopsctl::eval
