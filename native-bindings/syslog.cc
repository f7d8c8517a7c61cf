// syslog(3). A slow syslogd can hold the caller, so besides the plain call there is one that works in libuv's pool.

#include <syslog.h>

#include <string>
#include <utility>
#include <vector>

#include "addon.h"

namespace spamlogd {

// openlog(3) keeps the pointer it is given, hence static; one process has one connection to syslogd.
static std::string ident;

using Lines = std::vector<std::pair<int, std::string>>;

struct Job {
  Lines lines;
  napi_async_work work;
  napi_deferred deferred;
};

static void Write(const std::pair<int, std::string>& line) {
  syslog(line.first, "%s", line.second.c_str());
}

// openSyslog(ident, facility): LOG_PID and LOG_NDELAY, as the BSD daemons do.
static napi_value OpenSyslog(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto name = arguments.Text(0);
  if (!name) return nullptr;
  const auto facility = arguments.Int(1);
  if (!facility) return nullptr;
  closelog();
  ident = *name;
  openlog(ident.c_str(), LOG_PID | LOG_NDELAY, *facility);
  return nullptr;
}

static napi_value CloseSyslog(napi_env, napi_callback_info) {
  closelog();
  return nullptr;
}

// Reads [priority, text, priority, text, ...]; gives false with an exception pending when it is something else.
static bool ReadLines(napi_env env, napi_value array, Lines* lines) {
  uint32_t length;
  if (napi_get_array_length(env, array, &length) != napi_ok) {
    napi_throw_type_error(env, nullptr, "an array was expected");
    return false;
  }
  for (uint32_t i = 0; i + 1 < length; i += 2) {
    napi_value first, second;
    napi_get_element(env, array, i, &first);
    napi_get_element(env, array, i + 1, &second);
    const auto priority = ToInt(env, first);
    if (!priority) return false;
    auto text = ToText(env, second);
    if (!text) return false;
    lines->emplace_back(*priority, std::move(*text));
  }
  return true;
}

// writeSyslog(lines): returns when syslogd has them.
static napi_value WriteSyslog(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  Lines lines;
  if (!ReadLines(env, arguments.At(0), &lines)) return nullptr;
  for (const auto& line : lines) Write(line);
  return nullptr;
}

static void Execute(napi_env, void* data) {
  for (const auto& line : static_cast<Job*>(data)->lines) Write(line);
}

static void Complete(napi_env env, napi_status, void* data) {
  Job* job = static_cast<Job*>(data);
  napi_value undefined;
  napi_get_undefined(env, &undefined);
  napi_resolve_deferred(env, job->deferred, undefined);
  napi_delete_async_work(env, job->work);
  delete job;
}

// writeSyslogLater(lines) -> a promise, fulfilled when syslogd has them. Two at a time may overtake one another.
static napi_value WriteSyslogLater(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  Lines lines;
  if (!ReadLines(env, arguments.At(0), &lines)) return nullptr;
  Job* job = new Job{std::move(lines), nullptr, nullptr};
  napi_value promise, name;
  napi_create_promise(env, &job->deferred, &promise);
  napi_create_string_utf8(env, "spamlogd:syslog", NAPI_AUTO_LENGTH, &name);
  napi_create_async_work(env, nullptr, name, Execute, Complete, job, &job->work);
  napi_queue_async_work(env, job->work);
  return promise;
}

void InitSyslog(napi_env env, napi_value exports) {
  Export(env, exports, "openSyslog", OpenSyslog);
  Export(env, exports, "closeSyslog", CloseSyslog);
  Export(env, exports, "writeSyslog", WriteSyslog);
  Export(env, exports, "writeSyslogLater", WriteSyslogLater);
}

}  // namespace spamlogd
