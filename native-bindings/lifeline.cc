// fcntl(2): a pipe whose closing kills a process, so that a program that knows nothing of its parent ends with it.
// PR_SET_PDEATHSIG does not do: a change of the user takes it back.

#ifdef __linux__
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#endif

#include "addon.h"

namespace spamlogd {

// openLifeline() -> [end to bind and to hand down, end to keep], or false where a closed pipe sends no signal of choice.
// Neither end is left open in a program that is executed, but where it is asked for.
static napi_value OpenLifeline(napi_env env, napi_callback_info) {
#ifdef __linux__
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) == -1) {
    ThrowErrno(env, "pipe2");
    return nullptr;
  }
  napi_value result;
  napi_create_array_with_length(env, 2, &result);
  for (uint32_t i = 0; i < 2; i++) {
    napi_value fd;
    napi_create_int32(env, ends[i], &fd);
    napi_set_element(env, result, i, fd);
  }
  return result;
#else
  return FromBool(env, false);
#endif
}

// bindLifeline(fd, pid) -> false where there is none. The process is killed when the kept end is closed everywhere, as
// long as it, or another one, has this end open. The right to kill it is checked as that of the caller at this time.
static napi_value BindLifeline(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto fd = arguments.Int(0);
  if (!fd) return nullptr;
  const auto pid = arguments.Int(1);
  if (!pid) return nullptr;
#ifdef __linux__
  const int flags = fcntl(*fd, F_GETFL);
  if (flags == -1 || fcntl(*fd, F_SETOWN, *pid) == -1 || fcntl(*fd, F_SETSIG, SIGKILL) == -1 ||
      fcntl(*fd, F_SETFL, flags | O_ASYNC) == -1) {
    ThrowErrno(env, "fcntl");
    return nullptr;
  }
  return FromBool(env, true);
#else
  return FromBool(env, false);
#endif
}

void InitLifeline(napi_env env, napi_value exports) {
  Export(env, exports, "openLifeline", OpenLifeline);
  Export(env, exports, "bindLifeline", BindLifeline);
}

}  // namespace spamlogd
