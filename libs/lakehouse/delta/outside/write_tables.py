"""Writes tables with deltalake, and a manifest of what each version holds. Usage: write_tables.py <directory> <manifest.json>"""

import datetime
import decimal
import json
import os
import sys

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

from canonical import kinds_of, leave, rows_of

ZONE = datetime.timezone.utc


def batch(ids):
    """Every type that a Delta column may have, with values at the edges."""
    return pa.table(
        {
            "id": pa.array(ids, pa.int64()),
            "s": pa.array([None if i % 7 == 3 else f"text {i} é漢🙂\n\"'" * (1 + i % 5) for i in ids], pa.string()),
            "i": pa.array([i - 2 for i in ids], pa.int32()),
            "h": pa.array([i % 100 for i in ids], pa.int16()),
            "b": pa.array([i % 100 for i in ids], pa.int8()),
            "f": pa.array([i / 3 for i in ids], pa.float32()),
            "d": pa.array([float("nan") if i == 4 else i / 7 for i in ids], pa.float64()),
            "o": pa.array([i % 2 == 0 for i in ids], pa.bool_()),
            "x": pa.array([bytes([i % 256, 0, 255]) for i in ids], pa.binary()),
            "dt": pa.array([datetime.date(1900, 1, 1) + datetime.timedelta(days=i) for i in ids], pa.date32()),
            "ts": pa.array([datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, ZONE) + datetime.timedelta(microseconds=i) for i in ids], pa.timestamp("us", "UTC")),
            "n": pa.array([decimal.Decimal(i).scaleb(-3) for i in ids], pa.decimal128(20, 3)),
            "part": pa.array([None if i % 5 == 0 else f"a/b=c %{i % 2}" for i in ids], pa.string()),
        }
    )


def main():
    directory, manifest_path = sys.argv[1:3]
    schema = os.path.join(directory, "theirs")

    plain = os.path.join(schema, "plain")
    write_deltalake(plain, batch(range(10)))
    write_deltalake(plain, batch(range(10, 20)), mode="append", commit_properties=CommitProperties(app_transactions=[Transaction("app", 7)]))
    DeltaTable(plain).delete("id < 3")
    DeltaTable(plain).update(updates={"s": "'updated'"}, predicate="id = 5")
    source = pa.table({"id": pa.array([6, 1000], pa.int64()), "s": pa.array(["merged", "new"], pa.string())})
    merge = DeltaTable(plain).merge(source, "t.id = s.id", source_alias="s", target_alias="t")
    merge.when_matched_update({"s": "s.s"}).when_not_matched_insert({"id": "s.id", "s": "s.s"}).execute()
    DeltaTable(plain).optimize.compact()
    write_deltalake(plain, batch(range(30, 33)).append_column("more", pa.array([1, 2, 3], pa.int64())), mode="append", schema_mode="merge")

    parted = os.path.join(schema, "parted")
    write_deltalake(parted, batch(range(12)), partition_by=["part", "dt"])
    write_deltalake(parted, batch(range(12, 15)), mode="append")
    DeltaTable(parted).delete("id = 13")

    long = os.path.join(schema, "long")
    for i in range(12):
        write_deltalake(long, batch([i]), mode="append")
    DeltaTable(long).create_checkpoint()
    for i in range(12, 15):
        write_deltalake(long, batch([i]), mode="append")

    ntz = os.path.join(schema, "ntz")
    write_deltalake(ntz, pa.table({"id": pa.array([1], pa.int64()), "t": pa.array([datetime.datetime(2024, 2, 29, 1, 2, 3, 4)], pa.timestamp("us"))}))

    nested = os.path.join(schema, "nested")
    write_deltalake(nested, pa.table({"id": pa.array([1, 2], pa.int64()), "list": pa.array([[1, 2], None], pa.list_(pa.int32())), "struct": pa.array([{"a": "x"}, None])}))

    manifest = []
    for name in sorted(os.listdir(schema)):
        path = os.path.join(schema, name)
        for version in range(DeltaTable(path).version() + 1):
            table = DeltaTable(path, version=version)
            kinds = kinds_of(table.schema().to_json())
            rows = rows_of(table.to_pyarrow_table(), kinds)
            manifest.append({"name": name, "version": version, "columns": list(kinds.items()), "rows": rows})
    with open(manifest_path, "w", encoding="utf-8") as file:
        json.dump(manifest, file)
    leave()


main()
