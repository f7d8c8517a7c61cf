// netlink(7): what keeps a NFLOG socket alive when its receive buffer overruns.

#include <sys/socket.h>

#ifdef __linux__
#include <linux/netlink.h>
#endif

#include "addon.h"

namespace spamlogd {

// ignoreOverrun(fd) -> false where there is no netlink. An overrun is then counted (/proc/net/netlink, Drops) but
// raises no ENOBUFS, which poll(2) reports as POLLERR: libuv gives up a descriptor that does that.
static napi_value IgnoreOverrun(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto fd = arguments.Int(0);
  if (!fd) return nullptr;
#ifdef __linux__
  const int on = 1;
  if (setsockopt(*fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on) == -1) {
    ThrowErrno(env, "NETLINK_NO_ENOBUFS");
    return nullptr;
  }
  return FromBool(env, true);
#else
  return FromBool(env, false);
#endif
}

// forceReceiveBuffer(fd, bytes) -> false where the system has no such option. Needs CAP_NET_ADMIN; goes beyond
// net.core.rmem_max.
static napi_value ForceReceiveBuffer(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto fd = arguments.Int(0);
  if (!fd) return nullptr;
  const auto bytes = arguments.Int(1);
  if (!bytes) return nullptr;
#ifdef SO_RCVBUFFORCE
  const int size = *bytes;
  if (setsockopt(*fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) == -1) {
    ThrowErrno(env, "SO_RCVBUFFORCE");
    return nullptr;
  }
  return FromBool(env, true);
#else
  return FromBool(env, false);
#endif
}

void InitNetlink(napi_env env, napi_value exports) {
  Export(env, exports, "ignoreOverrun", IgnoreOverrun);
  Export(env, exports, "forceReceiveBuffer", ForceReceiveBuffer);
}

}  // namespace spamlogd
