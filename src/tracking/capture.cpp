#include "tracking/capture.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/process.hpp"

#include "tracking/machine.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>

namespace mlopsctl {

namespace {

// For people and for pasting into a shell again.
std::string shell_words(const std::vector<std::string>& argv) {
  std::vector<std::string> words;
  for (const auto& word : argv) {
    const bool plain = !word.empty() && word.find_first_not_of(
                                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789_-./=:,@%+") == std::string::npos;
    if (plain) {
      words.push_back(word);
      continue;
    }
    std::string quoted_word{"'"};
    for (const char c : word) quoted_word += c == '\'' ? std::string{"'\\''"} : std::string{c};
    words.push_back(quoted_word + "'");
  }
  return join(words, " ");
}

// Tags are UTF-8 of a limited length; a command line need not be.
std::string tag_text(const std::string& text) {
  const std::string valid = is_valid_utf8(text) ? text : printable(text);
  return valid.size() > max_tag_bytes ? shortened(valid, max_tag_bytes / 4) : valid;
}

void store_file(RunStore& store, const std::string& run_id, const std::string& path,
                const std::string& bytes) {
  write_file_atomically(store.artifact_folder(run_id) / path, bytes);
  store.record_artifact(run_id, path);
}

bool is_ready(const auto& future) {
  return future.valid() && future.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
}

}  // namespace

std::vector<KeyValue> source_tags(const ExecRequest& request) {
  const auto argv = mask_arguments(request.command);
  return {{std::string{tag_names::source_name}, tag_text(source_name(argv))},
          {std::string{tag_names::source_type}, "LOCAL"},
          {"mlopsctl.command", tag_text(shell_words(argv))},
          {"mlopsctl.directory", tag_text(fs::current_path().string())},
          {"mlopsctl.host", host_name()}};
}

Capture::Capture(const ExecRequest& request)
    : command_(request.command), packages_(request.packages) {
  if (!request.git || !git_root(fs::current_path())) return;
  git_ =
      std::async(std::launch::async, [folder = fs::current_path()] { return git_state(folder); });
}

void Capture::wait_for_git(Milliseconds patience) const {
  if (git_.valid()) git_.wait_for(patience);
}

void Capture::start_machine() {
  machine_ = std::async(std::launch::async, [command = command_, packages = packages_] {
    Machine machine;
    machine.gpus = gpu_inventory();
    machine.python = python_of(command);
    if (!machine.python || !packages) return machine;
    try {
      machine.packages = python_packages(*machine.python);
    } catch (const Error& error) {
      machine.problem = error.what();
    }
    return machine;
  });
}

void Capture::store_ready(RunStore& store, const std::string& run_id, Progress& progress) {
  if (is_ready(git_)) take_git(progress);
  if (is_ready(machine_)) take_machine(progress);
  if (git_state_) store_git(store, run_id);
  if (machine_state_) store_machine(store, run_id);
}

void Capture::wait_and_store(RunStore& store, const std::string& run_id, Progress& progress) {
  if (git_.valid()) git_.wait();
  if (machine_.valid()) machine_.wait();
  store_ready(store, run_id, progress);
}

void Capture::take_git(Progress& progress) {
  try {
    git_state_ = git_.get();
  } catch (const Error& error) {
    progress.warning(error.hint().empty() ? error.what()
                                          : fmt::format("{} ({})", error.what(), error.hint()));
  }
  if (git_state_ && !git_state_->incomplete.empty())
    progress.warning(fmt::format("git: {}", git_state_->incomplete));
  if (git_state_) {
    progress.detail(fmt::format(
        "git: commit {} on '{}', {}, {} untracked", git_state_->commit.substr(0, 12),
        git_state_->branch, git_state_->dirty ? "changed" : "clean", git_state_->untracked.size()));
  }
}

void Capture::take_machine(Progress& progress) {
  machine_state_ = machine_.get();
  if (!machine_state_->problem.empty()) progress.warning(machine_state_->problem);
}

// The results are let go only when all of them are stored: a call that throws can be repeated.
void Capture::store_git(RunStore& store, const std::string& run_id) {
  GitState& state = *git_state_;
  LogBatch batch;
  const auto tag = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) batch.tags.push_back({std::string{key}, tag_text(value)});
  };
  tag(tag_names::git_commit, state.commit);
  tag(tag_names::git_branch, state.branch);
  tag(tag_names::git_url, state.remote_url);
  tag("mlopsctl.git.dirty", !state.incomplete.empty() ? "unknown" : state.dirty ? "true" : "false");
  store.log(run_id, batch);
  if (!state.diff.empty()) {
    const std::string_view end = state.diff_cut ? "\n… cut here: the difference is larger\n" : "";
    store_file(store, run_id, "git/diff.patch", fmt::format("{}{}", state.diff, end));
  }
  if (!state.untracked.empty()) {
    const std::string_view end = state.untracked_cut ? "… and more\n" : "";
    store_file(store, run_id, "git/untracked.txt",
               fmt::format("{}\n{}", join(state.untracked, "\n"), end));
  }
  git_state_.reset();
}

void Capture::store_machine(RunStore& store, const std::string& run_id) {
  const Machine& machine = *machine_state_;
  auto description = describe_machine(machine.gpus);
  auto command = nlohmann::json::array();
  for (const auto& word : mask_arguments(command_)) command.push_back(printable(word));
  description["command"] = command;
  description["directory"] = printable(fs::current_path().string());
  description["user"] = user_name();
  if (machine.python)
    description["python"] = {{"executable", *machine.python},
                             {"version", machine.packages.version}};
  description["variables"] = describe_variables();
  store_file(store, run_id, "environment/environment.json", description.dump(2) + "\n");
  if (!machine.packages.names.empty())
    store_file(store, run_id, "environment/packages.txt",
               join(machine.packages.names, "\n") + "\n");
  machine_state_.reset();
}

}  // namespace mlopsctl
