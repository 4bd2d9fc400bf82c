#include "tracking/child_environment.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace mlopsctl {

namespace fs = std::filesystem;

namespace {

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

std::string variable_name(std::string_view param) {
  std::string name{"MLOPSCTL_PARAM_"};
  for (const char c : param) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (c >= 'a' && c <= 'z')
      name += static_cast<char>(c - 'a' + 'A');
    else
      name += letter || digit ? c : '_';
  }
  return name;
}

// Who reads what: PYTHONHASHSEED the Python interpreter (0 … 2^32-1, anything else keeps it from
// starting); PL_GLOBAL_SEED Lightning's seed_everything() without an argument (same range);
// TF_DETERMINISTIC_OPS TensorFlow from 2.1 on; CUBLAS_WORKSPACE_CONFIG cuBLAS, without which
// torch.use_deterministic_algorithms(True) refuses to multiply matrices; SEED many scripts.
void add_seed(std::int64_t seed, ChildEnvironment& child) {
  const std::string exact = fmt::format("{}", seed);
  const std::string bits32 = fmt::format("{}", static_cast<std::uint32_t>(seed));
  std::vector<std::string> names;
  const auto set = [&](const char* name, const std::string& value) {
    if (is_set(name)) return;  // the user knows better
    child.variables.emplace_back(name, value);
    names.emplace_back(name);
  };
  child.variables.emplace_back("MLOPSCTL_SEED", exact);
  set("PYTHONHASHSEED", bits32);
  set("PL_GLOBAL_SEED", bits32);
  set("SEED", exact);
  set("TF_DETERMINISTIC_OPS", "1");
  set("CUBLAS_WORKSPACE_CONFIG", ":4096:8");
  child.tags.push_back({"mlopsctl.seed.variables", join(names, ",")});

  const auto given = std::find_if(child.params.begin(), child.params.end(),
                                  [](const KeyValue& param) { return param.key == "seed"; });
  if (given == child.params.end()) {
    child.params.push_back({"seed", exact});
  } else if (given->value != exact) {
    throw Error{
        ErrorKind::usage,
        fmt::format("the seed is {} in one place and {} in the other", exact, quote(given->value)),
        "leave out --param seed=…: --seed records it"};
  }
}

}  // namespace

fs::path python_module_folder() {
  const fs::path bin = fs::path{executable_path()}.parent_path();
  std::error_code failed;
  for (const fs::path& folder :
       {bin.parent_path() / "share/mlopsctl", fs::path{"/usr/share/mlopsctl"}})
    if (fs::exists(folder / "mlopsctl.py", failed)) return folder;
  return {};
}

ChildEnvironment child_environment(const ExecRequest& request, const std::string& run_id,
                                   const fs::path& home, const fs::path& metrics) {
  ChildEnvironment child;
  child.params = request.params;
  child.variables = {{"MLOPSCTL_RUN_ID", run_id},
                     {"MLOPSCTL_METRICS", metrics.string()},
                     {"MLOPSCTL_HOME", fs::absolute(home).lexically_normal().string()}};
  // Output that waits in the command's buffer is neither live nor safe.
  if (!is_set("PYTHONUNBUFFERED")) child.variables.emplace_back("PYTHONUNBUFFERED", "1");
  if (const fs::path folder = python_module_folder(); !folder.empty()) {
    const char* path = std::getenv("PYTHONPATH");
    const bool empty = path == nullptr || *path == '\0';
    child.variables.emplace_back(
        "PYTHONPATH", empty ? folder.string() : fmt::format("{}:{}", path, folder.string()));
  }
  if (request.seed) add_seed(*request.seed, child);
  for (const auto& param : child.params) {
    if (param.value.find('\0') != std::string::npos) continue;  // no variable can hold it
    const std::string name = variable_name(param.key);
    std::erase_if(child.variables, [&](const auto& variable) { return variable.first == name; });
    child.variables.emplace_back(name, param.value);
  }
  return child;
}

}  // namespace mlopsctl
