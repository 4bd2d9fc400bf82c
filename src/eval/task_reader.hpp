// From the keys of a task file to a plan.
#pragma once

#include "eval/task_file.hpp"
#include "eval/task_plan.hpp"

#include <map>
#include <string>
#include <vector>

namespace mlopsctl::eval {

// Where the rows of a task are, as the file says.
struct DataPlan {
  bool is_csv = false;
  std::map<std::string, std::vector<std::string>> files;  // of each split, as written
  std::string split;                                      // that is evaluated
  std::string shot_split;                                 // empty: `samples`, or there are none
  std::vector<YamlValue> samples;
};

struct ReadTask {
  Task task;
  TaskPlan plan;
  DataPlan data;
};

// Throws Error{config} naming file, line and key.
ReadTask read_task(const TaskFile& file);
TaskGroup read_group(const TaskFile& file);

// Parts of read_task, in files of their own. `out` has what prompts and shots say.
void read_data(const TaskFile& file, ReadTask& out);
// `until`: what ends an answer if nothing is said.
GenerationPlan read_generation(const TaskFile& file, const std::string& until);

}  // namespace mlopsctl::eval
