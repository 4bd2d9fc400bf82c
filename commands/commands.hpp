// The commands, one function per spec. registry.cpp puts them in help order.
#pragma once

#include "mlopsctl/cli/command.hpp"

namespace mlopsctl::commands {

CommandSpec init();
CommandSpec config_list();
CommandSpec config_get();
CommandSpec config_set();
CommandSpec doctor();
CommandSpec completion();
CommandSpec help_data_versioning();
CommandSpec help_evaluation();
CommandSpec help_deploy_file();
CommandSpec help_exit_codes();
CommandSpec help_man();

CommandSpec repro();
CommandSpec stage_list();
CommandSpec stage_add();
CommandSpec dag();
CommandSpec metrics_show();
CommandSpec metrics_diff();
CommandSpec params_diff();
CommandSpec hook_install();
CommandSpec hook_uninstall();
CommandSpec hook_status();
CommandSpec hook_run();
CommandSpec plots_show();
CommandSpec plots_diff();
CommandSpec plots_templates();
CommandSpec freeze();
CommandSpec unfreeze();

CommandSpec eval_run();
CommandSpec eval_tasks();
CommandSpec eval_show();
CommandSpec eval_compare();
CommandSpec eval_export();
CommandSpec eval_predictions();
CommandSpec embed();
CommandSpec baseline_save();
CommandSpec baseline_accept();
CommandSpec baseline_list();
CommandSpec baseline_show();
CommandSpec baseline_diff();
CommandSpec bench_check();
CommandSpec eval_check();
CommandSpec eval_history();
CommandSpec model_test();

CommandSpec deploy_init();
CommandSpec deploy_render();

CommandSpec drift_check();
CommandSpec drift_report();
CommandSpec drift_profile();
CommandSpec drift_profile_merge();
CommandSpec drift_history();

CommandSpec quality_check();
CommandSpec quality_report();
CommandSpec quality_rules();

CommandSpec bench_run();
CommandSpec bench_show();
CommandSpec eval_cache_show();
CommandSpec eval_cache_clear();
CommandSpec help_command_target();

CommandSpec deploy_rolling();
CommandSpec deploy_blue_green();
CommandSpec deploy_canary();
CommandSpec deploy_status();
CommandSpec deploy_history();
CommandSpec deploy_promote();
CommandSpec deploy_pause();
CommandSpec deploy_resume();
CommandSpec deploy_abort();
CommandSpec rollback();
CommandSpec smoke();
CommandSpec help_deploying();

CommandSpec experiment_list();
CommandSpec experiment_create();
CommandSpec experiment_rename();
CommandSpec experiment_delete();
CommandSpec experiment_restore();

CommandSpec run_start();
CommandSpec run_log();
CommandSpec run_finish();
CommandSpec run_exec();
CommandSpec run_list();
CommandSpec run_show();
CommandSpec run_compare();
CommandSpec run_plot();
CommandSpec run_tag();
CommandSpec run_note();
CommandSpec run_artifact_add();
CommandSpec run_artifact_list();
CommandSpec run_artifact_get();
CommandSpec run_delete();
CommandSpec run_restore();
CommandSpec run_gc();
CommandSpec run_reap();
CommandSpec run_export();

CommandSpec data_init();
CommandSpec data_config();
CommandSpec data_add();
CommandSpec data_import_url();
CommandSpec data_update();
CommandSpec data_commit();
CommandSpec data_status();
CommandSpec data_diff();
CommandSpec data_checkout();
CommandSpec data_remove();
CommandSpec data_move();
CommandSpec data_unprotect();
CommandSpec data_ls();
CommandSpec data_du();
CommandSpec data_check_ignore();
CommandSpec data_gc();
CommandSpec data_remote_add();
CommandSpec data_remote_modify();
CommandSpec data_remote_list();
CommandSpec data_remote_default();
CommandSpec data_remote_remove();
CommandSpec data_remote_rename();
CommandSpec data_push();
CommandSpec data_fetch();
CommandSpec data_pull();
CommandSpec data_get_url();
CommandSpec data_root();
CommandSpec data_cache_dir();
CommandSpec data_cache_migrate();

}  // namespace mlopsctl::commands
