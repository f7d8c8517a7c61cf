// The addon's entry, and what its bindings share.

#include "addon.h"

#include <uv.h>

#include <cerrno>
#include <cstring>

namespace spamlogd {

Arguments::Arguments(napi_env env, napi_callback_info info) : env_(env) {
  // Node-API fills what the caller left out with undefined.
  napi_get_cb_info(env, info, &count_, values_, nullptr, nullptr);
}

std::optional<int32_t> Arguments::Int(size_t index) const {
  return ToInt(env_, values_[index]);
}

std::optional<std::string> Arguments::Text(size_t index) const {
  return ToText(env_, values_[index]);
}

std::optional<int32_t> ToInt(napi_env env, napi_value value) {
  int32_t number;
  if (napi_get_value_int32(env, value, &number) == napi_ok) return number;
  napi_throw_type_error(env, nullptr, "a number was expected");
  return std::nullopt;
}

std::optional<std::string> ToText(napi_env env, napi_value value) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) {
    napi_throw_type_error(env, nullptr, "a string was expected");
    return std::nullopt;
  }
  std::string text(length, '\0');
  napi_get_value_string_utf8(env, value, text.data(), length + 1, nullptr);
  return text;
}

napi_value FromBool(napi_env env, bool value) {
  napi_value result;
  napi_get_boolean(env, value, &result);
  return result;
}

void Export(napi_env env, napi_value exports, const char* name, napi_callback function) {
  napi_value value;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value);
  napi_set_named_property(env, exports, name, value);
}

void ThrowErrno(napi_env env, const char* syscall) {
  const int error = errno;
  const std::string text = std::string(syscall) + ": " + strerror(error);
  napi_value code, message, object, name;
  napi_create_string_utf8(env, uv_err_name(-error), NAPI_AUTO_LENGTH, &code);
  napi_create_string_utf8(env, text.c_str(), text.size(), &message);
  napi_create_string_utf8(env, syscall, NAPI_AUTO_LENGTH, &name);
  napi_create_error(env, code, message, &object);
  napi_set_named_property(env, object, "syscall", name);
  napi_throw(env, object);
}

static napi_value Init(napi_env env, napi_value exports) {
  InitBpf(env, exports);
  InitFlock(env, exports);
  InitLifeline(env, exports);
  InitNetlink(env, exports);
  InitReadiness(env, exports);
  InitSyslog(env, exports);
  InitWrite(env, exports);
  return exports;
}

}  // namespace spamlogd

NAPI_MODULE(NODE_GYP_MODULE_NAME, spamlogd::Init)
