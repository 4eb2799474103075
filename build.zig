//! How Wengert is built. The idea: the lists below say what there is, each function after them makes one
//! kind of thing, and `build` at their head reads as the table of contents.
//!
//! One library from explicit lists of files, four layers with one include arrow. Kernel files are compiled
//! once per instruction set level, each as its own object for its own processor, and chosen at run time;
//! all else is built for the baseline processor. Tests run twice from the same bodies, on Criterion and on
//! tests/support/runner.c. Every leg of the test command leaves its counts in a file, and a last step adds
//! them up.
//!
//! Only calls that Zig 0.16 and 0.17 both have are used; what differs stands in the last functions here and in
//! build/project.zig.
const std = @import("std");
const builtin = @import("builtin");
const zon = @import("build.zig.zon");
const package = @import("build/package.zig");
const Project = @import("build/project.zig");

// ---- what there is ---------------------------------------------------------------------------

const core_sources = [_][]const u8{
    "core/allocator.c",
    "core/arena.c",
    "core/cpu.c",
    "core/dtype.c",
    "core/hash.c",
    "core/integer.c",
    "core/narrow.c",
    "core/number.c",
    "core/random.c",
    "core/shape.c",
    "core/size.c",
    "core/status.c",
    "core/text.c",
    "core/version.c",
    "core/view.c",
};
const ops_sources = [_][]const u8{
    "ops/along.c",
    "ops/along_eval.c",
    "ops/assemble.c",
    "ops/batch.c",
    "ops/body.c",
    "ops/copy.c",
    "ops/derive.c",
    "ops/emit.c",
    "ops/extern.c",
    "ops/gamma.c",
    "ops/index.c",
    "ops/index_eval.c",
    "ops/infer.c",
    "ops/joint.c",
    "ops/map.c",
    "ops/mark.c",
    "ops/matmul.c",
    "ops/matmul_eval.c",
    "ops/move.c",
    "ops/move_eval.c",
    "ops/number.c",
    "ops/order_eval.c",
    "ops/reduce.c",
    "ops/reduce_eval.c",
    "ops/run.c",
    "ops/scan.c",
    "ops/select.c",
    "ops/source.c",
    "ops/table.c",
    "ops/tile.c",
    "ops/window.c",
};
const graph_sources = [_][]const u8{
    "graph/adjoint.c",
    "graph/along.c",
    "graph/axis.c",
    "graph/body.c",
    "graph/capture.c",
    "graph/cons.c",
    "graph/custom.c",
    "graph/einsum.c",
    "graph/elementwise.c",
    "graph/error.c",
    "graph/extern.c",
    "graph/follow.c",
    "graph/forward.c",
    "graph/grad.c",
    "graph/infer.c",
    "graph/intern.c",
    "graph/jacobian.c",
    "graph/key.c",
    "graph/leaf.c",
    "graph/location.c",
    "graph/made.c",
    "graph/mask.c",
    "graph/move.c",
    "graph/note.c",
    "graph/number.c",
    "graph/order.c",
    "graph/own.c",
    "graph/parameter.c",
    "graph/params.c",
    "graph/params_text.c",
    "graph/part.c",
    "graph/path.c",
    "graph/print.c",
    "graph/product.c",
    "graph/random.c",
    "graph/recompute.c",
    "graph/record.c",
    "graph/reduce.c",
    "graph/replay.c",
    "graph/replay_body.c",
    "graph/reverse.c",
    "graph/rule.c",
    "graph/scan.c",
    "graph/scope.c",
    "graph/span.c",
    "graph/sweep.c",
    "graph/tape.c",
    "graph/total.c",
    "graph/value.c",
    "graph/version.c",
    "graph/window.c",
    "graph/vmap.c",
};
/// Compiled against the public headers alone, as a user's files are.
const nn_sources = [_][]const u8{
    "graph/nn/activation.c",
    "graph/nn/activation_find.c",
    "graph/nn/activation_gate.c",
    "graph/nn/activation_piecewise.c",
    "graph/nn/attention.c",
    "graph/nn/average.c",
    "graph/nn/convolution.c",
    "graph/nn/ctc.c",
    "graph/nn/formula.c",
    "graph/nn/formula_circular.c",
    "graph/nn/formula_hyperbolic.c",
    "graph/nn/formula_spread.c",
    "graph/nn/init.c",
    "graph/nn/layer.c",
    "graph/nn/loss.c",
    "graph/nn/loss_accuracy.c",
    "graph/nn/loss_distance.c",
    "graph/nn/norm.c",
    "graph/nn/optimizer.c",
    "graph/nn/optimizer_rule.c",
    "graph/nn/pooling.c",
    "graph/nn/recurrent.c",
    "graph/nn/schedule.c",
};
const runtime_sources = [_][]const u8{
    "runtime/absorb.c",
    "runtime/advice.c",
    "runtime/batch.c",
    "runtime/cache.c",
    "runtime/check.c",
    "runtime/cores.c",
    "runtime/cost.c",
    "runtime/data/archive.c",
    "runtime/data/csv.c",
    "runtime/data/csv_choose.c",
    "runtime/data/csv_scan.c",
    "runtime/data/csv_table.c",
    "runtime/data/dataset.c",
    "runtime/data/decimal.c",
    "runtime/data/element.c",
    "runtime/data/feed.c",
    "runtime/data/file.c",
    "runtime/data/generate.c",
    "runtime/data/generate_events.c",
    "runtime/data/idx.c",
    "runtime/data/json.c",
    "runtime/data/labels.c",
    "runtime/data/loader.c",
    "runtime/data/npy.c",
    "runtime/data/npz.c",
    "runtime/data/order.c",
    "runtime/data/params_load.c",
    "runtime/data/params_save.c",
    "runtime/data/safetensors.c",
    "runtime/data/scaler.c",
    "runtime/data/split.c",
    "runtime/data/stream.c",
    "runtime/data/system.c",
    "runtime/data/zip.c",
    "runtime/fault.c",
    "runtime/fingerprint.c",
    "runtime/finite.c",
    "runtime/float.c",
    "runtime/fold.c",
    "runtime/frame.c",
    "runtime/fuse.c",
    "runtime/key.c",
    "runtime/lead.c",
    "runtime/loop.c",
    "runtime/place.c",
    "runtime/plan.c",
    "runtime/pool.c",
    "runtime/print.c",
    "runtime/profile.c",
    "runtime/program.c",
    "runtime/read.c",
    "runtime/recording.c",
    "runtime/region.c",
    "runtime/replay.c",
    "runtime/report/chart.c",
    "runtime/report/histogram.c",
    "runtime/report/html.c",
    "runtime/report/layers.c",
    "runtime/report/matrix.c",
    "runtime/report/model.c",
    "runtime/report/receipt.c",
    "runtime/report/report.c",
    "runtime/report/roc.c",
    "runtime/report/search.c",
    "runtime/report/style.c",
    "runtime/report/surface.c",
    "runtime/report/ticks.c",
    "runtime/report/values.c",
    "runtime/run.c",
    "runtime/runtime.c",
    "runtime/sequence.c",
    "runtime/shard.c",
    "runtime/simplify.c",
    "runtime/slice.c",
    "runtime/tile.c",
    "runtime/train/confusion.c",
    "runtime/train/curve.c",
    "runtime/train/eigen.c",
    "runtime/train/checkpoint.c",
    "runtime/train/config.c",
    "runtime/train/evaluate.c",
    "runtime/train/fit.c",
    "runtime/train/history.c",
    "runtime/train/kmeans.c",
    "runtime/train/layers.c",
    "runtime/train/lbfgs.c",
    "runtime/train/pass.c",
    "runtime/train/pca.c",
    "runtime/train/progress.c",
    "runtime/train/repeat.c",
    "runtime/train/results.c",
    "runtime/train/search.c",
    "runtime/train/train.c",
    "runtime/train/values.c",
    "runtime/turn.c",
    "runtime/value.c",
};

/// Compiled once per level.
const kernels = [_][]const u8{
    "ops/kernels/chain.c",
    "ops/kernels/map.c",
    "ops/kernels/matmul.c",
    "ops/kernels/random.c",
    "ops/kernels/reduce.c",
    "ops/kernels/run.c",
};

const tests = [_][]const u8{
    "tests/api/test_networks.c",
    "tests/api/test_programs.c",
    "tests/api/test_statements.c",
    "tests/api/test_tagger.c",
    "tests/api/test_training.c",
    "tests/core/test_allocator.c",
    "tests/core/test_arena.c",
    "tests/core/test_cpu.c",
    "tests/core/test_dtype.c",
    "tests/core/test_hash.c",
    "tests/core/test_headers.c",
    "tests/core/test_integer.c",
    "tests/core/test_layout.c",
    "tests/core/test_narrow.c",
    "tests/core/test_number.c",
    "tests/core/test_random.c",
    "tests/core/test_shape.c",
    "tests/core/test_size.c",
    "tests/core/test_status.c",
    "tests/core/test_text.c",
    "tests/core/test_version.c",
    "tests/core/test_view.c",
    "tests/graph/test_activation.c",
    "tests/graph/test_activation_gate.c",
    "tests/graph/test_attention.c",
    "tests/graph/test_average.c",
    "tests/graph/test_body.c",
    "tests/graph/test_branch.c",
    "tests/graph/test_constructor.c",
    "tests/graph/test_contract.c",
    "tests/graph/test_convolution.c",
    "tests/graph/test_ctc.c",
    "tests/graph/test_derivative.c",
    "tests/graph/test_einsum.c",
    "tests/graph/test_formula.c",
    "tests/graph/test_formula_circular.c",
    "tests/graph/test_formula_hyperbolic.c",
    "tests/graph/test_formula_spread.c",
    "tests/graph/test_forward.c",
    "tests/graph/test_grad.c",
    "tests/graph/test_init.c",
    "tests/graph/test_layer.c",
    "tests/graph/test_location.c",
    "tests/graph/test_loss.c",
    "tests/graph/test_loss_distance.c",
    "tests/graph/test_loss_golden.c",
    "tests/graph/test_loss_outcome.c",
    "tests/graph/test_mask.c",
    "tests/graph/test_message.c",
    "tests/graph/test_norm.c",
    "tests/graph/test_optimizer.c",
    "tests/graph/test_optimizer_rule.c",
    "tests/graph/test_params.c",
    "tests/graph/test_pooling.c",
    "tests/graph/test_random.c",
    "tests/graph/test_record.c",
    "tests/graph/test_recurrent.c",
    "tests/graph/test_refusal.c",
    "tests/graph/test_scan.c",
    "tests/graph/test_schedule.c",
    "tests/graph/test_scope.c",
    "tests/graph/test_span.c",
    "tests/graph/test_spelling.c",
    "tests/graph/test_tape.c",
    "tests/graph/test_version.c",
    "tests/ops/test_along.c",
    "tests/ops/test_copy.c",
    "tests/ops/test_derive.c",
    "tests/ops/test_derive_edges.c",
    "tests/ops/test_gamma.c",
    "tests/ops/test_index.c",
    "tests/ops/test_infer.c",
    "tests/ops/test_map.c",
    "tests/ops/test_mark.c",
    "tests/ops/test_math.c",
    "tests/ops/test_matmul.c",
    "tests/ops/test_move.c",
    "tests/ops/test_mutants.c",
    "tests/ops/test_nan.c",
    "tests/ops/test_number.c",
    "tests/ops/test_order.c",
    "tests/ops/test_orders.c",
    "tests/ops/test_reduce.c",
    "tests/ops/test_rules.c",
    "tests/ops/test_run.c",
    "tests/ops/test_source.c",
    "tests/ops/test_sweep.c",
    "tests/ops/test_sweep_f64.c",
    "tests/ops/test_table.c",
    "tests/ops/test_whole.c",
    "tests/ops/test_window.c",
    "tests/ops/test_words.c",
    "tests/runtime/test_absorb.c",
    "tests/runtime/test_allocation.c",
    "tests/runtime/test_archive.c",
    "tests/runtime/test_bits.c",
    "tests/runtime/test_branch_price.c",
    "tests/runtime/test_cache.c",
    "tests/runtime/test_check.c",
    "tests/runtime/test_check_table.c",
    "tests/runtime/test_checkpoint.c",
    "tests/runtime/test_commit.c",
    "tests/runtime/test_config.c",
    "tests/runtime/test_csv.c",
    "tests/runtime/test_custom.c",
    "tests/runtime/test_dataset.c",
    "tests/runtime/test_environment.c",
    "tests/runtime/test_evaluate.c",
    "tests/runtime/test_fault.c",
    "tests/runtime/test_file.c",
    "tests/runtime/test_finite.c",
    "tests/runtime/test_follow.c",
    "tests/runtime/test_fuse.c",
    "tests/runtime/test_generate.c",
    "tests/runtime/test_graphs.c",
    "tests/runtime/test_history.c",
    "tests/runtime/test_host.c",
    "tests/runtime/test_idx.c",
    "tests/runtime/test_jacobian.c",
    "tests/runtime/test_layers.c",
    "tests/runtime/test_lbfgs.c",
    "tests/runtime/test_lead.c",
    "tests/runtime/test_lessons.c",
    "tests/runtime/test_loader.c",
    "tests/runtime/test_metrics.c",
    "tests/runtime/test_npy.c",
    "tests/runtime/test_npz.c",
    "tests/runtime/test_plan.c",
    "tests/runtime/test_pool.c",
    "tests/runtime/test_profile.c",
    "tests/runtime/test_program.c",
    "tests/runtime/test_progress.c",
    "tests/runtime/test_read.c",
    "tests/runtime/test_recompute.c",
    "tests/runtime/test_repeat.c",
    "tests/runtime/test_report.c",
    "tests/runtime/test_report_job.c",
    "tests/runtime/test_rows.c",
    "tests/runtime/test_safetensors.c",
    "tests/runtime/test_schedule.c",
    "tests/runtime/test_scaler.c",
    "tests/runtime/test_scan.c",
    "tests/runtime/test_scan_run.c",
    "tests/runtime/test_scan_transform.c",
    "tests/runtime/test_sketch.c",
    "tests/runtime/test_search.c",
    "tests/runtime/test_split.c",
    "tests/runtime/test_stream.c",
    "tests/runtime/test_stream_train.c",
    "tests/runtime/test_train.c",
    "tests/runtime/test_train_failure.c",
    "tests/runtime/test_unsupervised.c",
    "tests/runtime/test_vmap.c",
    "tests/support/test_memory.c",
};
const test_support = [_][]const u8{
    "tests/support/arrays.c",
    "tests/support/check.c",
    "tests/support/declarations.c",
    "tests/support/difference.c",
    "tests/support/dual.c",
    "tests/support/files.c",
    "tests/support/guard.c",
    "tests/support/immediate.c",
    "tests/support/layout.c",
    "tests/support/memory.c",
    "tests/support/mutant.c",
    "tests/support/orders.c",
    "tests/support/parallel.c",
    "tests/support/problem.c",
    "tests/support/replay.c",
    "tests/support/sketch.c",
    "tests/support/sketch_make.c",
    "tests/support/specimen.c",
};
const runner = "tests/support/runner.c";

/// Programs that must succeed and, where NAME.txt stands beside NAME.c, print exactly that.
const programs = [_][]const u8{
    "examples/00_derivative.c",
    "examples/01_activation.c",
    "examples/02_loop.c",
    "examples/03_program.c",
    "examples/04_check.c",
    "examples/07_reproduce.c",
    "examples/08_playground.c",
    "examples/09_gradients.c",
    "examples/10_autoencoder.c",
    "examples/11_cnn.c",
    "examples/12_text.c",
    "examples/13_training.c",
    "examples/14_burgers.c",
    "examples/15_per_sample.c",
    "examples/16_profit.c",
    "examples/17_policy.c",
    "examples/19_table.c",
    "examples/20_clusters.c",
    "examples/21_minima.c",
    "tests/api/p20_cpp.cpp",
};
/// Programs as users write them, called by tests/api/test_programs.c: `main` of NAME.c is NAME_main there.
const api_programs = [_][]const u8{
    "tests/api/p01_third_derivative.c",
    "tests/api/p02_activation.c",
    "tests/api/p03_loss.c",
    "tests/api/p04_mlp_loop.c",
    "tests/api/p05_cnn.c",
    "tests/api/p06_lstm.c",
    "tests/api/p07_attention.c",
    "tests/api/p08_gan.c",
    "tests/api/p09_maml.c",
    "tests/api/p10_pinn.c",
    "tests/api/p11_per_sample.c",
    "tests/api/p12_newton_cg.c",
    "tests/api/p13_transfer.c",
    "tests/api/p14_own_optimizer_norm.c",
    "tests/api/p15_custom_rule_extern.c",
    "tests/api/p16_two_threads.c",
    "tests/api/p17_embedded.c",
    "tests/api/p18_inspect.c",
    "tests/api/p19_model.c",
    "tests/api/p19_trainer.c",
};
/// Programs that look at a function from all sides, the table each makes of the library's, and what they share.
const labs = [_]struct { file: []const u8, table: []const u8 }{
    .{ .file = "examples/05_activation_lab.c", .table = "examples/activations.md" },
    .{ .file = "examples/06_loss_lab.c", .table = "examples/losses.md" },
};
const lab_sources = [_][]const u8{
    "examples/lab/curve.c",
    "examples/lab/plot.c",
};
/// The main job.
const ttbar_sources = [_][]const u8{
    "examples/ttbar/chi2.c",
    "examples/ttbar/events.c",
    "examples/ttbar/fit.c",
    "examples/ttbar/grid.c",
    "examples/ttbar/inputs.c",
    "examples/ttbar/kinematics.c",
    "examples/ttbar/main.c",
    "examples/ttbar/network.c",
    "examples/ttbar/options.c",
    "examples/ttbar/results.c",
};
const bench_sources = [_][]const u8{
    "benchmarks/bench_activation.c",
    "benchmarks/bench_main.c",
    "benchmarks/bench_matmul.c",
    "benchmarks/bench_order.c",
    "benchmarks/bench_pool.c",
    "benchmarks/bench_program.c",
    "benchmarks/bench_rows.c",
    "benchmarks/bench_start.c",
    "benchmarks/bench_step.c",
    "benchmarks/harness.c",
    "benchmarks/session.c",
};
/// The list of bits and what may not change it.
const bits_sources = [_][]const u8{
    "tests/bits/composites.c",
    "tests/bits/input.c",
    "tests/bits/main.c",
    "tests/bits/primitives.c",
    "tests/bits/trainings.c",
};
const bits_list = "tests/bits/bits.txt";
/// What may not change a byte of it: variables of the environment, and options of the program. Levels are
/// varied too, those of the target.
const Setting = struct { name: []const u8, values: []const []const u8, is_for_emulators: bool = false };
const bits_settings = [_]Setting{
    .{ .name = "WENGERT_THREADS", .values = &.{ "1", "2", "3", "7", "16", "64" } },
    .{ .name = "WENGERT_PLAN", .values = &.{"plain"}, .is_for_emulators = true },
    .{ .name = "--rows", .values = &.{ "1", "13", "any" } },
    .{ .name = "--shift", .values = &.{ "4", "9" } },
    .{ .name = "--host", .values = &.{ "flush", "up", "down", "chop" }, .is_for_emulators = true },
    .{ .name = "--locale", .values = &.{"any"} },
};
/// Compiled once per level.
const bench_kernels = [_][]const u8{
    "benchmarks/fused.c",
    "benchmarks/limit.c",
};

const include_dirs = [_][]const u8{ "core/include", "graph/include", "runtime/include" };
const public_headers = [_][]const u8{
    "core/include/wengert/core.h",
    "graph/include/wengert/graph.h",
    "graph/include/wengert/nn.h",
    "graph/include/wengert/nn/activation.h",
    "graph/include/wengert/nn/attention.h",
    "graph/include/wengert/nn/convolution.h",
    "graph/include/wengert/nn/formula.h",
    "graph/include/wengert/nn/init.h",
    "graph/include/wengert/nn/layer.h",
    "graph/include/wengert/nn/loss.h",
    "graph/include/wengert/nn/norm.h",
    "graph/include/wengert/nn/optimizer.h",
    "graph/include/wengert/nn/schedule.h",
    "graph/include/wengert/nn/pooling.h",
    "graph/include/wengert/nn/recurrent.h",
    "graph/include/wengert/ops.h",
    "runtime/include/wengert/data.h",
    "runtime/include/wengert/metrics.h",
    "runtime/include/wengert/report.h",
    "runtime/include/wengert/runtime.h",
    "runtime/include/wengert/train.h",
    "runtime/include/wengert/unsupervised.h",
    "runtime/include/wengert/wengert.h",
};

const Optimize = Project.Optimize;
const debug: Optimize = .Debug;
const Compile = std.Build.Step.Compile;
const Run = std.Build.Step.Run;

comptime {
    const least = std.SemanticVersion.parse(zon.minimum_zig_version) catch unreachable;
    if (builtin.zig_version.order(least) == .lt)
        @compileError("wengert needs Zig " ++ zon.minimum_zig_version ++ " or newer; run ./zigw instead of zig");
}

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{ .default_target = .{ .cpu_model = .baseline } });
    const asked = b.option(Optimize, "optimize", "one mode for everything (default: Debug for tests, else ReleaseFast)") orelse
        releaseMode(b);
    const linkage = b.option(std.builtin.LinkMode, "linkage", "which library other packages get (default: static)") orelse .static;
    const project = Project.init(b, target, .{
        .include_dirs = &include_dirs,
        .library = &(core_sources ++ ops_sources ++ graph_sources ++ runtime_sources),
        .nn = &nn_sources,
        .nn_include_count = 2,
        .kernels = &kernels,
    });
    const fast = project.withMode(asked orelse .ReleaseFast);
    const checked = project.withMode(asked orelse .Debug);

    const library = addLibraries(fast, linkage);
    package.install(b, .{
        .version = zon.version,
        .os = target.result.os.tag,
        .uv_is_system = project.uv_is_system,
        .zlib_is_system = project.zlib_is_system,
    });
    addMainJob(fast, library);
    addBenchmarks(fast, library);
    const checked_library = checked.library(.static);
    const emulator = b.option([]const u8, "emulator", "what runs the tests of a foreign target, such as qemu-aarch64");
    const legs: Legs = .init(checked, emulator);
    addBits(fast, library, checked, checked_library, legs);
    if (target.result.os.tag == .linux) {
        const size = legs.add(hostTool(b, "size", &.{"build/size.c"}), "count", "size of the library", &.{});
        size.addArtifactArg(fast.library(.dynamic));
    }
    addTests(checked, checked_library, legs);
    addLongTests(fast, library, .init(fast, emulator));
    addRaces(checked.withRaces());
}

// ---- the steps -------------------------------------------------------------------------------

/// Installs both libraries; returns the static one. Other packages find `linkage` by artifact("wengert"),
/// which panics if the install step depends directly on two of that name: the second hangs on a step between.
fn addLibraries(project: Project, linkage: std.builtin.LinkMode) *Compile {
    const b = project.b;
    const static = project.library(.static);
    const shared = project.library(.dynamic);
    const first = if (linkage == .static) static else shared;
    const second = if (linkage == .static) shared else static;
    // The import library would be called wengert.lib, like the static one.
    b.getInstallStep().dependOn(&b.addInstallArtifact(first, .{ .implib_dir = .disabled }).step);
    const both = b.step("lib", "Build both libraries");
    both.dependOn(&b.addInstallArtifact(second, .{ .implib_dir = .disabled }).step);
    if (project.target.result.os.tag == .windows) {
        const definition = exports(b);
        shared.win32_module_definition = definition;
        definition.addStepDependencies(&shared.step); // Setting the field alone does not.
        both.dependOn(&b.addInstallFileWithDir(shared.getEmittedImplib(), .lib, "libwengert.dll.a").step);
    }
    b.getInstallStep().dependOn(both);
    return static;
}

/// What the public headers declare. Elsewhere their visibility pragma exports it.
fn exports(b: *std.Build) std.Build.LazyPath {
    const run = b.addRunArtifact(hostTool(b, "exports", &.{"build/exports.c"}));
    for (public_headers) |path| run.addFileArg(b.path(path));
    return run.captureStdOut(.{ .basename = "wengert.def" });
}

fn addMainJob(project: Project, lib: *Compile) void {
    const b = project.b;
    const step = b.step("run", "Train the ttbar classification on simulated events (-- --help for options)");
    if (ttbar_sources.len == 0) return;
    const run = b.addRunArtifact(project.program("ttbar", &ttbar_sources, lib));
    run.setCwd(b.path("."));
    passArguments(b, run);
    step.dependOn(&run.step);
}

fn addBenchmarks(project: Project, lib: *Compile) void {
    const b = project.b;
    const step = b.step("bench", "Run the benchmarks (-- --json FILE --filter TEXT --threads N)");
    const peers = b.step("bench-peers", "Run them and the same work in PyTorch and JAX (-- --filter TEXT --json FILE)");
    if (project.optimize == debug) {
        const fail = b.addFail("a Debug build has no meaningful times");
        step.dependOn(&fail.step);
        peers.dependOn(&fail.step);
    } else if (bench_sources.len > 0) {
        const mod = project.module();
        project.addIncludes(mod);
        project.addInternals(mod);
        project.addFiles(mod, &bench_sources, &Project.strict);
        for (project.kernelObjects(&bench_kernels)) |object| mod.addObject(object);
        project.link(mod, lib);
        const exe = b.addExecutable(.{ .name = "bench", .root_module = mod });
        const run = b.addRunArtifact(exe);
        passArguments(b, run);
        step.dependOn(&run.step);
        const python = b.graph.environ_map.get("WENGERT_PYTHON") orelse "python3";
        const compare = b.addSystemCommand(&.{ python, "benchmarks/peers/compare.py" });
        compare.addArtifactArg(exe);
        passArguments(b, compare);
        peers.dependOn(&compare.step);
    }
}

/// The list of bits: printed, compared for the test command, and compared alone.
fn addBits(shipped: Project, lib: *Compile, checked: Project, checked_lib: *Compile, legs: Legs) void {
    const b = shipped.b;
    const exe = bitsProgram(shipped, lib);
    const run = legs.runOf(exe);
    passArguments(b, run);
    b.step("bits", "Print the hash of everything the library computes (-- --only TEXT)").dependOn(&run.step);

    const same = legs.withPart("sum of bits");
    _ = same.add(exe, "check", "bits", &.{bits_list});
    addBitsSettings(exe, same);
    if (legs.emulator == null) { // There it is the same code, slower.
        _ = same.add(bitsProgram(checked, checked_lib), "check", "bits in Debug", &.{bits_list});
        if (bitsByGcc(shipped)) |other| _ = same.addFile(other, "check", "bits by gcc", &.{bits_list});
    }
    b.step("same", "Compare the list of bits with the one kept, each setting varied once").dependOn(&same.part.?.step);
}

/// Each setting varied once. An emulator makes the list some fifty times slower, and is there for the
/// processor's sake.
fn addBitsSettings(exe: *Compile, legs: Legs) void {
    for (bitsLevels(exe)) |level| addBitsSetting(exe, legs, "WENGERT_LEVEL", level.name);
    for (bits_settings) |setting| {
        if (legs.emulator != null and !setting.is_for_emulators) continue;
        for (setting.values) |value| addBitsSetting(exe, legs, setting.name, value);
    }
}

fn addBitsSetting(exe: *Compile, legs: Legs, name: []const u8, value: []const u8) void {
    const leg = legs.add(exe, "check", legs.b.fmt("bits with {s} {s}", .{ name, value }), &.{bits_list});
    if (name[0] == '-') leg.addArgs(&.{ name, value }) else leg.setEnvironmentVariable(name, value);
}

/// Every choice of all settings, a leg for each level.
fn addBitsProduct(exe: *Compile, legs: Legs) void {
    const b = legs.b;
    for (bitsLevels(exe)) |level| {
        var words: [bits_settings.len + 2][]const u8 = undefined;
        words[0] = bits_list;
        for (bits_settings, words[1 .. words.len - 1]) |setting, *word|
            word.* = b.fmt("{s}={s},", .{ setting.name, std.mem.join(b.allocator, ",", setting.values) catch @panic("OOM") });
        words[words.len - 1] = "--";
        const leg = legs.add(exe, "vary", b.fmt("bits with every choice at level {s}", .{level.name}), &words);
        leg.setEnvironmentVariable("WENGERT_LEVEL", level.name);
    }
}

fn bitsLevels(exe: *Compile) []const Project.Level {
    return Project.levelsOf(exe.root_module.resolved_target.?.result.cpu.arch);
}

/// The program as gcc builds it, where there is gcc: kept until a file that it was made of changes.
fn bitsByGcc(project: Project) ?std.Build.LazyPath {
    const b = project.b;
    if (!project.native or project.target.result.cpu.arch != .x86_64 or !hasProgram(b, "gcc")) return null;
    const run = b.addSystemCommand(&.{"sh"});
    run.setName("bits by gcc");
    run.setCwd(b.path("."));
    run.addFileArg(b.path("tests/bits/gcc.sh"));
    const exe = run.addOutputFileArg("bits");
    _ = run.addDepFileOutputArg("bits.d");
    return exe;
}

fn bitsProgram(project: Project, lib: *Compile) *Compile {
    const mod = project.module();
    project.addIncludes(mod);
    project.addInternals(mod);
    project.addFiles(mod, &bits_sources, &Project.strict);
    project.link(mod, lib);
    return project.b.addExecutable(.{ .name = "bits", .root_module = mod });
}

/// The test command: both runners, every program, the tidy check, and last of all the sum of their counts.
fn addTests(project: Project, lib: *Compile, legs: Legs) void {
    const b = project.b;
    const small = testProgram(project, "wg-tests", lib, false);
    _ = legs.add(small, "count", "tests on the small runner", &.{});

    const quick = legs.runOf(small);
    quick.has_side_effects = true;
    passArguments(b, quick);
    b.step("test-quick", "Tests on the small runner alone (-- TEXT for those whose suite/name contains it)").dependOn(&quick.step);

    if (tests.len > 0 and Project.fromSystem(b, "criterion", project.native)) {
        const criterion = testProgram(project, "wg-tests-criterion", lib, true);
        const run = legs.add(criterion, "count", "tests on Criterion", &.{});
        run.addArgs(&.{ "--timeout", "600" });
    }
    addTidy(project, legs);

    const examples = legs.withPart("sum of the examples");
    for (programs) |file| {
        const stem = std.fs.path.stem(file);
        const dir = std.fs.path.dirname(file).?;
        _ = examples.add(project.program(stem, &.{file}, lib), "check", file, &.{b.fmt("{s}/{s}.txt", .{ dir, stem })});
    }
    addLabs(project, lib, examples);
    addReport(project, lib, examples);
    const receipt = comptime std.mem.trimEnd(u8, @embedFile("examples/07_reproduce.txt"), "\r\n");
    const verify = examples.add(project.program("07_reproduce", &.{"examples/07_reproduce.c"}, lib), "check", "examples/07_reproduce.c --verify", &.{""});
    verify.addArgs(&.{ "--verify", receipt });
    // One epoch of the main job: its table is a matter of bits, and these are the same everywhere.
    const main_job = project.program("ttbar", &ttbar_sources, lib);
    const job = examples.add(main_job, "check", "examples/ttbar", &.{"examples/ttbar/ttbar.txt"});
    job.addArgs(&.{ "--epochs", "1", "--quiet", "--report" });
    _ = job.addOutputFileArg("ttbar.html");
    const grid = examples.add(main_job, "check", "examples/ttbar --grid", &.{"examples/ttbar/grid.txt"});
    grid.addArgs(&.{ "--epochs", "1", "--quiet", "--points", "layers=1,2 width=16,32", "--repeats", "2", "--grid" });
    _ = grid.addOutputFileArg("grid.txt");
    grid.addArg("--report");
    _ = grid.addOutputFileArg("grid.html");
    b.step("examples", "Build, run and check every example and API program").dependOn(&examples.part.?.step);
    b.step("test", "Run all tests; the last line is `N passed, N failed`").dependOn(&legs.sum.step);
}

/// The example of a report, and its page in a browser, where there is one.
fn addReport(project: Project, lib: *Compile, legs: Legs) void {
    const name = "examples/18_report.c";
    const example = legs.add(project.program("18_report", &.{name}, lib), "check", name, &.{"examples/18_report.txt"});
    const page = example.addOutputFileArg("18_report.html");
    const look = legs.add(hostTool(project.b, "browser", &.{"tests/support/browser.c"}), "count", "the report in a browser", &.{});
    look.addFileArg(page);
    _ = look.addOutputDirectoryArg("browser");
}

/// The same tests on the small runner with the long ones among them, optimised.
fn addLongTests(project: Project, lib: *Compile, legs: Legs) void {
    const b = project.b;
    const run = legs.add(testProgram(project, "wg-tests-long", lib, false), "count", "all tests, long ones too", &.{});
    run.addArg("--long");
    passArguments(b, run);
    if (b.args == null) addBitsProduct(bitsProgram(project, lib), legs);
    b.step("test-long", "All tests and those that take minutes to hours (-- TEXT as for test-quick)").dependOn(&legs.sum.step);
}

/// Their numbers and their tables are the same everywhere; of their pictures only that they are made.
fn addLabs(project: Project, lib: *Compile, legs: Legs) void {
    const b = project.b;
    inline for (labs) |lab| {
        const stem = comptime std.fs.path.stem(lab.file);
        const exe = project.program(stem, &([_][]const u8{lab.file} ++ lab_sources), lib);
        const run = legs.add(exe, "check", lab.file, &.{"examples/" ++ stem ++ ".txt"});
        _ = run.addOutputFileArg(stem ++ ".svg");
        const table = legs.add(exe, "check", lab.table, &.{lab.table});
        table.addArg("--table");
        b.step(stem, "Run " ++ lab.file ++ " (-- FILE.svg or --table)").dependOn(&labRun(b, exe).step);
    }
}

fn labRun(b: *std.Build, exe: *Compile) *Run {
    const run = b.addRunArtifact(exe);
    run.setCwd(b.path("."));
    passArguments(b, run);
    return run;
}

/// Everything on the small runner under ThreadSanitizer, with few threads and with many.
fn addRaces(project: Project) void {
    const b = project.b;
    const step = b.step("tsan", "Tests on the small runner under ThreadSanitizer (-- TEXT for some of them)");
    const exe = testProgram(project, "wg-tests-tsan", project.library(.static), false);
    var before: ?*std.Build.Step = null;
    for ([_][]const u8{ "1", "2", "8", "64" }) |threads| {
        const run = b.addRunArtifact(exe);
        run.setName(b.fmt("tests with {s} threads", .{threads}));
        run.setEnvironmentVariable("WENGERT_THREADS", threads);
        run.setEnvironmentVariable("TSAN_OPTIONS", "halt_on_error=1:die_after_fork=0");
        run.has_side_effects = true;
        passArguments(b, run);
        if (before) |other| run.step.dependOn(other); // One at a time: each has the machine.
        before = &run.step;
    }
    step.dependOn(before.?);
}

fn testProgram(project: Project, name: []const u8, lib: *Compile, criterion: bool) *Compile {
    const mod = project.module();
    project.addIncludes(mod);
    project.addInternals(mod);
    mod.addIncludePath(project.b.path("tests"));
    mod.addSystemIncludePath(project.simde); // The words of core/simd.h are tested one by one.
    mod.addIncludePath(headerList(project.b));
    if (criterion) mod.addCMacro("WG_USE_CRITERION", "1");
    project.addFiles(mod, &(tests ++ test_support), &Project.strict);
    @setEvalBranchQuota(10_000); // Taking the names of the programs apart.
    inline for (api_programs) |file| {
        const own = .{ "-Wno-missing-prototypes", "-Dmain=" ++ comptime std.fs.path.stem(file) ++ "_main" };
        project.addFiles(mod, &.{file}, &(Project.strict ++ own));
    }
    if (criterion) mod.linkSystemLibrary("criterion", .{}) else project.addFiles(mod, &.{runner}, &Project.strict);
    project.link(mod, lib);
    const exe = project.b.addExecutable(.{ .name = name, .root_module = mod });
    exe.link_gc_sections = false; // Else Criterion finds no test, and says so with exit status 0.
    if (!criterion) for ([_][]const u8{ "c", "cpp" }) |language| exe.step.dependOn(addHeaders(project, language));
    return exe;
}

/// A folder with public_headers.inc, from which tests/support/declarations.c knows what to read.
fn headerList(b: *std.Build) std.Build.LazyPath {
    var text: []const u8 = "";
    for (public_headers) |path| text = b.fmt("{s}\"{s}\",\n", .{ text, path });
    const files = b.addWriteFiles();
    _ = files.add("public_headers.inc", text);
    return files.getDirectory();
}

/// Compiles each public header alone, and all of them backwards: none leans on what another includes.
fn addHeaders(project: Project, language: []const u8) *std.Build.Step {
    const b = project.b;
    const is_cpp = std.mem.eql(u8, language, "cpp");
    const mod = project.module();
    if (is_cpp) mod.link_libcpp = true;
    project.addIncludes(mod);
    const files = b.addWriteFiles();
    var all: []const u8 = "";
    const flags = if (is_cpp) &Project.cpp_flags else &Project.strict;
    for (public_headers, 0..) |path, i| {
        const line = b.fmt("#include <{s}>\n", .{path[std.mem.indexOf(u8, path, "wengert/").?..]});
        mod.addCSourceFile(.{ .file = files.add(b.fmt("{d}.{s}", .{ i, language }), line), .flags = flags });
        all = b.fmt("{s}{s}", .{ line, all });
    }
    mod.addCSourceFile(.{ .file = files.add(b.fmt("backwards.{s}", .{language}), all), .flags = flags });
    return &b.addLibrary(.{ .name = b.fmt("headers_{s}", .{language}), .root_module = mod }).step;
}

fn addTidy(project: Project, legs: Legs) void {
    const b = project.b;
    const exe = hostTool(b, "tidy", &.{ "tests/tidy/tidy.c", "tests/tidy/tree.c" });
    _ = legs.add(exe, "count", "tidy", &.{});
    const run = b.addRunArtifact(exe);
    run.setCwd(b.path("."));
    b.step("tidy", "Check the rules that a compiler does not").dependOn(&run.step);
}

fn hostTool(b: *std.Build, name: []const u8, files: []const []const u8) *Compile {
    const mod = b.createModule(.{ .target = b.graph.host, .optimize = .Debug, .link_libc = true });
    mod.addCSourceFiles(.{ .files = files, .flags = &Project.strict });
    return b.addExecutable(.{ .name = name, .root_module = mod });
}

/// The legs of the test command. Each is a program run by tests/support/tally.c, which hands its output on,
/// writes its counts to a file and succeeds whatever happened: so the sum is always made, and last.
const Legs = struct {
    b: *std.Build,
    tally: *Compile,
    sum: *Run,
    part: ?*Run = null,
    emulator: ?[]const u8,

    fn init(project: Project, emulator: ?[]const u8) Legs {
        const b = project.b;
        const tally = hostTool(b, "tally", &.{"tests/support/tally.c"});
        return .{
            .b = b,
            .tally = tally,
            .sum = addSum(b, tally, "sum of all tests"),
            .emulator = emulator,
        };
    }

    /// The same, for legs that are summed by themselves too: a step that wants them alone fails with them.
    fn withPart(legs: Legs, name: []const u8) Legs {
        var copy = legs;
        copy.part = addSum(legs.b, legs.tally, name);
        return copy;
    }

    fn addSum(b: *std.Build, tally: *Compile, name: []const u8) *Run {
        const sum = b.addRunArtifact(tally);
        sum.setName(name);
        sum.addArg("sum");
        sum.has_side_effects = true;
        return sum;
    }

    /// Returns the run, whose arguments so far end with the program.
    fn add(legs: Legs, exe: *Compile, mode: []const u8, name: []const u8, args: []const []const u8) *Run {
        const run = legs.start(mode, name, args);
        if (legs.emulatorOf(exe)) |emulator| run.addArg(emulator);
        run.addArtifactArg(exe);
        return run;
    }

    /// The same of a program that Zig did not build.
    fn addFile(legs: Legs, exe: std.Build.LazyPath, mode: []const u8, name: []const u8, args: []const []const u8) *Run {
        const run = legs.start(mode, name, args);
        run.addFileArg(exe);
        return run;
    }

    fn start(legs: Legs, mode: []const u8, name: []const u8, args: []const []const u8) *Run {
        const run = legs.b.addRunArtifact(legs.tally);
        run.setName(name);
        run.addArg(mode);
        const counts = run.addOutputFileArg("counts");
        run.addArg(name);
        run.addArgs(args);
        run.setCwd(legs.b.path("."));
        run.setEnvironmentVariable("LC_ALL", "C");
        run.has_side_effects = true;
        legs.sum.addFileArg(counts);
        if (legs.part) |part| part.addFileArg(counts);
        return run;
    }

    fn emulatorOf(legs: Legs, exe: *Compile) ?[]const u8 {
        const target = exe.root_module.resolved_target.?.result;
        const host = legs.b.graph.host.result;
        const is_foreign = target.cpu.arch != host.cpu.arch or target.os.tag != host.os.tag;
        return if (is_foreign) legs.emulator else null;
    }

    /// A run of the program that is no leg.
    fn runOf(legs: Legs, exe: *Compile) *Run {
        const emulator = legs.emulatorOf(exe) orelse return legs.b.addRunArtifact(exe);
        const run = legs.b.addSystemCommand(&.{emulator});
        run.addArtifactArg(exe);
        return run;
    }
};

// ---- where Zig versions differ ---------------------------------------------------------------

fn releaseMode(b: *std.Build) ?Optimize {
    const mode = if (comptime @hasField(std.Build, "release_mode")) b.release_mode else b.graph.release_mode;
    return switch (mode) {
        .off => null,
        .any, .fast => .ReleaseFast,
        .safe => .ReleaseSafe,
        .small => .ReleaseSmall,
    };
}

fn hasProgram(b: *std.Build, name: []const u8) bool {
    if (comptime @hasDecl(std.Build, "FindProgramOptions")) return b.findProgram(.{ .names = &.{name} }) != null;
    _ = b.findProgram(&.{name}, &.{}) catch return false;
    return true;
}

fn passArguments(b: *std.Build, run: *Run) void {
    if (comptime @hasDecl(Run, "addPassthruArgs")) {
        run.addPassthruArgs();
    } else if (b.args) |args| run.addArgs(args);
}
