// _exit(2). exit(3), which process.exit() comes to, waits for threads, and a thread may wait in a system call for ever.

#include <unistd.h>

#include "addon.h"

namespace spamlogd {

// exitAtOnce(status): does not return.
static napi_value ExitAtOnce(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto status = arguments.Int(0);
  if (!status) return nullptr;
  _exit(*status);
}

void InitExit(napi_env env, napi_value exports) {
  Export(env, exports, "exitAtOnce", ExitAtOnce);
}

}  // namespace spamlogd
