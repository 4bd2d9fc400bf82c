// libcurl, looked up at run time; the types come from curl.h by decltype, so a call that does not
// match the library's header does not compile. Private to platform/http*.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

namespace mlopsctl {

#define MLOPSCTL_CURL_FUNCTIONS(X) \
  X(global_init)                   \
  X(version_info)                  \
  X(easy_init)                     \
  X(easy_setopt)                   \
  X(easy_getinfo)                  \
  X(easy_strerror)                 \
  X(easy_reset)                    \
  X(easy_cleanup)                  \
  X(multi_init)                    \
  X(multi_setopt)                  \
  X(multi_add_handle)              \
  X(multi_remove_handle)           \
  X(multi_perform)                 \
  X(multi_poll)                    \
  X(multi_socket_action)           \
  X(multi_assign)                  \
  X(multi_info_read)               \
  X(multi_strerror)                \
  X(multi_cleanup)                 \
  X(slist_append)                  \
  X(slist_free_all)

struct CurlLibrary {
  std::string reason;  // why it is not there; empty: it is

// NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration
#define MLOPSCTL_CURL_DECLARE(function) decltype(&curl_##function) function = nullptr;
  MLOPSCTL_CURL_FUNCTIONS(MLOPSCTL_CURL_DECLARE)
#undef MLOPSCTL_CURL_DECLARE

  CurlLibrary();
};

// Loaded and initialised once; look at `reason` before calling anything.
const CurlLibrary& curl_library();
// The same, or Error{unavailable} that says what to install.
const CurlLibrary& need_curl();

struct FreeEasy {
  void operator()(CURL* handle) const { curl_library().easy_cleanup(handle); }
};
struct FreeMulti {
  void operator()(CURLM* handle) const { curl_library().multi_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_library().slist_free_all(list); }
};
using EasyHandle = std::unique_ptr<CURL, FreeEasy>;
using MultiHandle = std::unique_ptr<CURLM, FreeMulti>;
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

}  // namespace mlopsctl
