"""One row of 8 MiB in tables whose data is spoilt: who reads it finds that, who sees from the sizes stated in
front of it that no row may be so long does not. Needs pyarrow.

    tools/golden/make_long_rows.py tests/data/rows_long
"""
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def spoil_zstd(path):
    data = bytearray(path.read_bytes())
    at = data.rfind(b"\x28\xb5\x2f\xfd")
    assert at > 0
    data[at : at + 8] = bytes(8)
    path.write_bytes(data)


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    t = pa.table({"a": ["x" * (8 << 20)]})
    for name, dictionary in (("plain", False), ("dict", True)):
        path = out / (name + ".parquet")
        pq.write_table(t, path, compression="zstd", use_dictionary=dictionary, write_statistics=False, store_schema=False)
        spoil_zstd(path)
    for name, codec in (("plain", None), ("zstd", "zstd")):
        path = out / (name + ".arrow")
        with pa.ipc.new_stream(path, t.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as w:
            w.write_table(t)
        if codec:
            spoil_zstd(path)
        else:
            path.write_bytes(path.read_bytes()[:1024])


if __name__ == "__main__":
    main()
