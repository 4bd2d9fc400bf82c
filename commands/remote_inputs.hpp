// Data that a command reads by URL: brought here first, once each.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/data/remote.hpp"
#include "mlopsctl/drift/dataset.hpp"
#include "mlopsctl/platform/temporary_folder.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::commands {

// What --fs-config says.
data::RemoteOptions remote_options(const Arguments& arguments);

class RemoteInputs {
 public:
  RemoteInputs(data::RemoteOptions options, Progress& progress);

  // s3://BUCKET/KEY, where KEY may have * ? [abc]; http:// and https://. The copies are removed
  // with this object. Throws Error{not_found} where nothing is there or matches.
  const std::vector<drift::LocalCopy>& fetch(const std::string& url);

 private:
  drift::LocalCopy downloaded(const std::string& url);

  data::RemoteOptions options_;
  Progress& progress_;
  std::optional<TemporaryFolder> folder_;  // made for the first file
  std::map<std::string, std::vector<drift::LocalCopy>> fetched_;
  std::size_t files_ = 0;
};

}  // namespace mlopsctl::commands
