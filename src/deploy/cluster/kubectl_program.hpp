// One kubectl process: never a shell, its own process group, a limit on its time.
#pragma once

#include "mlopsctl/deploy/cluster.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlopsctl::deploy {

struct KubectlCall {
  std::string what;                    // for messages: "reading deployment.apps/chat"
  std::vector<std::string> arguments;  // without those that every call has
  std::string input = {};
  bool json_patch = false;
};

class KubectlProgram {
 public:
  // Context and namespace as they are to be used; an empty context is kubectl's own choice.
  explicit KubectlProgram(KubectlOptions options) : options_(std::move(options)) {}

  // Standard output. Throws ClusterError.
  std::string once(const KubectlCall& call);
  // Repeated while unreachable or busy, with full jitter, within the budget. For reads only.
  std::string repeated(const KubectlCall& call);
  // The JSON documents that a read or a change prints, lists taken apart. Output that was cut off
  // is ClusterError unreachable.
  std::vector<Json> documents_once(const KubectlCall& call);
  std::vector<Json> documents_repeated(const KubectlCall& call);

  const KubectlOptions& options() const { return options_; }
  std::string describe() const;
  std::uint64_t calls() const { return calls_; }

 private:
  std::string hint_for(ClusterFailure failure) const;
  template <class Action>
  auto with_repeats(const Action& action);

  KubectlOptions options_;
  std::uint64_t calls_ = 0;
  bool answered_ = false, told_ = false;  // the API server once; that it does not
};

}  // namespace mlopsctl::deploy
