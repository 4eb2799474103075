//! libuv compiled into the library itself, for targets where no installed one can be linked.
//! The lists are those of libuv's own CMakeLists.txt at the version named in build.zig.zon.
const std = @import("std");

/// One complete archive: no second library to install, and uv_* stays hidden in the shared one. The module
/// finds libuv's public headers already.
pub fn addTo(mod: *std.Build.Module, uv: *std.Build.Dependency, t: std.Target) void {
    const common = [_][]const u8{
        "fs-poll.c",    "idna.c",  "inet.c",      "random.c",                 "strscpy.c", "strtok.c",
        "threadpool.c", "timer.c", "uv-common.c", "uv-data-getter-setters.c", "version.c",
    };
    const unix = [_][]const u8{
        "async.c",             "core.c",   "dl.c",           "fs.c",   "getaddrinfo.c",
        "getnameinfo.c",       "loop.c",   "loop-watcher.c", "pipe.c", "poll.c",
        "process.c",           "signal.c", "stream.c",       "tcp.c",  "thread.c",
        "random-devurandom.c", "tty.c",    "udp.c",
    };
    const linux = [_][]const u8{
        "epoll.c",     "linux-core.c",     "linux-inotify.c",    "linux-syscalls.c",
        "proctitle.c", "procfs-exepath.c", "random-getrandom.c", "random-sysctl-linux.c",
    };
    const darwin = [_][]const u8{
        "bsd-ifaddrs.c", "darwin.c",    "darwin-proctitle.c",  "fsevents.c",
        "kqueue.c",      "proctitle.c", "random-getentropy.c",
    };
    const windows = [_][]const u8{
        "async.c",    "core.c",        "detect-wakeup.c", "dl.c",     "error.c",        "fs.c",
        "fs-event.c", "getaddrinfo.c", "getnameinfo.c",   "handle.c", "loop-watcher.c", "pipe.c",
        "poll.c",     "process.c",     "process-stdio.c", "signal.c", "snprintf.c",     "stream.c",
        "tcp.c",      "thread.c",      "tty.c",           "udp.c",    "util.c",         "winapi.c",
        "winsock.c",
    };
    const base = .{ "-std=gnu90", "-fno-strict-aliasing", "-fvisibility=hidden", "-fno-sanitize=undefined", "-w" };
    const unix_flags = base ++ .{ "-D_FILE_OFFSET_BITS=64", "-D_LARGEFILE_SOURCE" };
    const linux_flags = unix_flags ++ .{ "-D_GNU_SOURCE", "-D_POSIX_C_SOURCE=200112" };
    const darwin_flags = unix_flags ++ .{ "-D_DARWIN_UNLIMITED_SELECT=1", "-D_DARWIN_USE_64_BIT_INODE=1" };
    const windows_flags = base ++ .{ "-DWIN32_LEAN_AND_MEAN", "-D_WIN32_WINNT=0x0602" };

    mod.addSystemIncludePath(uv.path("src"));
    switch (t.os.tag) {
        .windows => {
            mod.addCSourceFiles(.{ .root = uv.path("src"), .files = &common, .flags = &windows_flags });
            mod.addCSourceFiles(.{ .root = uv.path("src/win"), .files = &windows, .flags = &windows_flags });
            for ([_][]const u8{ "psapi", "user32", "advapi32", "iphlpapi", "userenv", "ws2_32" }) |l|
                mod.linkSystemLibrary(l, .{ .use_pkg_config = .no });
        },
        .macos => {
            mod.addCSourceFiles(.{ .root = uv.path("src"), .files = &common, .flags = &darwin_flags });
            mod.addCSourceFiles(.{ .root = uv.path("src/unix"), .files = &(unix ++ darwin), .flags = &darwin_flags });
        },
        .linux => {
            mod.addCSourceFiles(.{ .root = uv.path("src"), .files = &common, .flags = &linux_flags });
            mod.addCSourceFiles(.{ .root = uv.path("src/unix"), .files = &(unix ++ linux), .flags = &linux_flags });
        },
        else => @panic("no libuv file list for this system: use -fsys=libuv"),
    }
}
