// A folder with task files and data, for tests.
#pragma once

#include "mlopsctl/eval/evaluate.hpp"
#include "mlopsctl/eval/task.hpp"
#include "mlopsctl/platform/files.hpp"

#include "support/no_progress.hpp"
#include "support/temporary_folder.hpp"

#include <string>

namespace mlopsctl::testing {

struct TaskFolder {
  TemporaryFolder folder;

  void write(const std::string& name, const std::string& text) const {
    write_file_atomically(folder / name, text);
  }
  eval::TaskSet read(const std::string& name = {},
                     const std::vector<std::string>& only = {}) const {
    const auto path = name.empty() ? folder.path() : folder / name;
    return eval::read_tasks({path.string()}, only);
  }
  // One task in task.yaml over data.jsonl.
  eval::TaskSet task(const std::string& keys, const std::string& rows) const {
    write("data.jsonl", rows);
    write("task.yaml",
          "task: t\ndataset_path: json\ntest_split: test\n"
          "dataset_kwargs: {data_files: {test: data.jsonl}}\n" +
              keys);
    return read("task.yaml");
  }
};

inline EvalResult evaluate(Target& target, const eval::TaskSet& tasks,
                           const eval::EvaluateOptions& options = {.bootstrap = 1000}) {
  NoProgress progress;
  return eval::evaluate(target, tasks, options, progress);
}

inline const MetricValue& metric(const TaskResult& task, const std::string& key) {
  for (const MetricValue& one : task.metrics) {
    if (one.key() == key) return one;
  }
  throw std::out_of_range(key);
}

}  // namespace mlopsctl::testing
