//! The half of zlib that unpacks, compiled into the library itself, for targets where no installed one can be
//! linked. The list is what inflate.c needs of zlib's own Makefile at the version named in build.zig.zon.
const std = @import("std");

/// The names stay hidden in the shared library. The module finds zlib.h already.
pub fn addTo(mod: *std.Build.Module, zlib: *std.Build.Dependency) void {
    mod.addCSourceFiles(.{
        .root = zlib.path(""),
        .files = &.{ "adler32.c", "crc32.c", "inffast.c", "inflate.c", "inftrees.c", "zutil.c" },
        .flags = &.{ "-std=gnu11", "-fvisibility=hidden", "-fno-sanitize=undefined", "-w" },
    });
}
