{
  'targets': [
    {
      'target_name': 'spamlogd',
      'sources': [
        'addon.cc', 'bpf.cc', 'flock.cc', 'lifeline.cc', 'netlink.cc', 'readiness.cc', 'syslog.cc', 'write.cc',
      ],
      'defines': [ 'NAPI_VERSION=8' ],
      'cflags_cc': [ '-std=c++17', '-Wall', '-Wextra' ],
      'xcode_settings': { 'CLANG_CXX_LANGUAGE_STANDARD': 'c++17' },
    },
  ],
}
