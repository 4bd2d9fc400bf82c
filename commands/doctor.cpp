// doctor: is everything there, and what to do if not.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/git.hpp"
#include "mlopsctl/platform/gpu.hpp"
#include "mlopsctl/platform/process.hpp"
#include "mlopsctl/tracking/exec.hpp"
#include "mlopsctl/tracking/run_store.hpp"
#include "mlopsctl/version.hpp"

#include "commands/commands.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

enum class Health { good, optional_missing, bad };

struct Check {
  std::string name;
  Health health = Health::good;
  std::string found;
  std::string advice;
};

constexpr std::uint64_t little_space = 1ULL << 30U;

Check check_git() {
  std::string reason;
  const auto version = git_library_version(reason);
  if (version) return {"git library", Health::good, "libgit2 " + *version, ""};
  return {"git library", Health::optional_missing, reason,
          "install libgit2 so that 'run exec' records commits and changes"};
}

Check check_python() {
  const auto python = find_program("python3");
  if (!python) {
    return {"python", Health::optional_missing, "no python3 in PATH",
            "only needed for Python commands of 'run exec'"};
  }
  const ProcessResult result = run_process({.argv = {*python, "--version"}});
  return {"python", Health::good, fmt::format("{} ({})", trim(result.out + result.err), *python),
          ""};
}

Check check_python_module() {
  const fs::path folder = python_module_folder();
  if (!folder.empty()) {
    return {"python module", Health::good, (folder / "mlopsctl.py").string(), ""};
  }
  return {"python module", Health::optional_missing, "share/mlopsctl/mlopsctl.py was not found",
          "install the whole package, or copy the module next to your code"};
}

Check check_gpu() {
  const GpuInventory inventory = gpu_inventory();
  if (inventory.gpus.empty()) {
    return {"gpu", Health::optional_missing, inventory.absent_reason,
            "runs are tracked all the same; GPU series need NVIDIA's driver"};
  }
  std::string text = fmt::format("{} × {}, driver {}", inventory.gpus.size(),
                                 inventory.gpus[0].name, inventory.driver);
  if (!inventory.cuda.empty()) text += ", CUDA " + inventory.cuda;
  return {"gpu", Health::good, text, ""};
}

Check check_space(const fs::path& folder) {
  const auto free = free_space(folder);
  Check check{"disk space", Health::good, human_bytes(free) + " free", ""};
  if (free < little_space) {
    check.health = Health::bad;
    check.advice = "free some: a full disk stops every run; 'mlopsctl run gc' erases deleted runs";
  }
  return check;
}

std::vector<Check> check_store(Context& context) {
  const auto home = context.home();
  if (!home || !fs::exists(*home / "runs.db")) {
    return {{"project", Health::optional_missing, "no run store here or above",
             "'mlopsctl init' makes one; the first 'run exec' does too"}};
  }
  std::vector<Check> checks{{"project", Health::good, home->string(), ""}};
  RunStore& store = context.runs(StoreAccess::read);
  const StoreHealth health = store.health(true);
  checks.push_back(
      {"run store", Health::good,
       fmt::format("schema {}, {} runs, {} points, {}", health.schema_version, health.runs,
                   health.points, human_bytes(health.file_bytes + health.wal_bytes)),
       ""});
  if (!health.problems.empty()) {
    checks.back() = {"run store", Health::bad, health.problems.front(),
                     "copy runs.db away, then try: sqlite3 runs.db .recover | sqlite3 new.db"};
  }
  const auto running = store.running();
  const auto gone =
      std::ranges::count_if(running, [](const Run& run) { return is_abandoned(run); });
  checks.push_back({"running runs", Health::good,
                    fmt::format("{} running, {} of them gone", running.size(), gone), ""});
  if (gone > 0) {
    checks.back().health = Health::bad;
    checks.back().advice = "'mlopsctl run reap' keeps what they left and closes them";
  }
  return checks;
}

Cell health_cell(Health health) {
  switch (health) {
    case Health::good:
      return {Value(std::string("ok")), "ok", Style::green};
    case Health::optional_missing:
      return {Value(std::string("absent")), "absent", Style::yellow};
    case Health::bad:
      return {Value(std::string("bad")), "bad", Style::red};
  }
  return {};
}

Report doctor_command(Context& context, const Arguments&) {
  std::vector<Check> checks{{"mlopsctl", Health::good,
                             fmt::format("{} ({}, {})", version_info().version,
                                         version_info().commit, version_info().build_type),
                             ""}};
  std::ranges::move(check_store(context), std::back_inserter(checks));
  checks.push_back(check_space(context.new_home()));
  context.config().all();  // a broken settings file is an error with its line
  checks.push_back({"settings", Health::good, "readable", ""});
  checks.push_back(check_git());
  checks.push_back(check_python());
  checks.push_back(check_python_module());
  checks.push_back(check_gpu());

  Report report("doctor/1");
  Table& table = report.table({.key = "checks",
                               .columns = {{.key = "check", .header = "CHECK"},
                                           {.key = "state", .header = "STATE"},
                                           {.key = "found", .header = "FOUND", .wrap = true},
                                           {.key = "advice", .header = "ADVICE", .wrap = true}}});
  std::int64_t bad = 0;
  for (const auto& check : checks) {
    bad += check.health == Health::bad ? 1 : 0;
    table.add({Cell(check.name), health_cell(check.health), Cell(check.found),
               check.advice.empty() ? Cell() : Cell(check.advice)});
  }
  if (bad == 0) return report.summary("nothing is wrong");
  report.verdict(ExitCode::bad_answer);
  return report.summary(fmt::format("{} of {} checks are bad", bad, checks.size()));
}

}  // namespace

CommandSpec doctor() {
  return {
      .path = "doctor",
      .summary = "Check the installation and the project, and say what to do",
      .description =
          "Checks the run store down to its pages, disk space, settings, git library, Python, GPU "
          "and runs whose process is gone. Exits with 3 if something is bad; what is merely absent "
          "is not.",
      .examples = {{"mlopsctl doctor", "Is everything all right?"},
                   {"mlopsctl doctor --json", "For a bug report or a monitor"}},
      .exit_codes = {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::bad_answer},
      .run = doctor_command};
}

}  // namespace mlopsctl::commands
