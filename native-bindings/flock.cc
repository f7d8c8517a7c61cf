// flock(2), never waiting: a wait would hold the event loop.

#include <sys/file.h>

#include <cerrno>

#include "addon.h"

namespace spamlogd {

// tryFlock(fd, operation) -> false when another open file holds the lock.
static napi_value TryFlock(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto fd = arguments.Int(0);
  if (!fd) return nullptr;
  const auto operation = arguments.Int(1);
  if (!operation) return nullptr;
  int result;
  do {
    result = flock(*fd, *operation | LOCK_NB);
  } while (result == -1 && errno == EINTR);
  if (result == -1 && errno != EWOULDBLOCK) {
    ThrowErrno(env, "flock");
    return nullptr;
  }
  return FromBool(env, result == 0);
}

void InitFlock(napi_env env, napi_value exports) {
  Export(env, exports, "tryFlock", TryFlock);
}

}  // namespace spamlogd
