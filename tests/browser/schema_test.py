"""Rendered JSON satisfies docs/schema/document.schema.json, and the schema refuses what is wrong.

python3 tests/browser/schema_test.py SAMPLES   (the folder report_samples wrote; needs jsonschema)
"""

import copy
import json
import pathlib
import sys

import jsonschema

root = pathlib.Path(__file__).resolve().parents[2]
samples = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/samples")
schema = json.loads((root / "docs/schema/document.schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)

documents = {path.name: json.loads(path.read_text()) for path in sorted(samples.glob("*.json"))}
assert len(documents) == 5, f"no samples in {samples}"
for name, document in documents.items():
    validator.validate(document)
    for table in [b for b in document["blocks"] if b["type"] == "table"]:
        assert all(len(row) == len(table["columns"]) for row in table["rows"]), name

# The schema bites: each of these edits makes a document that it refuses.
good = documents["readout.json"]
edits = {
    "an unknown block": lambda d: d["blocks"].append({"type": "poem", "text": ""}),
    "a missing key": lambda d: d["blocks"][0].pop("word"),
    "a stray key": lambda d: d["blocks"][0].update(colour="green"),
    "a number as text": lambda d: d["blocks"][1]["rows"][0]["lift"].update(value="0.9"),
    "a tone that does not exist": lambda d: d["blocks"][0].update(tone="happy"),
    "another version": lambda d: d.update(schema_version=2),
}
for what, edit in edits.items():
    broken = copy.deepcopy(good)
    edit(broken)
    assert not validator.is_valid(broken), f"the schema accepts {what}"
print(f"{len(documents)} documents satisfy the schema; {len(edits)} broken ones do not")
