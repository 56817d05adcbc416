"""Writes spdx-3.0.1-model.json: what the model of SPDX 3.0.1 allows of the
classes that fnseal writes, from the Python bindings that the SPDX project
generates of it.

    pip install spdx-python-model==0.0.6 && python3 spdx3-model.py > spdx-3.0.1-model.json
"""

import json

from spdx_python_model.bindings.v3_0_1 import model

CLASSES = """CreationInfo SpdxDocument software_Sbom software_Package software_File Organization
Person SoftwareAgent Tool Annotation Relationship simplelicensing_LicenseExpression
simplelicensing_SimpleLicensingText Hash ExternalIdentifier ExternalRef DictionaryEntry""".split()


def describe(prop):
    kind = type(prop).__name__
    if kind == "ListProp":
        return describe(prop.prop) | {"list": True}
    if kind == "EnumProp":
        return {"values": sorted(prop.compact(v) for v in prop.iri_values())}
    if kind == "ObjectProp":
        # An object written in place, or the id of one.
        return {"object": sorted(c.__name__ for c in known if issubclass(c, prop.cls))}
    out = {"kind": {"BooleanProp": "boolean"}.get(kind, "number" if "Integer" in kind or "Float" in kind else "string")}
    if getattr(prop, "pattern", None):
        out["pattern"] = prop.pattern
    return out


known = [getattr(model, name) for name in CLASSES]
table = {}
for cls in known:
    props = {}
    for name, p in cls._OBJ_COMPACT_PROPS.items():
        props[name] = describe(p.reg()) | ({"min": p.min_count} if p.min_count else {})
    table[cls.__name__] = props
print(json.dumps(table, indent=1, sort_keys=True))
