//! What pkg-config and CMake need to find the installed library. The templates beside this file are in their
//! own languages; @NAME@ in them is replaced by what differs between systems.
const std = @import("std");

pub const Facts = struct {
    version: []const u8,
    os: std.Target.Os.Tag,
    /// The installed library uses the system's libuv rather than its own copy.
    uv_is_system: bool,
    zlib_is_system: bool,
};

pub fn install(b: *std.Build, facts: Facts) void {
    addFile(b, facts, "pkgconfig/wengert.pc", @embedFile("wengert.pc.in"));
    addFile(b, facts, "pkgconfig/wengert-static.pc", @embedFile("wengert-static.pc.in"));
    addFile(b, facts, "cmake/wengert/wengertConfig.cmake", @embedFile("wengertConfig.cmake.in"));
    addFile(b, facts, "cmake/wengert/wengertConfigVersion.cmake", @embedFile("wengertConfigVersion.cmake.in"));
}

fn addFile(b: *std.Build, facts: Facts, path: []const u8, template: []const u8) void {
    const windows = facts.os == .windows;
    const libraries: []const []const u8 = switch (facts.os) {
        .windows => &.{ "psapi", "user32", "advapi32", "iphlpapi", "userenv", "ws2_32" },
        .linux => &.{ "pthread", "dl", "rt", "m" },
        else => &.{"m"},
    };
    const values = [_][2][]const u8{
        .{ "@VERSION@", facts.version },
        .{ "@REQUIRES@", std.mem.trim(u8, b.fmt("{s} {s}", .{
            if (facts.uv_is_system) "libuv" else "", if (facts.zlib_is_system) "zlib" else "",
        }), " ") },
        .{ "@SYSTEM@", b.fmt("{s}{s}", .{
            if (facts.uv_is_system) "uv;" else "", if (facts.zlib_is_system) "z;" else "",
        }) },
        .{ "@FLAGS@", joined(b, "-l", " ", libraries) },
        .{ "@LIBRARIES@", joined(b, "", ";", libraries) },
        .{ "@ARCHIVE@", if (windows) "wengert.lib" else "libwengert.a" },
        .{ "@SHARED@", switch (facts.os) {
            .windows => "bin/wengert.dll",
            .macos => "lib/libwengert.dylib",
            else => "lib/libwengert.so",
        } },
    };
    var text = template;
    for (values) |value|
        text = std.mem.replaceOwned(u8, b.allocator, text, value[0], value[1]) catch @panic("OOM");
    const file = b.addWriteFiles().add(std.fs.path.basename(path), text);
    b.getInstallStep().dependOn(&b.addInstallFileWithDir(file, .lib, path).step);
}

fn joined(b: *std.Build, before: []const u8, between: []const u8, names: []const []const u8) []const u8 {
    var text: []const u8 = "";
    for (names, 0..) |name, i| text = b.fmt("{s}{s}{s}{s}", .{ text, if (i > 0) between else "", before, name });
    return text;
}
