"""Writes npz.h: .npz files as NumPy writes them, and zip files that it would not write.

    python3 tests/golden/make_npz.py > tests/golden/npz.h

Needs NumPy; the archives of other kinds are written by Python's zipfile.
"""
import io
import zipfile

import numpy as np


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


def saved(save, **arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.lib.format.write_array(file, array)
    return file.getvalue()


def zipped(method, *members):
    """Each member: a name and its bytes. Always of the same day, so that the file is always the same."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return file.getvalue()


class Unseekable(io.RawIOBase):
    """Makes zipfile write sizes and checksums behind each member, as into a pipe."""

    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, data):
        self.data += bytes(data)
        return len(data)


def main():
    print("/* Written by make_npz.py: do not edit. */")
    sample = {"x": (np.arange(6) / 4 - 0.5).astype(np.float32).reshape(3, 2),
              "t": np.array([7, -1, 9], dtype=np.int64),
              "flipped": np.asfortranarray(np.arange(12, dtype=">i2").reshape(3, 4))}
    literal("golden_npz_stored", saved(np.savez, **sample))
    literal("golden_npz_packed", saved(np.savez_compressed, **sample))
    pipe = Unseekable()
    np.savez_compressed(pipe, **sample)
    literal("golden_npz_piped", pipe.data)
    literal("golden_npz_mixed", saved(np.savez, **{
        "b/weight": np.array([[1, -2.5]], dtype=np.float16), "b-bias": np.float64(0.25),
        "words": np.array(["a", "bc"]), "none": np.zeros((0, 3), dtype=np.float32)}))
    literal("golden_npz_empty", zipped(zipfile.ZIP_STORED))
    # Much from little: 3 rows of 100000 zeros.
    literal("golden_npz_zeros", saved(np.savez_compressed, x=np.zeros((3, 100000), dtype=np.uint8)))
    ones = npy(np.ones(2, dtype=np.float32))
    literal("golden_npz_rows", zipped(zipfile.ZIP_STORED, ("a.npy", ones),
                                      ("b.npy", npy(np.ones(3, dtype=np.float32)))))
    literal("golden_npz_text", zipped(zipfile.ZIP_DEFLATED, ("a.npy", ones), ("readme", b"hello")))
    literal("golden_npz_same", zipped(zipfile.ZIP_STORED, ("a.npy", ones), ("a", b"hello")))
    literal("golden_npz_bzip", zipped(zipfile.ZIP_BZIP2, ("a.npy", ones)))
    literal("golden_npz_one", zipped(zipfile.ZIP_STORED, ("a.npy", ones)))
    literal("golden_npz_one_packed", zipped(zipfile.ZIP_DEFLATED, ("a.npy", ones)))
    literal("golden_npz_damaged", zipped(zipfile.ZIP_STORED, ("a.npy", ones[:-1])))
    # Twelve jets an event, of which the one that t names stands out: for tests/api/p19_trainer.c.
    count = 40
    row, jet, value = np.meshgrid(np.arange(count), np.arange(12), np.arange(3), indexing="ij")
    right = np.arange(count) * 5 % 12
    jets = ((row * 7 + jet * 3 + value * 5) % 4 / 8).astype(np.float32)
    jets[np.arange(count), right, 0] = 2
    event = np.stack([np.arange(count) % 2, np.arange(count) % 4 / 4], 1).astype(np.float32)
    literal("golden_npz_events", saved(np.savez_compressed, jets=jets, event=event,
                                       t=right.astype(np.int32)))


if __name__ == "__main__":
    main()
