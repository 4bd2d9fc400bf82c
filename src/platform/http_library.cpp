#include "platform/http_library.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/http.hpp"

#include <fmt/format.h>

#include <dlfcn.h>

#include <array>

namespace mlopsctl {

CurlLibrary::CurlLibrary() {
  // The second is what a machine may have instead; its functions are the same.
  constexpr std::array names{MLOPSCTL_LIBCURL_SONAME, "libcurl-gnutls.so.4"};
  void* handle = nullptr;
  const char* loaded = names[0];
  for (const char* name : names) {
    handle = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
    loaded = name;
    if (handle != nullptr) break;
    const char* why = ::dlerror();
    if (reason.empty()) reason = why != nullptr ? why : "it cannot be loaded";
  }
  if (handle == nullptr) return;
  reason.clear();
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
    if (function == nullptr) reason = fmt::format("{} lacks {}", loaded, name);
  };
#define MLOPSCTL_CURL_FIND(function) find(function, "curl_" #function);
  MLOPSCTL_CURL_FUNCTIONS(MLOPSCTL_CURL_FIND)
#undef MLOPSCTL_CURL_FIND
  if (reason.empty() && global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    reason = "libcurl cannot be initialised";
}

const CurlLibrary& curl_library() {
  static const CurlLibrary loaded;
  return loaded;
}

const CurlLibrary& need_curl() {
  const CurlLibrary& library = curl_library();
  if (!library.reason.empty()) {
    throw Error(ErrorKind::unavailable,
                fmt::format("libcurl is needed for network access: {}", library.reason),
                "install it: apt-get install libcurl4");
  }
  return library;
}

std::optional<std::string> http_library_version(std::string& reason) {
  const CurlLibrary& library = curl_library();
  if (!library.reason.empty()) {
    reason = library.reason;
    return std::nullopt;
  }
  const curl_version_info_data* info = library.version_info(CURLVERSION_NOW);
  return fmt::format("{} ({})", info->version,
                     info->ssl_version != nullptr ? info->ssl_version : "no TLS");
}

}  // namespace mlopsctl
