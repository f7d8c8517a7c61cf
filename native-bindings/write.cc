// write(2), never waiting, whatever mode the descriptor is in. Node's would hold the thread that calls it.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "addon.h"

namespace spamlogd {

// writeNow(fd, buffer) -> how many bytes were taken, 0 when there is no room.
static napi_value WriteNow(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto fd = arguments.Int(0);
  if (!fd) return nullptr;
  void* data;
  size_t length;
  if (napi_get_buffer_info(env, arguments.At(1), &data, &length) != napi_ok) {
    napi_throw_type_error(env, nullptr, "a buffer was expected");
    return nullptr;
  }
  const int flags = fcntl(*fd, F_GETFL);
  if (flags == -1) {
    ThrowErrno(env, "fcntl");
    return nullptr;
  }
  const bool is_blocking = (flags & O_NONBLOCK) == 0;
  if (is_blocking) fcntl(*fd, F_SETFL, flags | O_NONBLOCK);
  ssize_t written;
  do {
    written = write(*fd, data, length);
  } while (written == -1 && errno == EINTR);
  const int error = errno;
  // Others read from and write to a terminal, and do not expect it.
  if (is_blocking && isatty(*fd)) fcntl(*fd, F_SETFL, flags);
  if (written == -1 && error != EAGAIN && error != EWOULDBLOCK) {
    errno = error;
    ThrowErrno(env, "write");
    return nullptr;
  }
  napi_value result;
  napi_create_int64(env, written == -1 ? 0 : written, &result);
  return result;
}

void InitWrite(napi_env env, napi_value exports) {
  Export(env, exports, "writeNow", WriteNow);
}

}  // namespace spamlogd
