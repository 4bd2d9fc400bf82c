// Tasks: what a model is asked and how its answers are scored, in the part of
// lm-evaluation-harness' YAML that needs no Python (docs/task_guide.md there; eval.md §1.1).
//
// Data are local JSON lines, JSON or CSV files (`dataset_path: json` or `csv` with `data_files` in
// `dataset_kwargs`), paths relative to the task file. Templates are {{ expressions }} without
// logic. Beyond the harness: `metadata: {group_by: COLUMN}` says which examples belong together,
// `metadata: {count_text: COLUMN}` which text's words and bytes count for perplexities.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::eval {

enum class OutputType { loglikelihood, loglikelihood_rolling, multiple_choice, generate_until };
std::string_view to_string(OutputType type);

// acc, acc_norm, acc_bytes, acc_mutual_info, exact_match, f1, mcc, brier_score, perplexity,
// word_perplexity, byte_perplexity, bits_per_byte, rougeL; our own: token_perplexity, token_acc.
struct MetricPlan {
  std::string name;
  std::string aggregation;  // mean, median, perplexity, weighted_perplexity, bits_per_byte, f1, …
  bool higher_is_better = true;
  bool ignore_case = false, ignore_punctuation = false, ignore_numbers = false;  // of exact_match
  std::vector<std::string> regexes_to_ignore;
};

struct TaskPlan;  // private to the layer

struct Task {
  std::string name, alias, version;
  std::string file;
  std::vector<std::string> tags;
  OutputType type = OutputType::generate_until;
  std::uint32_t shots = 0;  // as the file says
  std::vector<MetricPlan> metrics;
  std::vector<std::string> filters;  // names, "none" if it has none
  std::vector<std::string> data;     // files of all splits
  std::uint64_t examples = 0;
  std::string hash;       // sha256 of the file, what it includes, and the data
  std::string data_hash;  // sha256 of the evaluated split's files
  std::vector<std::string> warnings;
  std::shared_ptr<const TaskPlan> plan;
};

struct GroupMetric {
  std::string metric;
  std::vector<std::string> filters;  // empty: each that the tasks have
  bool weight_by_size = true;
};
struct TaskGroup {
  std::string name, alias;
  std::vector<std::string> tasks;  // names, those of groups inside it too
  std::vector<GroupMetric> metrics;
};

struct TaskSet {
  std::vector<Task> tasks;  // no two of one name
  std::vector<TaskGroup> groups;
};

// `paths`: task files, and folders whose *.yaml and *.yml are task files (those without a task's
// name are for others to include). A group's tasks are looked for beside its file. `only`: names,
// tags, groups and patterns of them; empty: all. Throws Error{not_found}, and Error{config} naming
// file, line and key: what needs Python or the Hugging Face hub is refused with what to do instead.
TaskSet read_tasks(const std::vector<std::string>& paths, const std::vector<std::string>& only);

// The files of these paths that read_tasks would look at. Throws Error{not_found}.
std::vector<std::string> task_files(const std::vector<std::string>& paths);

// One task file from text, without what it includes and without its data: finds what is wrong in
// it.
void check_task_text(std::string_view text, const std::string& source);

}  // namespace mlopsctl::eval
