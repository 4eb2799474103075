"""The work that is compared, in numbers: names are those of our own cases without "/program"."""

# (widths, batch): ReLU between the layers, softmax cross-entropy, Adam.
STEPS = [
    ((26, 64, 64, 10), 64),
    ((26, 128, 128, 10), 64),
    ((784, 256, 10), 64),
    ((784, 512, 512, 10), 256),
    ((26, 512, 256, 128, 64, 32, 2), 1024),
]
GEMMS = {  # m, k, n
    "gemm_64x26x128": (64, 26, 128),
    "gemm_64": (64, 64, 64),
    "gemm_256x784x512": (256, 784, 512),
    "gemm_512": (512, 512, 512),
    "gemm_1024": (1024, 1024, 1024),
}
SIZES = {"64Ki": 65536, "4Mi": 4 * 1024 * 1024}
ACTIVATIONS = ("cheap", "hardswish", "snake", "gelu", "mish")
ROWS = 1024
CHAIN = 100
RATE = 1e-6  # so small that gradients stay normal numbers: see bench_step.c


def step_name(widths, batch):
    return "step_" + "_".join(map(str, widths)) + f"_b{batch}"
