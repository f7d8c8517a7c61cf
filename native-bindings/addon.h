// What every binding shares: reading arguments, raising a failed system call, exporting a function.

#ifndef SPAMLOGD_ADDON_H_
#define SPAMLOGD_ADDON_H_

#include <node_api.h>

#include <optional>
#include <string>

namespace spamlogd {

// Each concern adds its functions to `exports`.
void InitBpf(napi_env env, napi_value exports);
void InitFlock(napi_env env, napi_value exports);
void InitLifeline(napi_env env, napi_value exports);
void InitNetlink(napi_env env, napi_value exports);
void InitReadiness(napi_env env, napi_value exports);
void InitSyslog(napi_env env, napi_value exports);
void InitWrite(napi_env env, napi_value exports);

void Export(napi_env env, napi_value exports, const char* name, napi_callback function);

// Throws an Error with `code` (as Node's own: "EACCES") and `syscall`, for the errno at hand.
void ThrowErrno(napi_env env, const char* syscall);

// The arguments of a call. A getter that finds another type than it was asked for throws a TypeError and gives
// nothing; the caller returns at once.
class Arguments {
 public:
  static constexpr size_t kMax = 4;

  Arguments(napi_env env, napi_callback_info info);

  napi_value At(size_t index) const { return values_[index]; }
  std::optional<int32_t> Int(size_t index) const;
  std::optional<std::string> Text(size_t index) const;

 private:
  napi_env env_;
  size_t count_ = kMax;
  napi_value values_[kMax];
};

std::optional<int32_t> ToInt(napi_env env, napi_value value);
std::optional<std::string> ToText(napi_env env, napi_value value);
napi_value FromBool(napi_env env, bool value);

}  // namespace spamlogd

#endif  // SPAMLOGD_ADDON_H_
