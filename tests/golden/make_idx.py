"""Writes idx.h: IDX files, plain and compressed, with the values they hold.

    python3 tests/golden/make_idx.py > tests/golden/idx.h

Needs Python alone: the format is written by struct, the compression by Python's gzip.
"""
import gzip
import struct

CODES = {"B": 0x08, "b": 0x09, "h": 0x0B, "i": 0x0C, "f": 0x0D, "d": 0x0E}
OURS = {"B": "WG_U8", "b": "WG_I32", "h": "WG_I32", "i": "WG_I32", "f": "WG_F32", "d": "WG_F64"}


def idx(code, extents, values):
    head = struct.pack(">BBBB", 0, 0, CODES[code], len(extents))
    return head + struct.pack(f">{len(extents)}I", *extents) + struct.pack(f">{len(values)}{code}", *values)


def literal(name, data):
    """Bytes as string literals: octal, because a hexadecimal escape would eat digits that follow it."""
    print(f"static const char {name}[] =")
    line = ""
    for byte in data:
        piece = f"\\{byte:03o}"
        if len(line) + len(piece) > 88:
            print(f'    "{line}"')
            line = ""
        line += piece
    print(f'    "{line}";')


def main():
    print("/* Written by make_idx.py: do not edit. */")
    values = [-2, 0, 3, 100, -7, 1]
    files = []
    for code in "Bbhifd":
        own = [abs(v) for v in values] if code == "B" else values
        if code in "fd":
            own = [v + 0.25 for v in own]
        files.append((code, (2, 3), own))
    files.append(("B", (2, 2, 3), [i * 17 % 256 for i in range(12)]))
    files.append(("h", (0, 4), []))
    for i, (code, extents, own) in enumerate(files):
        literal(f"golden_idx_{i}", idx(code, extents, own))
    print("typedef struct golden_idx {\n    const char *data;\n    size_t bytes;\n    wg_dtype dtype;\n"
          "    int rank;\n    int64_t dim[3];\n    double value[12];\n} golden_idx;")
    print("static const golden_idx golden_idxs[] = {")
    for i, (code, extents, own) in enumerate(files):
        dims = ", ".join(map(str, extents))
        list_of = ", ".join(map(str, own or [0]))
        print(f"    {{ golden_idx_{i}, sizeof golden_idx_{i} - 1, {OURS[code]}, {len(extents)}, {{ {dims} }},\n"
              f"      {{ {list_of} }} }},")
    print("};")
    images = idx("B", (3, 40, 40), [(i * i // 7) % 251 for i in range(3 * 1600)])
    labels = idx("B", (3,), [7, 0, 9])
    literal("golden_images_gz", gzip.compress(images, mtime=0))
    literal("golden_labels_gz", gzip.compress(labels, mtime=0))
    cut = len(labels) // 2
    literal("golden_members_gz", gzip.compress(labels[:cut], mtime=0) + gzip.compress(b"", mtime=0) +
            gzip.compress(labels[cut:], mtime=0))
    literal("golden_labels", labels)
    # Much from little: what a header must not be believed for.
    literal("golden_zeros_gz", gzip.compress(idx("B", (3, 300000), bytes(900000)), mtime=0))


if __name__ == "__main__":
    main()
