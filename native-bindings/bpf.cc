// bpf(4): BIOCLOCK makes a descriptor's filter, interface and link type final, so that whoever holds it afterwards
// reads what was set up and nothing else.

#include <sys/types.h>
#include <sys/ioctl.h>

#if !defined(__linux__)
#include <sys/time.h>
#include <sys/socket.h>
#include <net/bpf.h>
#endif

#include "addon.h"

namespace spamlogd {

// lockBpf(fd) -> false where the system has no BIOCLOCK.
static napi_value LockBpf(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto fd = arguments.Int(0);
  if (!fd) return nullptr;
#ifdef BIOCLOCK
  if (ioctl(*fd, BIOCLOCK) == -1) {
    ThrowErrno(env, "BIOCLOCK");
    return nullptr;
  }
  return FromBool(env, true);
#else
  return FromBool(env, false);
#endif
}

void InitBpf(napi_env env, napi_value exports) {
  Export(env, exports, "lockBpf", LockBpf);
}

}  // namespace spamlogd
