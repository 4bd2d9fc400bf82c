#include "mlopsctl/data/dag.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace mlopsctl::data {

namespace {

std::string as_seen(const std::string& path, const std::string& base) {
  return base.empty() ? path : fs::path(path).lexically_relative(base).generic_string();
}

bool overlaps(const std::string& a, const std::string& b) {
  return a == b || a.starts_with(b + "/") || b.starts_with(a + "/");
}

Dag stages_dag(const Pipelines& pipelines, const std::string& base) {
  Dag dag;
  for (const auto& stage : pipelines.stages()) dag.nodes.push_back(stage.address(base));
  for (std::size_t i = 0; i < dag.nodes.size(); ++i) {
    for (const auto producer : pipelines.producers(i)) dag.edges.emplace_back(producer, i);
  }
  return dag;
}

Dag outs_dag(const Pipelines& pipelines, const std::string& base) {
  Dag dag;
  const auto& stages = pipelines.stages();
  std::vector<std::pair<std::size_t, std::string>> outs;  // stage, path
  std::vector<std::vector<std::size_t>> of_stage(stages.size());
  for (std::size_t i = 0; i < stages.size(); ++i) {
    for (const auto& out : stages[i].outs) {
      of_stage[i].push_back(outs.size());
      outs.emplace_back(i, stages[i].path_of(out.path));
      dag.nodes.push_back(as_seen(outs.back().second, base));
    }
  }
  for (std::size_t i = 0; i < stages.size(); ++i) {
    std::vector<std::string> reads;
    for (const auto& dep : stages[i].deps) reads.push_back(stages[i].path_of(dep));
    for (const auto& params : stages[i].params) reads.push_back(stages[i].path_of(params.file));
    for (const auto producer : pipelines.producers(i)) {
      for (const auto from : of_stage[producer]) {
        const bool read = std::ranges::any_of(
            reads, [&](const std::string& path) { return overlaps(path, outs[from].second); });
        if (!read) continue;
        for (const auto to : of_stage[i]) dag.edges.emplace_back(from, to);
      }
    }
  }
  return dag;
}

// The nodes that can be reached, against the edges or both ways.
std::vector<bool> reached(const Dag& dag, std::vector<std::size_t> from, bool both) {
  std::vector<std::vector<std::size_t>> next(dag.nodes.size());
  for (const auto& [a, b] : dag.edges) {
    next[b].push_back(a);
    if (both) next[a].push_back(b);
  }
  std::vector<bool> seen(dag.nodes.size(), false);
  for (const auto node : from) seen[node] = true;
  for (std::size_t at = 0; at < from.size(); ++at) {
    for (const auto node : next[from[at]]) {
      if (seen[node]) continue;
      seen[node] = true;
      from.push_back(node);
    }
  }
  return seen;
}

Dag part_of(const Dag& dag, const std::vector<bool>& kept) {
  Dag part;
  std::vector<std::size_t> index(dag.nodes.size(), 0);
  for (std::size_t i = 0; i < dag.nodes.size(); ++i) {
    index[i] = part.nodes.size();
    if (kept[i]) part.nodes.push_back(dag.nodes[i]);
  }
  for (const auto& [a, b] : dag.edges) {
    if (kept[a] && kept[b]) part.edges.emplace_back(index[a], index[b]);
  }
  return part;
}

// Connected parts, each with its nodes sorted by name, in the order of their first nodes.
std::vector<std::vector<std::size_t>> components(const Dag& dag) {
  std::vector<std::vector<std::size_t>> result;
  std::vector<bool> done(dag.nodes.size(), false);
  for (std::size_t i = 0; i < dag.nodes.size(); ++i) {
    if (done[i]) continue;
    const auto seen = reached(dag, {i}, true);
    auto& part = result.emplace_back();
    for (std::size_t k = 0; k < seen.size(); ++k) {
      if (!seen[k]) continue;
      done[k] = true;
      part.push_back(k);
    }
    std::ranges::sort(part, {}, [&](std::size_t node) { return dag.nodes[node]; });
  }
  return result;
}

class DrawnTree {
 public:
  DrawnTree(const Dag& dag, bool unicode) : dag_(dag), unicode_(unicode), below_(dag.nodes.size()) {
    std::vector<bool> read(dag.nodes.size(), false);
    for (const auto& [a, b] : dag.edges) {
      below_[b].push_back(a);
      read[a] = true;
    }
    for (std::size_t i = 0; i < dag.nodes.size(); ++i) {
      if (!read[i]) roots_.push_back(i);
    }
  }

  std::string text() {
    for (const auto root : roots_) {
      out_ += dag_.nodes[root] + "\n";
      children(root, "");
    }
    return std::move(out_);
  }

 private:
  void children(std::size_t node, const std::string& indent) {
    shown_.insert(node);
    for (std::size_t i = 0; i < below_[node].size(); ++i) {
      const std::size_t child = below_[node][i];
      const bool last = i + 1 == below_[node].size();
      const bool again = shown_.contains(child) && !below_[child].empty();
      const std::string branch = unicode_ ? (last ? "└── " : "├── ") : (last ? "`-- " : "|-- ");
      out_ += indent + branch + dag_.nodes[child] + (again ? " (see above)" : "") + "\n";
      const std::string bar = unicode_ ? "│   " : "|   ";
      if (!again) children(child, indent + (last ? "    " : bar));
    }
  }

  const Dag& dag_;
  bool unicode_;
  std::vector<std::vector<std::size_t>> below_;
  std::vector<std::size_t> roots_;
  std::set<std::size_t> shown_;
  std::string out_;
};

}  // namespace

Dag dag_of(const Pipelines& pipelines, const DagOptions& options) {
  Dag whole =
      options.outs ? outs_dag(pipelines, options.base) : stages_dag(pipelines, options.base);
  if (options.targets.empty()) return whole;
  std::vector<std::size_t> chosen;
  for (const auto& target : options.targets) {
    for (const auto index : pipelines.select(target, options.base)) {
      const Stage& stage = pipelines.stages()[index];
      std::set<std::string> names{stage.address(options.base)};
      if (options.outs) {
        names.clear();
        for (const auto& out : stage.outs) {
          const std::string name = as_seen(stage.path_of(out.path), options.base);
          const bool named = std::ranges::any_of(stage.outs, [&](const StageOut& one) {
            return as_seen(stage.path_of(one.path), options.base) == target;
          });
          if (!named || name == target) names.insert(name);
        }
      }
      for (std::size_t i = 0; i < whole.nodes.size(); ++i) {
        if (names.contains(whole.nodes[i])) chosen.push_back(i);
      }
    }
  }
  return part_of(whole, reached(whole, chosen, options.full));
}

std::string dot_text(const Dag& dag) {
  const auto label = [](const std::string& name) {
    std::string text = "\"";
    for (const char c : name) text += c == '"' ? std::string("\\\"") : std::string(1, c);
    return text + "\"";
  };
  std::string out = "strict digraph {\n";
  for (const auto& node : dag.nodes) out += label(node) + ";\n";
  for (const auto& [a, b] : dag.edges) {
    out += fmt::format("{} -> {};\n", label(dag.nodes[a]), label(dag.nodes[b]));
  }
  return out + "}\n";
}

std::string mermaid_text(const Dag& dag) {
  std::string out = "flowchart TD";
  std::size_t number = 0;
  for (const auto& part : components(dag)) {
    std::map<std::size_t, std::string> ids;
    for (const auto node : part) {
      ids[node] = fmt::format("node{}", ++number);
      out += fmt::format("\n\t{}[\"{}\"]", ids[node], dag.nodes[node]);
    }
    std::map<std::pair<std::string, std::string>, std::string> lines;
    for (const auto& [a, b] : dag.edges) {
      if (!ids.contains(a)) continue;
      lines[{dag.nodes[a], dag.nodes[b]}] = fmt::format("\n\t{}-->{}", ids[a], ids[b]);
    }
    for (const auto& [names, line] : lines) out += line;
  }
  return out;
}

std::string tree_text(const Dag& dag, bool unicode) { return DrawnTree(dag, unicode).text(); }

}  // namespace mlopsctl::data
