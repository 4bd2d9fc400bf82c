// help data-versioning: a first day with data, from a file to a roll-back. The steps are the
// examples of the command, so that its manual page has them as well.
#include "commands/commands.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

std::vector<ExampleSpec> steps() {
  return {
      {"git init && mlopsctl data init", "Once for a project"},
      {"mlopsctl data remote add --default store s3://bucket/project",
       "Where data are kept: S3, or a folder that all of you reach"},
      {"mlopsctl hook install", "Git looks after data from now on; leave it out to do it by hand"},
      {"mlopsctl data add data/train.csv", "Version a file or a folder of any size"},
      {"git add data && git commit -m 'Training data' && mlopsctl data push",
       "Git keeps train.csv.dvc, a few lines that name the data; the remote keeps the data"},
      {"mlopsctl stage add --name train --deps train.py --deps data/train.csv --params lr "
       "--outs model --metrics-no-cache scores.json -- python train.py",
       "Say once how the model is made"},
      {"mlopsctl repro", "Make it; the next time only what is out of date"},
      {"git add . && git commit -m 'First model' && git tag v1 && mlopsctl data push",
       "The model is versioned with code, data and parameters"},
      {"mlopsctl data add data/train.csv && mlopsctl repro",
       "The data have changed: record them, make the model again"},
      {"mlopsctl data status && mlopsctl metrics diff", "What is new, and is it better?"},
      {"git commit -a -m 'More data' && git tag v2 && mlopsctl data push", "Keep it"},
      {"mlopsctl data diff v1 v2 && mlopsctl plots diff v1 v2", "Compare two versions"},
      {"git checkout v1 && mlopsctl data checkout", "Back to the first one, data and model, too"},
      {"git clone URL project && cd project && mlopsctl data pull",
       "Somebody else begins where you are"},
      {"mlopsctl data gc --workspace --all-tags --dry-run",
       "Room is short: what does no tag need any more?"},
  };
}

Report run_guide(Context&, const Arguments&) {
  std::string text;
  for (const auto& step : steps()) {
    text += fmt::format("{}# {}\n$ {}\n", text.empty() ? "" : "\n", step.what, step.command);
  }
  Report report("help.data-versioning/1");
  return report.text("guide", text);
}

}  // namespace

CommandSpec help_data_versioning() {
  return {
      .path = "help data-versioning",
      .summary = "A first day with data: versions, a pipeline, a roll-back",
      .description =
          "What one types from an empty folder to a model that can be made again. Each command "
          "has --help with more. The files are DVC's: a repository that DVC made needs no first "
          "step, and 'dvc' goes on working beside.",
      .examples = steps(),
      .run = run_guide};
}

}  // namespace mlopsctl::commands
