// S3's error codes as messages that say what to do.
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"

#include "data/remote/s3_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlopsctl::data {

namespace {

struct Advice {
  std::string_view code;
  ErrorKind kind;
  std::string_view hint;
};

constexpr std::array advices{
    Advice{"AccessDenied", ErrorKind::io,
           "is the secret key right? The credentials must allow s3:ListBucket on the bucket, and "
           "s3:GetObject or s3:PutObject on its objects"},
    Advice{"InvalidAccessKeyId", ErrorKind::io,
           "the server does not know this access key: is it the right endpoint and account?"},
    Advice{"SignatureDoesNotMatch", ErrorKind::io,
           "the secret key does not belong to the access key, or a proxy changes requests"},
    Advice{"ExpiredToken", ErrorKind::io, "the session is over: get new credentials"},
    Advice{"InvalidToken", ErrorKind::io, "the session token is not valid: get new credentials"},
    Advice{"RequestTimeTooSkewed", ErrorKind::io, "set the clock of this machine"},
    Advice{"NoSuchBucket", ErrorKind::not_found,
           "check the bucket's name and endpointurl of the remote; buckets are not made for you"},
    Advice{"NoSuchKey", ErrorKind::not_found, ""},
    Advice{"NoSuchUpload", ErrorKind::conflict, "another process finished or removed the upload"},
    Advice{"PreconditionFailed", ErrorKind::conflict, "somebody else wrote it meanwhile"},
    Advice{"ConditionalRequestConflict", ErrorKind::conflict, "somebody else is writing it"},
    Advice{"QuotaExceeded", ErrorKind::io, "the quota of the user or bucket is used up"},
    Advice{"BadDigest", ErrorKind::corrupt,
           "the bytes that arrived are not those that were announced: is the file damaged?"},
    Advice{"XAmzContentSHA256Mismatch", ErrorKind::corrupt,
           "the bytes changed on their way, or while they were read"},
    Advice{"InvalidDigest", ErrorKind::corrupt, ""},
    Advice{"EntityTooLarge", ErrorKind::io, "the server takes no object of this size"},
    Advice{"NotImplemented", ErrorKind::unavailable, "the server does not offer this"},
    Advice{"KMS.DisabledException", ErrorKind::io, "enable the KMS key, or change sse_kms_key_id"},
    Advice{"InvalidObjectState", ErrorKind::io, "the object is archived: restore it first"},
    Advice{"PermanentRedirect", ErrorKind::config,
           "the bucket is at another endpoint: set region or endpointurl of the remote"},
    Advice{"AuthorizationHeaderMalformed", ErrorKind::config, "set region of the remote"},
};

// What a status alone says: HEAD answers have no body.
std::string_view code_of(int status) {
  switch (status) {
    case 301:
      return "PermanentRedirect";
    case 403:
      return "AccessDenied";
    case 404:
      return "NoSuchKey";
    case 412:
      return "PreconditionFailed";
    case 501:
      return "NotImplemented";
    default:
      return "";
  }
}

}  // namespace

Error s3_error(const HttpResponse& response, std::string_view code, std::string_view message,
               const std::string& object, const S3Settings& settings) {
  if (code.empty()) code = code_of(response.status);
  const auto advice = std::ranges::find(advices, code, &Advice::code);
  ErrorKind kind = is_transient(response.status) ? ErrorKind::unavailable : ErrorKind::io;
  std::string hint;
  if (advice != advices.end()) {
    kind = advice->kind;
    hint = advice->hint;
  }
  if (code == "AccessDenied" && settings.anonymous)
    hint = "allow_anonymous_login is on: requests are not signed, and the bucket is not public";
  std::string text =
      fmt::format("{}: {}", object,
                  code.empty() ? fmt::format("status {}", response.status)
                               : fmt::format("{} (status {})", code, response.status));
  if (!message.empty() && message != code)
    text += ": " + mask_secrets(shortened(printable(message), 300));
  return Error(kind, text, hint);
}

}  // namespace mlopsctl::data
