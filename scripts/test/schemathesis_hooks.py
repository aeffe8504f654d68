"""Makes tables with rows, views, imports and history, and has schemathesis ask for those: what it makes up by itself is hardly ever there.

URL and TOKEN are of a live write service and of a role that may make tables in the schema SCHEMA.
"""

import json
import os
import random
import time
import urllib.error
import urllib.request

import schemathesis

URL, SCHEMA = os.environ["URL"], os.environ.get("SCHEMA", "workspace")
HEADERS = {"authorization": f"Bearer {os.environ['TOKEN']}", "content-type": "application/json", "content-profile": SCHEMA}
chance = random.Random(int(os.environ.get("SEED", "1")))


def ask(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(URL + path, method=method, headers=HEADERS, data=data)) as answer:
            text = answer.read()
            return json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{method} {path}: {error.read().decode()}") from error


COLUMNS = [
    {"name": "name", "type": "text"},
    {"name": "amount", "type": "integer", "min": 0},
    {"name": "due", "type": "date"},
    {"name": "tags", "type": "multi-choice", "options": ["a", "b"]},
    {"name": "extra", "type": "json"},
]
EMPTY_VIEW = {"sorts": [], "filters": [], "hidden": [], "order": [], "widths": {}}
tables = [f"fuzz_{int(time.time())}_{n}" for n in range(6)]
views, imports, changes, edits = [], [], [], []
for table in tables:
    ask("POST", f"/v1/tables?schema={SCHEMA}", {"name": table, "columns": COLUMNS})
    ask("POST", f"/rest/v1/{table}", [{"name": str(n), "amount": n} for n in range(20)])
    views.append((table, ask("POST", f"/v1/tables/{table}/views?schema={SCHEMA}", {"name": "v", "view": EMPTY_VIEW})["id"]))
    for form in ("csv", "ndjson"):
        for mode in ("skip-bad", "all-or-nothing"):
            imports.append(ask("POST", "/v1/imports", {"table": table, "schema": SCHEMA, "format": form, "mode": mode})["id"])
    changes += [change["id"] for change in ask("GET", f"/v1/history/{table}?schema={SCHEMA}&limit=5")["changes"]]
    edits += [edit["id"] for edit in ask("GET", f"/v1/tables/{table}/edits?schema={SCHEMA}")["edits"]]


def often(values, name, choice, probability=0.9):
    """Puts something that is there in the place of most of what was made up."""
    if name in values and chance.random() < probability:
        values[name] = choice


@schemathesis.hook
def map_path_parameters(_context, values):
    values = dict(values or {})
    table, view = chance.choice(views)
    for name, choice in (("table", table), ("view", view), ("id", chance.choice(imports)), ("edit", chance.choice(edits))):
        often(values, name, choice)
    often(values, "column", chance.choice(COLUMNS)["name"])
    return values


@schemathesis.hook
def map_query(_context, values):
    values = dict(values or {})
    often(values, "schema", SCHEMA)
    often(values, "key", str(chance.randint(1, 25)), 0.7)
    for name in ("from", "to"):
        often(values, name, chance.choice(changes), 0.7)
    often(values, "select", chance.choice(["*", "id,name", "amount.sum()", "extra->a->>b", "name::int", "*,nothing(*)"]), 0.6)
    often(values, "order", chance.choice(["id", "amount.desc.nullslast", "extra->a", "name.asc,id"]), 0.6)
    for name in ("limit", "offset"):
        often(values, name, chance.choice(["0", "1", "10", "-1", "99999999999999999999", "x"]), 0.8)
    often(values, "asOf", chance.choice(["1", "2026-01-01T00:00:00Z", "999999999999", "2026-13-01", "1e5", "infinity"]), 0.8)
    # Made-up filters are refused before anything else is looked at.
    return {name: value for name, value in values.items() if name not in ("and", "or", "filters", "cursor") or chance.random() < 0.2}


@schemathesis.hook
def map_headers(_context, values):
    values = dict(values or {})
    preferences = ["page=keyset", "return=representation", "count=exact", "missing=default", "resolution=merge-duplicates", "download=x", "max-affected=1,handling=strict"]
    for name in ("Accept-Profile", "Content-Profile"):
        often(values, name, SCHEMA)
    often(values, "Prefer", chance.choice(preferences), 0.8)
    return values
