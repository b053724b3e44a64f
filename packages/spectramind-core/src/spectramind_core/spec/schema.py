"""The JSON Schema of specs, with the options of every component that is installed."""

from __future__ import annotations

from typing import Any

from spectramind_core.plugins.not_found import NotFound
from spectramind_core.plugins.registry import Registry
from spectramind_core.spec.model import RunSpec
from spectramind_core.spec.validate import SEVERAL, SINGLE

PARTS = {"model.encoders": "encoders", "model.heads": "heads", "model.rules": "rules"}


def json_schema(registry: Registry) -> dict[str, Any]:
    """The schema that an editor checks a spec against; broken plugins are left out."""
    schema = RunSpec.model_json_schema()
    definitions = schema["$defs"]
    for kind in sorted({*SINGLE.values(), *SEVERAL.values(), *PARTS.values()}):
        definitions[kind] = _choice_of(registry, kind, definitions)
    for section, kind in {**SINGLE, **SEVERAL, **PARTS}.items():
        node = _property(schema, section)
        reference = {"$ref": f"#/$defs/{kind}"}
        if node.get("type") == "array":
            node["items"] = reference
        elif "additionalProperties" in node:
            node["additionalProperties"] = reference
        else:
            node.pop("$ref", None)
            node["allOf"] = [reference]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _choice_of(registry: Registry, kind: str, definitions: dict[str, Any]) -> dict[str, Any]:
    options = []
    for name in registry.names(kind):
        try:
            component = registry.resolve(kind, name)
        except NotFound:
            continue
        own = component.options.model_json_schema(ref_template=f"#/$defs/{kind}.{name}.{{model}}")
        for inner, definition in own.pop("$defs", {}).items():
            definitions[f"{kind}.{name}.{inner}"] = definition
        properties: dict[str, Any] = {
            "use": {"pattern": f"^([\\w.-]+:)?{name}(@\\d+)?$", "type": "string"},
            "options": own,
        }
        if kind == "rules":
            rule = definitions["RuleUse"]["properties"]
            properties |= {field: rule[field] for field in ("weight", "mode")}
        options.append(
            {
                "title": component.summary,
                "type": "object",
                "properties": properties,
                "required": ["use"],
                "additionalProperties": False,
            }
        )
    names = {"enum": list(registry.names(kind)), "type": "string"}
    return {"anyOf": [names, *options]}


def _property(schema: dict[str, Any], section: str) -> dict[str, Any]:
    node = schema
    for name in section.split("."):
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
        node = node["properties"][name]
    return node
