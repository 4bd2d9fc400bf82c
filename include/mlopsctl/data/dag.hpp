// The graph of a pipeline as text, for Graphviz and for Mermaid.
#pragma once

#include "mlopsctl/data/pipeline.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mlopsctl::data {

struct Dag {
  std::vector<std::string> nodes;
  std::vector<std::pair<std::size_t, std::size_t>> edges;  // from what is read to what reads it
};

struct DagOptions {
  std::string base;                  // names are as seen from here, relative to the root
  std::vector<std::string> targets;  // with what they depend on; empty: everything
  bool full = false;                 // with everything that is connected to the targets
  bool outs = false;                 // outputs instead of stages
};

// Throws Error{not_found} for a target that is not there.
Dag dag_of(const Pipelines& pipelines, const DagOptions& options);

// As DVC writes them.
std::string dot_text(const Dag& dag);
std::string mermaid_text(const Dag& dag);

// A tree for each stage that nothing depends on, with what it depends on below it. unicode: lines
// of box characters.
std::string tree_text(const Dag& dag, bool unicode);

}  // namespace mlopsctl::data
