"""Reads every table of a manifest at every version with deltalake, and says where it finds something else. Usage: read_tables.py <manifest.json>"""

import json
import sys

import pyarrow.compute as pc
from deltalake import DeltaTable

from canonical import kinds_of, leave, rows_of


def differences(expected):
    name = f"{expected['name']} at version {expected['version']}"
    table = DeltaTable(expected["path"], version=expected["version"])
    kinds = kinds_of(table.schema().to_json())
    if list(kinds.items()) != [tuple(column) for column in expected["columns"]]:
        yield f"{name}: columns {kinds} instead of {expected['columns']}"
        return
    if table.metadata().partition_columns != expected["partitionBy"]:
        yield f"{name}: partitioned by {table.metadata().partition_columns}"
    rows = rows_of(table.to_pyarrow_table(), kinds)
    if rows != expected["rows"]:
        yield f"{name}: rows {json.dumps(rows)[:2000]} instead of {json.dumps(expected['rows'])[:2000]}"
    for app, version in expected["transactions"].items():
        if table.transaction_version(app) != int(version):
            yield f"{name}: transaction {app} is {table.transaction_version(app)} instead of {version}"
    if expected["latest"]:
        yield from wrongly_skipped(name, table, kinds)


def wrongly_skipped(name, table, kinds):
    """Asks for each value that is there: wrong statistics would make a reader skip its file."""
    dataset = table.to_pyarrow_dataset()
    everything = table.to_pyarrow_table()
    for column, kind in kinds.items():
        if kind == "binary" or kind.startswith("{"):
            continue
        for value in everything.column(column).combine_chunks().unique():
            if not value.is_valid:
                continue
            wanted = pc.field(column) == value
            found = dataset.to_table(filter=wanted).num_rows
            there = everything.filter(wanted).num_rows
            if found != there:
                yield f"{name}: asking for {column} = {value} finds {found} rows instead of {there}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        manifest = json.load(file)
    found = []
    for expected in manifest:
        try:
            found.extend(differences(expected))
        except Exception as error:  # the next one is looked at all the same
            found.append(f"{expected['name']} at version {expected['version']}: {type(error).__name__}: {error}")
    json.dump({"checked": len(manifest), "differences": found}, sys.stdout)
    leave()


main()
