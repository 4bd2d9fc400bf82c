// Writes params and tags of a run, inside the caller's transaction.
#pragma once

#include "mlopsctl/base/text.hpp"

#include "tracking/store_state.hpp"

#include <span>
#include <string>

namespace mlopsctl {

// Checks keys, lengths and encodings before a transaction is begun. Throws Error{usage}.
void require_params(std::span<const KeyValue> params);
void require_tags(std::span<const KeyValue> tags);

// The same value again is fine, another value is Error{conflict}; then nothing has been written.
void write_params(StoreState& state, const RunRow& run, std::span<const KeyValue> params);

// Overwrites. The tag mlflow.runName also renames the run.
void write_tags(StoreState& state, const RunRow& run, std::span<const KeyValue> tags);

// Renames the run and sets the tag mlflow.runName.
void write_run_name(StoreState& state, std::int64_t run, const std::string& name);

}  // namespace mlopsctl
