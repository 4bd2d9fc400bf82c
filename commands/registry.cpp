#include "mlopsctl/commands.hpp"

#include "commands/commands.hpp"

namespace mlopsctl {

const Registry& registry() {
  using namespace commands;
  static const Registry all{{
      {"Track experiments",
       "run",
       "Record runs, look at them and compare them.",
       {run_exec(), run_start(), run_log(), run_finish(), run_list(), run_show(), run_compare(),
        run_plot(), run_tag(), run_note(), run_artifact_add(), run_artifact_list(),
        run_artifact_get(), run_export(), run_delete(), run_restore(), run_reap(), run_gc()}},
      {"Track experiments",
       "experiment",
       "Group runs that belong together.",
       {experiment_list(), experiment_create(), experiment_rename(), experiment_delete(),
        experiment_restore()}},
      {"Version data and models",
       "data",
       "Version data and models in DVC repositories.",
       {data_init(),
        data_add(),
        data_status(),
        data_diff(),
        data_commit(),
        data_checkout(),
        data_remove(),
        data_move(),
        data_unprotect(),
        data_ls(),
        data_du(),
        data_check_ignore(),
        data_gc(),
        data_remote_add(),
        data_remote_modify(),
        data_remote_list(),
        data_remote_default(),
        data_remote_remove(),
        data_remote_rename(),
        data_push(),
        data_pull(),
        data_fetch(),
        data_get_url(),
        data_config(),
        data_root(),
        data_cache_dir(),
        data_cache_migrate()}},
      {"Version data and models", "", "", {repro(), dag(), freeze(), unfreeze()}},
      {"Version data and models",
       "stage",
       "Define the stages of a pipeline.",
       {stage_list(), stage_add()}},
      {"Version data and models",
       "metrics",
       "Look at the metrics of pipelines.",
       {metrics_show(), metrics_diff()}},
      {"Version data and models", "params", "Look at parameters.", {params_diff()}},
      {"Set up", "", "", {init(), doctor(), completion()}},
      {"Set up",
       "config",
       "Read and change settings.",
       {config_list(), config_get(), config_set()}},
      {"Set up", "help", "Explain.", {help_exit_codes(), help_man()}},
  }};
  return all;
}

}  // namespace mlopsctl
