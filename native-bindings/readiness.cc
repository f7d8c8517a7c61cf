// The datagram of sd_notify(3). Node has no unix datagram sockets.

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <fcntl.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "addon.h"

namespace spamlogd {

// sendDatagram(path, text): one datagram to a unix socket; a path beginning with '@' is in Linux's abstract namespace.
// Never waits: a full socket throws EAGAIN.
static napi_value SendDatagram(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto path = arguments.Text(0);
  if (!path) return nullptr;
  const auto text = arguments.Text(1);
  if (!text) return nullptr;

  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path->size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    ThrowErrno(env, "sendto");
    return nullptr;
  }
  memcpy(address.sun_path, path->data(), path->size());
  const bool is_abstract = path->compare(0, 1, "@") == 0;
  if (is_abstract) address.sun_path[0] = '\0';
  // An abstract name ends where its length says, a path at its NUL.
  const socklen_t length = offsetof(struct sockaddr_un, sun_path) + path->size() + (is_abstract ? 0 : 1);

  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (fd == -1) {
    ThrowErrno(env, "socket");
    return nullptr;
  }
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  const ssize_t sent = sendto(fd, text->data(), text->size(), MSG_DONTWAIT,
                              reinterpret_cast<struct sockaddr*>(&address), length);
  const int error = errno;
  close(fd);
  if (sent == -1) {
    errno = error;
    ThrowErrno(env, "sendto");
  }
  return nullptr;
}

void InitReadiness(napi_env env, napi_value exports) {
  Export(env, exports, "sendDatagram", SendDatagram);
}

}  // namespace spamlogd
