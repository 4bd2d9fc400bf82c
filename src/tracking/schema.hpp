// Creates and migrates the database of the run store.
#pragma once

#include "mlopsctl/platform/sqlite.hpp"

#include <span>
#include <string_view>

namespace mlopsctl {

// "MLOP": tells a run store from any other SQLite file (PRAGMA application_id).
inline constexpr int store_application_id = 0x4D4C4F50;

// Step i brings a store of version i to version i + 1.
std::span<const std::string_view> schema_steps();

// Brings the store to version steps.size(). Any number of processes may do it at the same time: one
// does the work, the others wait for it. An empty file becomes a store. Throws Error{corrupt} for
// another program's database and Error{conflict} for a store of a newer version.
void migrate(Database& database, std::span<const std::string_view> steps);

// The version, after the same checks, without changing anything. 0: an empty file.
int checked_schema_version(Database& database, int known_version);

}  // namespace mlopsctl
