// The errors of the API server, as Kubernetes writes them: a Status object with code and reason.
#pragma once

#include "support/cluster/kinds.hpp"

#include <nlohmann/json.hpp>

#include <exception>
#include <string>
#include <vector>

namespace mlopsctl::testing {

using Json = nlohmann::json;

class ApiError : public std::exception {
 public:
  ApiError(int code, std::string reason, std::string message, Json details = Json::object());
  const char* what() const noexcept override { return message_.c_str(); }
  int code() const { return code_; }
  const std::string& reason() const { return reason_; }
  Json status() const;  // kind Status

 private:
  int code_;
  std::string reason_, message_;
  Json details_;
};

// One thing that is wrong with an object.
struct Cause {
  std::string field;    // "spec.selector"
  std::string message;  // "Invalid value: …: field is immutable"
  std::string reason = "FieldValueInvalid";
};

ApiError not_found(const ResourceType& type, const std::string& name);
ApiError already_exists(const ResourceType& type, const std::string& name);
ApiError modified_meanwhile(const ResourceType& type, const std::string& name);  // Conflict
ApiError invalid(const ResourceType& type, const std::string& name, const std::vector<Cause>& why);
ApiError bad_request(const std::string& message);
ApiError method_not_allowed();
ApiError no_such_path();
// What Kubernetes can do and this server cannot.
ApiError not_implemented(const std::string& what);

}  // namespace mlopsctl::testing
