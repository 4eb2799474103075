"""Writes data.h: .npy and safetensors files as NumPy and the reference implementation write them.

    python3 -m venv VENV && VENV/bin/pip install numpy safetensors
    VENV/bin/python tests/golden/make_data.py > tests/golden/data.h
"""
import io
import sys

import numpy as np
import safetensors
import safetensors.numpy


def literal(name, data):
    """Bytes as string literals: octal, because a hexadecimal escape would eat digits that follow it."""
    print(f"static const char {name}[] =")
    line = ""
    for byte in data:
        if byte in b'"\\':
            piece = "\\" + chr(byte)
        elif 32 <= byte < 127 and byte != ord("?"):
            piece = chr(byte)
        else:
            piece = f"\\{byte:03o}"
        if len(line) + len(piece) > 88:
            print(f'    "{line}"')
            line = ""
        line += piece
    print(f'    "{line}";')


def npy(array, version):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=version, allow_pickle=False)
    return out.getvalue()


OURS = {"b": "WG_BOOL", "u1": "WG_U8", "i1": "WG_I32", "i2": "WG_I32", "u2": "WG_I32", "i4": "WG_I32",
        "u4": "WG_I64", "u8": "WG_I64", "i8": "WG_I64", "f2": "WG_F32", "f4": "WG_F32", "f8": "WG_F64"}


def ours(dtype):
    return OURS["b" if dtype.kind == "b" else dtype.kind + str(dtype.itemsize)]


def npy_cases():
    table = np.array([[-2.5, 0, 3], [100, -7, 0.25]])
    whole = np.array([[-2, 0, 3], [100, -7, 1]])
    for text in ("<f4", ">f4", "<f8", ">f8", "<f2", ">f2"):
        yield table.astype(text), (1, 0)
    for text in ("|b1", "|i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8"):
        yield whole.astype(text), (1, 0)
    for text in ("|u1", "<u2", ">u2", "<u4", ">u4", "<u8", ">u8"):
        yield np.abs(whole).astype(text), (1, 0)
    yield table.astype("<f4"), (2, 0)
    yield table.astype("<f4"), (3, 0)
    yield np.asfortranarray(table.astype("<f8")), (1, 0)
    yield np.asfortranarray(np.arange(24, dtype=">i4").reshape(2, 3, 4)), (1, 0)
    yield np.array([1.5, -1.5], dtype="<f4"), (1, 0)
    yield np.zeros((0, 3), dtype="<f4"), (1, 0)


def main():
    print("/* Written by make_data.py from NumPy and the reference implementation of safetensors. */")
    cases = []
    for i, (array, version) in enumerate(npy_cases()):
        data = npy(array, version)
        literal(f"golden_npy_{i}", data)
        values = ", ".join(repr(float(x)) for x in np.ravel(array)) or "0"
        dims = ", ".join(str(n) for n in array.shape)
        cases.append(f"    {{ golden_npy_{i}, {len(data)}, {ours(array.dtype)}, {array.ndim}, {{ {dims} }},\n"
                     f"      (const double[]){{ {values} }} }},")
    print("typedef struct golden_npy {\n    const char *data;\n    size_t bytes;\n    wg_dtype dtype;\n"
          "    int rank;\n    int64_t dim[3];\n    const double *value;\n} golden_npy;")
    print("static const golden_npy golden_npys[] = {")
    for case in cases:
        first, _, rest = case.partition("(const double[]){ ")
        words = (rest[: rest.rindex(" } },")]).split(", ")
        lines, line = [], "      (const double[]){"
        for word in words:
            if len(line) + len(word) > 90:
                lines.append(line)
                line = "        "
            line += " " + word + ","
        lines.append(line[:-1] + " } },")
        print(first.rstrip() + "\n" + "\n".join(lines))
    print("};")

    tensors = {
        "hidden/weight": np.arange(6, dtype=np.float32).reshape(2, 3) - 2.5,
        "hidden/bias": np.array([0.5, -0.5, 2.0], np.float32),
        "adam/step": np.array(3.0, np.float64),
        "classes": np.array([1, -2], np.int32),
        "draw": np.array([7], np.int64),
        "bytes": np.array([1, 2, 255], np.uint8),
        "mask": np.array([True, False]),
        "empty": np.zeros((0, 3), np.float32),
    }
    note = {"wengert": "seed=18446744073709551615 trained=hidden/bias,hidden/weight"}
    literal("golden_params", safetensors.numpy.save(tensors, metadata=note))

    short = np.array([1.0, -3.140625, 1e30], np.float32).view(np.uint32) >> 16
    foreign = {
        "f16": ("float16", np.array([1.5, -2.0, 65504.0, 6e-8, np.inf], "<f2")),
        "bf16": ("bfloat16", short.astype("<u2")),
        "i8": ("int8", np.array([-1, 7], "i1")),
        "i16": ("int16", np.array([-2], "<i2")),
        "u16": ("uint16", np.array([65534], "<u2")),
        "u32": ("uint32", np.array([4294967295], "<u4")),
        "u64": ("uint64", np.array([9], "<u8")),
    }
    specs = {name: safetensors.TensorSpec(dtype=dtype, shape=list(array.shape),
                                          data_ptr=array.ctypes.data, data_len=array.nbytes)
             for name, (dtype, array) in foreign.items()}
    literal("golden_foreign", safetensors.serialize(specs, None))


if __name__ == "__main__":
    sys.exit(main())
