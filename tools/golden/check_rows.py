#!/usr/bin/env python3
"""check_rows.py - asks pyarrow whether the Parquet files that Lemma writes hold the rows they were written from.

LEMMA_ROWS_OUT=FOLDER build/tests/rows_test_write leaves NAME-GROUP.parquet there; NAME.jsonl stands in tests/data/rows.
Usage: check_rows.py FOLDER"""
import glob, json, os, sys
import pyarrow.parquet as pq

bad = files = 0
for path in sorted(glob.glob(sys.argv[1] + "/pq-*.parquet")):
    name = os.path.basename(path).rsplit("-", 1)[0]
    got = pq.read_table(path, page_checksum_verification=True).to_pylist()
    want = [json.loads(line) for line in open("tests/data/rows/%s.jsonl" % name)]
    for row in want:
        row.pop("table", None)
    same = json.dumps(got, sort_keys=True) == json.dumps(want, sort_keys=True)
    files += 1
    bad += not same
    if not same:
        print(path, "differs")
print("%d files, %d differ" % (files, bad))
sys.exit(bad > 0 or files == 0)
