//! How things are compiled: the flags, the instruction set levels, where third parties come from, and one
//! function for each kind of thing built: library, kernel object, user's program.
const std = @import("std");
const builtin = @import("builtin");
const zon = @import("../build.zig.zon");
const libuv = @import("libuv.zig");
const inflate = @import("zlib.zig");

const Project = @This();
const Compile = std.Build.Step.Compile;
const LazyPath = std.Build.LazyPath;
pub const Optimize = std.builtin.OptimizeMode;

/// Files, named from the root of the tree.
pub const Lists = struct {
    include_dirs: []const []const u8,
    library: []const []const u8,
    /// Compiled against the first `nn_include_count` include folders alone.
    nn: []const []const u8,
    nn_include_count: usize,
    /// Compiled once per level.
    kernels: []const []const u8,
};

/// -ffp-contract=off: no product and sum become one rounding unless the source says so, so all levels give the
/// same bits. -D_GNU_SOURCE: uv.h needs what plain C11 hides.
pub const strict = [_][]const u8{
    "-std=c11",             "-Wall",             "-Wextra",       "-Wpedantic",
    "-Wshadow",             "-Wconversion",      "-Werror",       "-Wstrict-prototypes",
    "-Wmissing-prototypes", "-ffp-contract=off", "-D_GNU_SOURCE",
};
/// The library's own files record no place of their own: their nodes carry the user's.
const library_flags = strict ++ .{
    "-fvisibility=hidden", "-DWG_NO_LOCATION", "-DWG_VERSION=\"" ++ zon.version ++ "\"",
};
const kernel_flags = library_flags ++ .{"-O3"};
/// Where files, texts or the ops that are recorded are the slow part, a third of the size is worth more.
const small_flags = library_flags ++ .{"-Os"};
const small_folders = [_][]const u8{ "runtime/data/", "runtime/train/", "runtime/report/" };

fn isSmall(path: []const u8) bool {
    for (small_folders) |folder| if (std.mem.startsWith(u8, path, folder)) return true;
    return false;
}

/// A processor without vectors cannot follow every hint that a loop be made of them.
const kernel_flags_other = kernel_flags ++ .{"-Wno-pass-failed"};
pub const cpp_flags = [_][]const u8{ "-std=c++20", "-Wall", "-Wextra", "-Wno-missing-field-initializers", "-Werror" };

pub const Level = struct { name: []const u8, macro: []const u8, cpu: ?*const std.Target.Cpu.Model = null };
const portable: Level = .{ .name = "portable", .macro = "WG_LEVEL_PORTABLE" };
const levels_x86 = [_]Level{
    portable,
    .{ .name = "sse2", .macro = "WG_LEVEL_SSE2" },
    .{ .name = "avx2", .macro = "WG_LEVEL_AVX2", .cpu = &std.Target.x86.cpu.x86_64_v3 },
    .{ .name = "avx512", .macro = "WG_LEVEL_AVX512", .cpu = &std.Target.x86.cpu.x86_64_v4 },
};
const levels_arm = [_]Level{ portable, .{ .name = "neon", .macro = "WG_LEVEL_NEON" } };
const levels_other = [_]Level{portable};

pub fn levelsOf(arch: std.Target.Cpu.Arch) []const Level {
    return switch (arch) {
        .x86_64 => &levels_x86,
        .aarch64 => &levels_arm,
        else => &levels_other,
    };
}

// Typed, since the names are declarations in Zig 0.17 and enumerators in 0.16.
const debug: Optimize = .Debug;
const fast: Optimize = .ReleaseFast;
const small: Optimize = .ReleaseSmall;

b: *std.Build,
lists: Lists,
target: std.Build.ResolvedTarget,
optimize: Optimize = .Debug,
tsan: bool,
native: bool,
uv_is_system: bool,
uv: ?*std.Build.Dependency,
zlib_is_system: bool,
zlib: ?*std.Build.Dependency,
/// uv.h and zlib.h (the system's) and xxhash.h, and nothing else of where they come from
headers: LazyPath,
simde: LazyPath,
kernel_objects: []const *Compile,

pub fn init(b: *std.Build, target: std.Build.ResolvedTarget, lists: Lists) Project {
    const host = b.graph.host.result;
    const native = target.query.isNativeOs() and target.query.isNativeAbi() and
        target.result.cpu.arch == host.cpu.arch and target.result.os.tag == .linux;
    const is_root = b.pkg_hash.len == 0; // As a package of somebody else: everything from source.
    const has_debian = is_root and host.os.tag == .linux;
    const headers = b.addWriteFiles();
    const simde = b.addWriteFiles();
    // Headers do not depend on the target, so the installed ones serve cross builds too. They are
    // copied, because -I/usr/include would drag the host's C library into them.
    if (fromSystem(b, "simde", has_debian)) {
        copyHeaders(simde, .{ .cwd_relative = "/usr/include/simde" }, "simde");
    } else if (b.lazyDependency("simde", .{})) |source| copyHeaders(simde, source.path("simde"), "simde");
    if (fromSystem(b, "xxhash", has_debian)) {
        _ = headers.addCopyFile(.{ .cwd_relative = "/usr/include/xxhash.h" }, "xxhash.h");
    } else if (b.lazyDependency("xxhash", .{})) |source|
        _ = headers.addCopyFile(source.path("xxhash.h"), "xxhash.h");
    const uv_is_system = fromSystem(b, "libuv", native and is_root);
    if (uv_is_system) { // Without a host compiler Zig does not look into /usr/include at all.
        _ = headers.addCopyFile(.{ .cwd_relative = "/usr/include/uv.h" }, "uv.h");
        copyHeaders(headers, .{ .cwd_relative = "/usr/include/uv" }, "uv");
    }
    const zlib_is_system = fromSystem(b, "zlib", native and is_root);
    if (zlib_is_system) for ([_][]const u8{ "zlib.h", "zconf.h" }) |name| {
        _ = headers.addCopyFile(.{ .cwd_relative = b.fmt("/usr/include/{s}", .{name}) }, name);
    };
    var project: Project = .{
        .b = b,
        .lists = lists,
        .target = target,
        .tsan = false,
        .native = native,
        .uv_is_system = uv_is_system,
        .uv = if (uv_is_system) null else b.lazyDependency("libuv", .{}),
        .zlib_is_system = zlib_is_system,
        .zlib = if (zlib_is_system) null else b.lazyDependency("zlib", .{}),
        .headers = headers.getDirectory(),
        .simde = simde.getDirectory(),
        .kernel_objects = &.{},
    };
    project.kernel_objects = project.kernelObjects(lists.kernels);
    return project;
}

pub fn withMode(project: Project, optimize: Optimize) Project {
    var copy = project;
    copy.optimize = optimize;
    return copy;
}

/// Everything under ThreadSanitizer.
pub fn withRaces(project: Project) Project {
    var copy = project;
    copy.tsan = true;
    copy.kernel_objects = copy.kernelObjects(copy.lists.kernels);
    return copy;
}

pub fn module(project: Project) *std.Build.Module {
    const mod = project.b.createModule(.{
        .target = project.target,
        .optimize = project.optimize,
        .link_libc = true,
        .pic = true, // The objects serve both libraries, and gcc links position independent programs.
    });
    if (project.tsan) mod.sanitize_thread = true;
    // Nothing here throws: a tenth of what is installed would be tables for those who do.
    if (project.optimize == fast or project.optimize == small) mod.unwind_tables = .none;
    if (project.optimize == fast or project.optimize == small) mod.addCMacro("NDEBUG", "1");
    return mod;
}

/// Messages and assertions name files as the tree does, not as this machine does.
pub fn addFiles(project: Project, mod: *std.Build.Module, files: []const []const u8, flags: []const []const u8) void {
    const b = project.b;
    const map = b.fmt("-fmacro-prefix-map={s}/=", .{rootPath(b)});
    mod.addCSourceFiles(.{
        .files = files,
        .flags = std.mem.concat(b.allocator, []const u8, &.{ flags, &.{map} }) catch @panic("OOM"),
    });
}

/// Adds what the library's own files and the tests see beyond the public headers.
pub fn addInternals(project: Project, mod: *std.Build.Module) void {
    mod.addIncludePath(project.b.path("."));
    mod.addSystemIncludePath(project.headers);
    if (project.uv) |uv| mod.addSystemIncludePath(uv.path("include"));
    if (project.zlib) |source| mod.addSystemIncludePath(source.path(""));
    switch (project.target.result.cpu.arch) {
        .x86_64 => mod.addCMacro("WG_HAVE_X86_LEVELS", "1"),
        .aarch64 => mod.addCMacro("WG_HAVE_NEON", "1"),
        else => {},
    }
}

pub fn addIncludes(project: Project, mod: *std.Build.Module) void {
    for (project.lists.include_dirs) |dir| mod.addIncludePath(project.b.path(dir));
}

/// One object a kernel file and level. Libraries of all modes share them, optimised: tests of Debug kernels
/// would crawl, and so what is tested is what ships.
pub fn kernelObjects(project: Project, kernels: []const []const u8) []const *Compile {
    const levels = levelsOf(project.target.result.cpu.arch);
    const flags: []const []const u8 = if (levels.len == 1) &kernel_flags_other else &kernel_flags;
    const objects = project.b.allocator.alloc(*Compile, levels.len * kernels.len) catch @panic("OOM");
    for (levels, 0..) |level, i| {
        var query = project.target.query;
        if (level.cpu) |cpu| query.cpu_model = .{ .explicit = cpu };
        var own = project.withMode(.ReleaseFast);
        own.target = project.b.resolveTargetQuery(query);
        for (kernels, 0..) |file, j| {
            const mod = own.module();
            own.addIncludes(mod);
            own.addInternals(mod);
            mod.addSystemIncludePath(project.simde);
            mod.addCMacro("WG_LEVEL", level.name);
            mod.addCMacro(level.macro, "1");
            project.addFiles(mod, &.{file}, flags);
            objects[i * kernels.len + j] = project.b.addObject(.{
                .name = project.b.fmt("{s}_{s}", .{ std.fs.path.stem(file), level.name }),
                .root_module = mod,
            });
        }
    }
    return objects;
}

/// A file of graph/nn: no private header can be found.
fn nnObject(project: Project, file: []const u8) *Compile {
    const mod = project.module();
    for (project.lists.include_dirs[0..project.lists.nn_include_count]) |dir| mod.addIncludePath(project.b.path(dir));
    project.addFiles(mod, &.{file}, if (project.optimize == fast) &small_flags else &library_flags);
    return project.b.addObject(.{
        .name = project.b.fmt("nn_{s}", .{std.fs.path.stem(file)}),
        .root_module = mod,
    });
}

pub fn library(project: Project, linkage: std.builtin.LinkMode) *Compile {
    const b = project.b;
    const mod = project.module();
    project.addIncludes(mod);
    project.addInternals(mod);
    // A build for Debug or for size says itself how.
    const is_fast = project.optimize == fast;
    for (project.lists.library) |file| {
        project.addFiles(mod, &.{file}, if (is_fast and isSmall(file)) &small_flags else &library_flags);
    }
    for (project.lists.nn) |file| mod.addObject(project.nnObject(file));
    for (project.kernel_objects) |object| mod.addObject(object);
    // Zig 0.16 would put libuv.so itself into the archive, so there each program links it.
    if (linkage == .dynamic or builtin.zig_version.minor >= 17) project.linkSystem(mod);
    if (project.uv) |uv| libuv.addTo(mod, uv, project.target.result);
    if (project.zlib) |source| inflate.addTo(mod, source);

    const lib = b.addLibrary(.{
        .name = "wengert",
        .linkage = linkage,
        .root_module = mod,
        .version = std.SemanticVersion.parse(zon.version) catch unreachable,
    });
    for (project.lists.include_dirs) |dir| lib.installHeadersDirectory(b.path(dir), "", .{});
    // So that another compiler than Zig can link a Debug library.
    if (linkage == .static and project.optimize == debug) lib.bundle_ubsan_rt = true;
    return lib;
}

/// A program as a user builds it: public headers only.
pub fn program(project: Project, name: []const u8, files: []const []const u8, lib: *Compile) *Compile {
    const mod = project.module();
    project.addIncludes(mod);
    if (project.uv) |uv| mod.addSystemIncludePath(uv.path("include"));
    const is_cpp = std.mem.endsWith(u8, files[0], ".cpp");
    if (is_cpp) mod.link_libcpp = true;
    project.addFiles(mod, files, if (is_cpp) &cpp_flags else &strict);
    project.link(mod, lib);
    return project.b.addExecutable(.{ .name = name, .root_module = mod });
}

pub fn link(project: Project, mod: *std.Build.Module, lib: *Compile) void {
    mod.linkLibrary(lib);
    project.linkSystem(mod);
}

fn linkSystem(project: Project, mod: *std.Build.Module) void {
    if (project.uv_is_system) mod.linkSystemLibrary("libuv", .{});
    if (project.zlib_is_system) mod.linkSystemLibrary("zlib", .{});
}

pub fn fromSystem(b: *std.Build, name: []const u8, default: bool) bool {
    // null lets --system DIR turn every one of them on.
    return b.systemIntegrationOption(name, .{ .default = if (b.graph.system_package_mode) null else default });
}

fn copyHeaders(to: *std.Build.Step.WriteFile, from: LazyPath, name: []const u8) void {
    _ = to.addCopyDirectory(from, name, .{ .include_extensions = &.{".h"} });
}

fn rootPath(b: *std.Build) []const u8 {
    if (comptime @hasDecl(std.Build, "pathFromRoot")) return b.pathFromRoot(""); // 0.16
    return b.root.toString(b.allocator) catch @panic("OOM");
}
