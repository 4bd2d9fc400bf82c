// What the data commands have in common.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/data/add.hpp"
#include "mlopsctl/data/checkout.hpp"
#include "mlopsctl/data/sync.hpp"
#include "mlopsctl/data/workspace.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mlopsctl::commands {

// --project, or the current folder: targets are relative to it.
std::filesystem::path data_base(const Context& context);
data::Repository open_repository(const Context& context);

// A path relative to the root, as seen from data_base.
std::string shown_path(const data::Repository& repository, const Context& context,
                       const std::string& path);

PositionalSpec targets_positional(std::size_t least);
std::vector<OptionSpec> selection_options();
data::SelectOptions selection(const Arguments& arguments);

// Transfers at once; 0 if nothing was asked for.
OptionSpec jobs_option();
std::size_t jobs_of(const Arguments& arguments);

// What was added, committed or imported.
Table outputs_table(const data::Repository& repository, const Context& context,
                    const std::vector<data::AddedOutput>& outputs);

// What 'data checkout' and 'data push' do, for hooks as well.
Report check_out(Context& context, data::Repository& repository,
                 const std::vector<data::SelectedOutput>& selected,
                 const data::CheckoutOptions& options, const std::string& schema,
                 bool only_summary = false);
Report push(Context& context, data::Repository& repository, const data::SyncScope& scope,
            const std::string& schema);

// Cache beside remote: what 'data status --cloud' shows.
Report cloud_status(Context& context, const Arguments& arguments);

// One table row a pointer or ignore file that git should know, and what to type.
void suggest_git_add(Report& report, const std::vector<std::string>& files, bool staged);

}  // namespace mlopsctl::commands
