#!/usr/bin/env python3
"""make_rows.py OUT [--small] - Parquet and Arrow files of every encoding, compression, nesting and kind of null, each
with its rows as JSONL beside it (NAME.parquet or NAME.arrow, and NAME.jsonl), written by pyarrow.

--small writes the few that tests/data/rows keeps. How values are shown in JSON is stated in src/rows/rows.h and written
here a second time, from pyarrow's own values. Made with pyarrow 26.0.1 and pandas 3 (python3 -m venv /opt/rows)."""
import datetime, decimal, json, math, os, random, sys, uuid
import pyarrow as pa
import pyarrow.parquet as pq

random.seed(11)
WORDS = ["", "a", "prime", "größer", "x² + 1", "答え", "\\boxed{42}", "two\nlines", "tab\there", 'quote "q"', "🙂" * 3, "w" * 300]


def text():
    return random.choice(WORDS) + str(random.randrange(40))


def digits_of(t):
    return {"s": 0, "ms": 3, "us": 6, "ns": 9}[t.unit]


def clock(units, digits):
    per = 10 ** digits
    s, f = divmod(units, per)
    out = "%02d:%02d:%02d" % (s // 3600, s // 60 % 60, s % 60)
    return out + (".%0*d" % (digits, f) if digits else "")


def show(v, t):
    """A pyarrow scalar as what Lemma shows."""
    if not v.is_valid:
        return None
    if pa.types.is_dictionary(t):
        return show(v.value, t.value_type)
    if pa.types.is_struct(t):
        return {t.field(i).name: show(v[i], t.field(i).type) for i in range(t.num_fields)}
    if pa.types.is_map(t):
        pairs = [(show(e["key"], t.key_type), show(e["value"], t.item_type)) for e in (v.values or [])]
        return dict(pairs) if pa.types.is_string(t.key_type) else [{"key": k, "value": x} for k, x in pairs]
    if pa.types.is_list(t) or pa.types.is_large_list(t) or pa.types.is_fixed_size_list(t):
        return [show(e, t.value_type) for e in v.values]
    if pa.types.is_date(t):
        return v.as_py().isoformat()
    if pa.types.is_time(t):
        return clock(v.value, digits_of(t))
    if pa.types.is_timestamp(t):
        d = digits_of(t)
        days, rest = divmod(v.value, 86400 * 10 ** d)
        day = datetime.date(1970, 1, 1) + datetime.timedelta(days=days)
        return day.isoformat() + "T" + clock(rest, d) + ("Z" if t.tz else "")
    if pa.types.is_duration(t):
        return v.value
    if pa.types.is_decimal(t):
        return format(v.as_py(), "f")
    if pa.types.is_binary(t) or pa.types.is_large_binary(t) or pa.types.is_fixed_size_binary(t) or pa.types.is_binary_view(t):
        return v.as_py().decode()
    x = v.as_py()
    if isinstance(x, uuid.UUID):
        return str(x)
    if isinstance(x, int) and not isinstance(x, bool) and x > 2 ** 63 - 1:
        return float(x)
    if not isinstance(x, (str, int, float, bool, type(None))):
        x = float(x)  # float16
    return None if isinstance(x, float) and not math.isfinite(x) else x


SCALARS = {
    "text": (pa.string(), text),
    "long": (pa.large_string(), text),
    "bytes": (pa.binary(), lambda: text().encode()),
    "flag": (pa.bool_(), lambda: random.random() < 0.5),
    "i8": (pa.int8(), lambda: random.randrange(-128, 128)),
    "i16": (pa.int16(), lambda: random.randrange(-2 ** 15, 2 ** 15)),
    "i32": (pa.int32(), lambda: random.choice([-2 ** 31, 2 ** 31 - 1, random.randrange(-1000, 1000)])),
    "i64": (pa.int64(), lambda: random.choice([-2 ** 63, 2 ** 63 - 1, random.randrange(-10 ** 12, 10 ** 12)])),
    "u8": (pa.uint8(), lambda: random.randrange(256)),
    "u16": (pa.uint16(), lambda: random.randrange(2 ** 16)),
    "u32": (pa.uint32(), lambda: random.randrange(2 ** 32)),
    "u64": (pa.uint64(), lambda: random.choice([2 ** 64 - 1, random.randrange(1000)])),
    "f16": (pa.float16(), lambda: random.choice([0.5, -2.0, 65504.0, 6e-8, math.inf, math.nan])),
    "f32": (pa.float32(), lambda: random.choice([0.1, -0.0, 3e38, math.nan, random.random()])),
    "f64": (pa.float64(), lambda: random.choice([0.1, 1e308, 5e-324, math.inf, random.random()])),
    "dec": (pa.decimal128(20, 3), lambda: decimal.Decimal(random.randrange(-10 ** 9, 10 ** 9)).scaleb(-3)),
    "dec5": (pa.decimal128(5, 0), lambda: decimal.Decimal(random.randrange(-99999, 99999))),
    "wide": (pa.decimal256(50, 10), lambda: decimal.Decimal(random.randrange(-10 ** 40, 10 ** 40)).scaleb(-10)),
    "day": (pa.date32(), lambda: datetime.date(random.randrange(1, 9999), random.randrange(1, 13), random.randrange(1, 29))),
    "t_ms": (pa.time32("ms"), lambda: datetime.time(random.randrange(24), 59, 1, 5000)),
    "t_us": (pa.time64("us"), lambda: datetime.time(random.randrange(24), 0, 59, 123456)),
    "at_ms": (pa.timestamp("ms"), lambda: random.randrange(-10 ** 13, 10 ** 13)),
    "at_us": (pa.timestamp("us", tz="UTC"), lambda: random.randrange(-10 ** 16, 10 ** 16)),
    "at_ns": (pa.timestamp("ns"), lambda: random.randrange(-10 ** 18, 10 ** 18)),
    "fixed": (pa.binary(6), lambda: ("%06d" % random.randrange(10 ** 6)).encode()),
    "none": (pa.null(), lambda: None),
}
TURN = pa.struct([("role", pa.string()), ("content", pa.string())])
NESTED = {
    "messages": pa.list_(TURN),
    "numbers": pa.list_(pa.int64()),
    "deep": pa.list_(pa.list_(pa.list_(pa.string()))),
    "one": pa.struct([("a", pa.int32()), ("b", pa.struct([("c", pa.string()), ("d", pa.list_(pa.float64()))]))]),
    "table": pa.map_(pa.string(), pa.int32()),
    "counts": pa.map_(pa.int32(), pa.list_(pa.string())),
    "groups": pa.list_(pa.struct([("rank", pa.int32()), ("completion", pa.list_(TURN))])),
    "flags": pa.list_(pa.bool_()),
}
ARROW_ONLY = {
    "view": pa.string_view(),
    "bview": pa.binary_view(),
    "large": pa.large_list(TURN),
    "three": pa.list_(pa.int16(), 3),
    "pairs": pa.list_(TURN, 2),
    "secs": pa.duration("ms"),
    "day64": pa.date64(),
    "at_s": pa.timestamp("s"),
    "t_s": pa.time32("s"),
    "t_ns": pa.time64("ns"),
    "cat": pa.dictionary(pa.int8(), pa.string()),
    "cats": pa.list_(pa.dictionary(pa.int32(), pa.string())),
    "ucat": pa.dictionary(pa.uint16(), pa.int64()),
}
LEAF = {t: f for t, f in SCALARS.values()}


def value(t, nulls):
    if random.random() < nulls:
        return None
    if pa.types.is_struct(t):
        return {t.field(i).name: value(t.field(i).type, nulls) for i in range(t.num_fields)}
    if pa.types.is_map(t):
        keys = sorted({LEAF[t.key_type]() if pa.types.is_string(t.key_type) else random.randrange(9) for _ in range(random.randrange(4))})
        return [(k, value(t.item_type, nulls)) for k in keys]
    if pa.types.is_fixed_size_list(t):
        return [value(t.value_type, nulls) for _ in range(t.list_size)]
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        return [value(t.value_type, nulls) for _ in range(random.choice([0, 1, 2, 3, 5]))]
    if pa.types.is_dictionary(t):
        return value(t.value_type, 0)
    if t in LEAF:
        return LEAF[t]()
    if pa.types.is_string_view(t):
        return text()
    if pa.types.is_binary_view(t):
        return text().encode()
    if pa.types.is_date64(t):
        return datetime.date(random.randrange(1900, 2100), 5, 17)
    if pa.types.is_time32(t):
        return random.randrange(86400)
    if pa.types.is_time64(t):
        return random.randrange(86400 * 10 ** 9)
    return random.randrange(10 ** 6)


def table(types, rows, nulls):
    arrays = [pa.array([value(t, nulls) for _ in range(rows)], type=t) for t in types.values()]
    return pa.table(arrays, names=list(types))


def twin(t, path):
    with open(path, "w") as f:
        for i in range(t.num_rows):
            row = {n: show(t.column(n)[i], t.schema.field(n).type) for n in t.schema.names}
            f.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


def leaves(t, path):
    """(path in the Parquet schema, type) of every leaf."""
    if pa.types.is_struct(t):
        return [x for i in range(t.num_fields) for x in leaves(t.field(i).type, path + "." + t.field(i).name)]
    if pa.types.is_map(t):
        return leaves(t.key_type, path + ".key_value.key") + leaves(t.item_type, path + ".key_value.value")
    if pa.types.is_list(t):
        return leaves(t.value_type, path + ".list.element")
    return [(path, t)]


def encoding_of(kind, t):
    texts = pa.types.is_string(t) or pa.types.is_binary(t) or pa.types.is_large_string(t)
    whole = pa.types.is_integer(t) or pa.types.is_date32(t) or pa.types.is_time(t) or pa.types.is_timestamp(t)
    if pa.types.is_boolean(t):
        return "RLE" if kind != "plain" else "PLAIN"
    if kind == "delta" and (texts or whole):
        return "DELTA_BYTE_ARRAY" if texts else "DELTA_BINARY_PACKED"
    if kind == "deltalen" and texts:
        return "DELTA_LENGTH_BYTE_ARRAY"
    if kind == "split" and not texts and not pa.types.is_null(t):
        return "BYTE_STREAM_SPLIT"
    if kind == "delta" and pa.types.is_fixed_size_binary(t):
        return "DELTA_BYTE_ARRAY"
    return "PLAIN"


def write_parquet(out, name, t, kind, codec, version, **more):
    options = dict(compression=codec, data_page_version=version, row_group_size=(t.num_rows + 2) // 3, data_page_size=200,
                   write_batch_size=4, version="2.6", store_schema=False, write_page_checksum=version == "2.0")
    options.update(more)
    if kind == "dict":
        options["use_dictionary"] = True
    else:
        options["use_dictionary"] = False
        options["column_encoding"] = {p: encoding_of(kind, x) for f in t.schema for p, x in leaves(f.type, f.name)}
    pq.write_table(t, os.path.join(out, name + ".parquet"), **options)
    twin(t, os.path.join(out, name + ".jsonl"))


def write_arrow(out, name, t, file, codec, batch):
    options = pa.ipc.IpcWriteOptions(compression=codec)
    make = pa.ipc.new_file if file else pa.ipc.new_stream
    with pa.OSFile(os.path.join(out, name + ".arrow"), "wb") as sink:
        with make(sink, t.schema, options=options) as w:
            w.write_table(t, max_chunksize=batch)
    twin(t, os.path.join(out, name + ".jsonl"))


def parquet_types(t):
    return not (pa.types.is_float16(t) and False)


def main():
    out, small = sys.argv[1], "--small" in sys.argv
    os.makedirs(out, exist_ok=True)
    rows = 6 if small else 40
    everything = {**{k: t for k, (t, _) in SCALARS.items()}, **NESTED}
    few = {k: everything[k] for k in ("text", "i64", "f64", "flag", "i32", "fixed", "dec", "at_us", "messages", "deep", "one", "table")}
    n = 0
    kinds = ["plain", "dict", "delta", "deltalen", "split"]
    codecs = ["none", "snappy", "gzip", "zstd", "lz4"]
    for k, kind in enumerate(kinds):
        for c, codec in enumerate(codecs):
            for v, version in enumerate(["1.0", "2.0"]):
                for z, nulls in enumerate([0.0, 0.3, 1.0]):
                    if small and not (c == k and z == 1):
                        continue
                    name = "pq-%s-%s-v%s-n%d" % (kind, codec, version[0], round(nulls * 10))
                    write_parquet(out, name, table(few if small else everything, rows, nulls), kind, codec, version)
                    n += 1
    arrow = {**everything, **ARROW_ONLY}
    for file in (False, True):
        for codec in (None, "lz4", "zstd"):
            for nulls in (0.0, 0.3, 1.0):
                for batch in (1000, 7, 1):
                    if small and not (nulls == 0.3 and batch == 7 and (codec is None or file == (codec == "zstd"))):
                        continue
                    name = "ar-%s-%s-n%d-b%d" % ("file" if file else "stream", codec, round(nulls * 10), batch)
                    some = {k: arrow[k] for k in (list(ARROW_ONLY) + ["messages", "text", "f32", "flag", "table", "dec"])} if small else arrow
                    t = table(some, rows, nulls)
                    if file:  # a file has one dictionary for all batches
                        t = t.unify_dictionaries()
                    write_arrow(out, name, t, file, codec, batch)
                    n += 1
    required = pa.schema([pa.field("id", pa.int32(), nullable=False), pa.field("s", pa.string(), nullable=False),
                          pa.field("l", pa.list_(pa.field("element", pa.int32(), nullable=False)), nullable=False)])
    t = pa.Table.from_pylist([{"id": i, "s": text(), "l": list(range(i % 4))} for i in range(rows)], schema=required)
    write_parquet(out, "pq-required", t, "plain", "snappy", "1.0")
    write_parquet(out, "pq-int96", table({"at": pa.timestamp("ns")}, rows, 0.2), "plain", "none", "1.0", use_deprecated_int96_timestamps=True)
    write_parquet(out, "pq-empty", table({"a": pa.int64(), "m": pa.list_(TURN)}, 0, 0), "plain", "none", "1.0", row_group_size=1)
    write_parquet(out, "pq-pandas", pa.table(table({"text": pa.string(), "i64": pa.int64(), "f64": pa.float64()}, rows, 0.3).to_pandas()), "dict", "snappy", "1.0", store_schema=True)
    print(n + 4, "files in", out)


if __name__ == "__main__":
    main()
