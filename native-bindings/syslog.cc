// syslog(3). A slow syslogd holds whoever calls it, so lines are queued here and sent by a thread.

#include <syslog.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "addon.h"

namespace spamlogd {

// How long the end of the process waits for syslogd.
constexpr std::chrono::seconds kFinalWait(3);

class Syslog {
 public:
  Syslog(std::string ident, int facility, size_t limit)
      : ident_(std::move(ident)), limit_(limit) {
    // openlog(3) keeps the pointer it is given. LOG_PID and LOG_NDELAY as the BSD daemons have it.
    openlog(ident_.c_str(), LOG_PID | LOG_NDELAY, facility);
    thread_ = std::thread([this] { Run(); });
  }

  // False when too many wait.
  bool Add(int priority, std::string text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (lines_.size() >= limit_) return false;
    lines_.emplace_back(priority, std::move(text));
    changed_.notify_all();
    return true;
  }

  // Waits until syslogd has every line; false when that took too long.
  bool Drain(std::chrono::milliseconds limit) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, limit, [this] { return lines_.empty() && !is_sending_; });
  }

  // Ends the thread. Where syslogd holds it, it is left to the end of the process, and so is this object.
  static void Close(Syslog* log) {
    const bool is_drained = log->Drain(kFinalWait);
    {
      const std::lock_guard<std::mutex> lock(log->mutex_);
      log->is_closing_ = true;
      log->changed_.notify_all();
    }
    if (!is_drained) {
      log->thread_.detach();
      return;
    }
    log->thread_.join();
    closelog();
    delete log;
  }

 private:
  void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return is_closing_ || !lines_.empty(); });
      if (lines_.empty()) return;
      const auto line = std::move(lines_.front());
      lines_.pop_front();
      is_sending_ = true;
      lock.unlock();
      syslog(line.first, "%s", line.second.c_str());
      lock.lock();
      is_sending_ = false;
      changed_.notify_all();
    }
  }

  const std::string ident_;
  const size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<int, std::string>> lines_;
  bool is_sending_ = false;
  bool is_closing_ = false;
  std::thread thread_;
};

// A process has one connection to syslogd: openlog(3) knows no other.
static Syslog* current = nullptr;

static void Close() {
  if (current == nullptr) return;
  Syslog::Close(current);
  current = nullptr;
}

// openSyslog(ident, facility, limit)
static napi_value OpenSyslog(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto ident = arguments.Text(0);
  if (!ident) return nullptr;
  const auto facility = arguments.Int(1);
  if (!facility) return nullptr;
  const auto limit = arguments.Int(2);
  if (!limit) return nullptr;
  Close();
  current = new Syslog(*ident, *facility, *limit);
  return nullptr;
}

// writeSyslog(priority, text) -> false when too many lines wait, or none is open.
static napi_value WriteSyslog(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto priority = arguments.Int(0);
  if (!priority) return nullptr;
  auto text = arguments.Text(1);
  if (!text) return nullptr;
  return FromBool(env, current != nullptr && current->Add(*priority, std::move(*text)));
}

// drainSyslog(milliseconds) -> whether syslogd has every line.
static napi_value DrainSyslog(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto limit = arguments.Int(0);
  if (!limit) return nullptr;
  return FromBool(env, current == nullptr || current->Drain(std::chrono::milliseconds(*limit)));
}

static napi_value CloseSyslog(napi_env, napi_callback_info) {
  Close();
  return nullptr;
}

void InitSyslog(napi_env env, napi_value exports) {
  Export(env, exports, "openSyslog", OpenSyslog);
  Export(env, exports, "writeSyslog", WriteSyslog);
  Export(env, exports, "drainSyslog", DrainSyslog);
  Export(env, exports, "closeSyslog", CloseSyslog);
  // So that the last line before the end is not lost. Node runs its hooks when a thread's or the process's work is done,
  // and not at process.exit(): that is for the C library's handlers.
  napi_add_env_cleanup_hook(env, [](void*) { Close(); }, nullptr);
  static const int registered = std::atexit(Close);
  static_cast<void>(registered);
}

}  // namespace spamlogd
