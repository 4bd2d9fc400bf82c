// The folders that garbage collection may remove.
#pragma once

#include "tracking/store_state.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mlopsctl {

// The folder that this store made for a run; empty if the run keeps its artifacts elsewhere.
std::filesystem::path run_folder(StoreState& state, const std::string& id);
std::filesystem::path logged_model_folder(StoreState& state, const std::string& id);

// Folders below home/artifacts whose run or logged model is unknown.
std::vector<std::string> find_orphan_folders(StoreState& state);
// The same question about one folder that find_orphan_folders named earlier.
bool is_orphan_folder(StoreState& state, const std::filesystem::path& folder);

// Bytes of the files below a folder; 0 if there is none.
std::uint64_t folder_bytes(const std::filesystem::path& folder);

// Takes the folder out of sight in one step, then removes it. Absent folders are fine.
void remove_folder(const StoreState& state, const std::filesystem::path& folder);

}  // namespace mlopsctl
