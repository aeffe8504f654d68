"""A foreign writer of the consolidated plan, by deltalake: `planning_foreign.py <table directory>`. Takes one JSON array a line, ["append", "<name>"], ["update", "<predicate>", "<unit>"],
["stale-update", "<predicate>", "<unit>"] (on the table as it was when the script began), ["names"]; answers each with one JSON line: the version it made, what it found, or {"error": <class>}."""
import json
import sys
from decimal import Decimal

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

directory = sys.argv[1]
stale = DeltaTable(directory)


def append(name):
    schema = pa.schema(DeltaTable(directory).schema().to_arrow())
    row = {"product": "foreign", "region": name, "period": "2027-05", "measure": "volume", "amount": Decimal("1.000000")}
    table = pa.table({field.name: pa.array([row.get(field.name)], type=field.type) for field in schema})
    while True:
        try:
            write_deltalake(directory, table, mode="append")
            return DeltaTable(directory).version()
        except CommitFailedError:  # one of our commits came first, and deltalake counts an append as having read the files that it removed
            continue


def update(table, predicate, unit):
    table.update(predicate=predicate, updates={"unit": f"'{unit}'"})
    return table.version()


def names():
    rows = DeltaTable(directory).to_pyarrow_table(columns=["product", "region"]).to_pylist()
    return sorted(row["region"] for row in rows if row["product"] == "foreign")


for line in sys.stdin:
    what, *rest = json.loads(line)
    try:
        answer = {
            "append": append,
            "update": lambda *of: update(DeltaTable(directory), *of),
            "stale-update": lambda *of: update(stale, *of),
            "names": names,
        }[what](*rest)
    except Exception as error:  # what it is called is what is asked for
        answer = {"error": type(error).__name__, "message": str(error)}
    print(json.dumps(answer), flush=True)
