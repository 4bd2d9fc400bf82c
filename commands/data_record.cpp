#include "commands/data_record.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/digests.hpp"
#include "mlopsctl/platform/process.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "commands/check_record.hpp"
#include "commands/data_arguments.hpp"
#include "commands/run_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

namespace mlopsctl::commands {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view context_tag = "mlflow.data.context";
constexpr std::uint64_t most_bytes_read = std::uint64_t{64} << 20U;

DatasetInput input_of(const fs::path& root, const std::string& path, const std::string& digest,
                      const std::string& context) {
  const bool url = data::is_url(path);
  return {.dataset = {.name = shortened(printable(path), max_name_bytes),
                      .digest = digest,
                      .source_type = url ? "url" : "dvc",
                      .source = url ? path : (root / path).string(),
                      .schema = "",
                      .profile = ""},
          .tags = {{std::string(context_tag), context}}};
}

// Reads a little at most; what is large and not known is as recorded.
DatasetInput current(data::Repository& repository, data::Digests& digests,
                     const data::TrackedOutput& output, const data::Snapshot& snapshot) {
  const data::ObjectId& recorded = *output.entry.id;
  std::uint64_t unknown = 0;
  for (const auto& file : snapshot.files) unknown += file.md5.empty() ? file.size : 0;
  if (unknown > most_bytes_read)
    return input_of(repository.root(), output.path, recorded.hex, "tracked, as recorded: not read");
  const auto now = digests.of(output.path, recorded.kind);
  const std::string digest = now ? now->id.hex : recorded.hex;
  return input_of(repository.root(), output.path, digest,
                  digest == recorded.hex ? "tracked" : "tracked, changed since it was recorded");
}

std::string digest_of(const data::LockedItem& item) {
  if (item.id) return item.id->hex;
  return !item.etag.empty() ? item.etag : item.checksum;
}

// Which stages made and which used one content of one path.
struct Roles {
  std::vector<std::string> made_by, used_by;

  std::string text() const {
    std::vector<std::string> parts;
    if (!made_by.empty()) parts.push_back("made by " + join(made_by, ", "));
    if (!used_by.empty()) parts.push_back("used by " + join(used_by, ", "));
    return join(parts, "; ");
  }
};

std::vector<DatasetInput> inputs_of(const fs::path& root, const data::ReproResult& result) {
  std::map<std::pair<std::string, std::string>, Roles> roles;
  for (const auto& stage : result.stages) {
    if (!stage.entry) continue;
    const fs::path folder = stage.folder;
    const auto add = [&](const data::LockedItem& item, std::vector<std::string> Roles::*list) {
      const std::string digest = digest_of(item);
      if (digest.empty()) return;
      std::string path = data::is_url(item.path)
                             ? item.path
                             : (folder / item.path).lexically_normal().generic_string();
      if (path.size() > 1 && path.ends_with('/')) path.pop_back();
      (roles[{path, digest}].*list).push_back(stage.stage);
    };
    for (const auto& dep : stage.entry->deps) add(dep, &Roles::used_by);
    for (const auto& out : stage.entry->outs) add(out, &Roles::made_by);
  }
  std::vector<DatasetInput> inputs;
  for (const auto& [what, role] : roles)
    inputs.push_back(input_of(root, what.first, what.second, role.text()));
  return inputs;
}

std::string write_inputs(Context& context, const Arguments& arguments, RunStore& store,
                         const data::ReproResult& result, const std::vector<DatasetInput>& inputs,
                         Timestamp begun) {
  const char* outer = std::getenv("MLOPSCTL_RUN_ID");
  if (outer != nullptr && *outer != '\0') {
    std::string id = store.resolve(outer);
    store.log_inputs(id, inputs);
    return id;
  }
  std::vector<std::string> names;
  for (const auto& stage : result.stages)
    if (stage.entry) names.push_back(stage.stage);
  const std::string user = user_name();
  const Run run = store.create_run(
      {.experiment_id = experiment_for_new_run(context, store, arguments),
       .name = "repro",
       .user = user,
       .start = begun,
       .tags = {{"dvc.stages", join(names, ", ")}, {std::string(tag_names::user), user}}});
  store.log_inputs(run.id, inputs);
  store.update_run(
      run.id, {.status = result.failed ? RunStatus::failed : RunStatus::finished, .end = now()});
  return run.id;
}

}  // namespace

std::vector<DatasetInput> tracked_data(Context& context) {
  std::vector<DatasetInput> inputs;
  try {
    if (!data::Repository::find_root(data_base(context))) return inputs;
    data::Repository repository = open_repository(context);
    data::Digests digests(repository);
    for (const auto& output : repository.outputs()) {
      if (!output.entry.id || !output.entry.cache || output.entry.cloud_versioned) continue;
      const auto snapshot = digests.scan(output.path, output.entry.id->kind);
      if (snapshot) inputs.push_back(current(repository, digests, output, *snapshot));
    }
  } catch (const Error& error) {
    context.progress().detail(
        fmt::format("the digests of tracked data are not recorded: {}", error.what()));
  }
  return inputs;
}

std::string record_repro(Context& context, const Arguments& arguments,
                         const data::Repository& repository, const data::ReproResult& result,
                         Timestamp begun) {
  const auto inputs = inputs_of(repository.root(), result);
  if (inputs.empty()) return "";
  try {
    RunStore* store = store_of_checks(context, arguments);
    if (store == nullptr) return "";
    return write_inputs(context, arguments, *store, result, inputs, begun);
  } catch (const Error& error) {
    context.progress().warning(
        fmt::format("the digests of data and models are not recorded: {}", error.what()));
    return "";
  }
}

}  // namespace mlopsctl::commands
