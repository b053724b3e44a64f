"""What holds for every spec: reading, merging, overriding, hashing."""

from __future__ import annotations

import json
import random
from typing import Any

import stand_ins
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spectramind_core.plugins.registry import Registry
from spectramind_core.spec import load_spec, yaml
from spectramind_core.spec.canonical import canonical, digest
from spectramind_core.spec.compose import merge, overlay
from spectramind_core.spec.overrides import apply_overrides, parse_path
from spectramind_core.spec.problems import dotted
from spectramind_core.spec.yaml import Document

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
SECTIONS = st.dictionaries(NAMES.filter(lambda name: name != "use"), VALUES, max_size=4)


def shuffled(data: Any, rng: random.Random) -> Any:
    """The same data with the keys of every mapping in another order."""
    if isinstance(data, dict):
        keys = rng.sample(list(data), len(data))
        return {key: shuffled(data[key], rng) for key in keys}
    return [shuffled(item, rng) for item in data] if isinstance(data, list) else data


def paths(data: Any, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in plain data."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    found = []
    for key, value in items:
        found.append((*here, key))
        if isinstance(value, dict | list):
            found += paths(value, (*here, key))
    return found


def at(data: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        data = data[key]
    return data


@given(SECTIONS)
def test_json_reads_as_yaml_with_a_place_for_everything(data: dict[str, Any]) -> None:
    document = yaml.parse(json.dumps(data), "spec.yaml")
    assert document.data == data
    for path in paths(data):
        mark = document.mark(path)
        assert mark is not None
        assert mark.line >= 1


@given(SECTIONS, st.randoms(use_true_random=False))
def test_the_hash_knows_values_and_not_their_order(
    data: dict[str, Any], rng: random.Random
) -> None:
    assert digest(shuffled(data, rng)) == digest(data)
    assert json.loads(canonical(data)) == data


@given(SECTIONS, SECTIONS)
def test_different_data_have_different_texts(one: dict[str, Any], two: dict[str, Any]) -> None:
    # Python says 1 == 1.0 == True; a spec must not.
    assert (canonical(one) == canonical(two)) == (repr_sorted(one) == repr_sorted(two))


def repr_sorted(data: Any) -> str:
    """An independent canonical text."""
    if isinstance(data, dict):
        return "{" + ",".join(f"{k!r}:{repr_sorted(data[k])}" for k in sorted(data)) + "}"
    if isinstance(data, list):
        return "[" + ",".join(map(repr_sorted, data)) + "]"
    return repr(data)


@given(SECTIONS, SECTIONS, SECTIONS)
def test_merging_is_associative_and_the_last_word_wins(
    one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]
) -> None:
    assert merge(merge(one, two), three) == merge(one, merge(two, three))
    assert merge(one, {}) == merge({}, one) == merge(one, one) == one
    merged = merge(one, two)
    assert set(merged) == {*one, *two}
    for path in paths(two):
        value = at(two, path)
        if not isinstance(value, dict):
            assert at(merged, path) == value


@given(NAMES, NAMES, SECTIONS, SECTIONS)
def test_another_choice_drops_the_old_ones_options(
    old: str, new: str, below: dict[str, Any], above: dict[str, Any]
) -> None:
    merged = merge({"use": old, "options": below}, {"use": new, "options": above})
    expected = merge(below, above) if old == new else above
    assert merged == {"use": new, "options": expected}


@given(SECTIONS.filter(bool), SCALARS, st.data())
def test_an_override_changes_its_place_and_no_other(
    data: dict[str, Any], value: Any, draw: st.DataObject
) -> None:
    path = draw.draw(st.sampled_from(paths(data)))
    before = yaml.parse(json.dumps(data), "spec.yaml")
    after = apply_overrides(before, [f"{dotted(path)}={json.dumps(value)}"])
    assert at(after.data, path) == value
    assert parse_path(dotted(path)) == path
    assert before.data == data
    for other in paths(data):
        inside = other[: len(path)] == path
        around = path[: len(other)] == other
        if inside:
            mark = after.mark(other)
            assert mark is not None
            assert mark.file == "override 1"
        elif not around:
            assert at(after.data, other) == at(data, other)
            assert after.mark(other) == before.mark(other)


@given(SECTIONS, SECTIONS)
def test_an_overlay_keeps_the_place_of_what_it_keeps(
    below: dict[str, Any], above: dict[str, Any]
) -> None:
    documents = [
        yaml.parse(json.dumps(data), file) for data, file in ((below, "below"), (above, "above"))
    ]
    merged: Document = overlay(*documents)
    for path in paths(merged.data):
        mark = merged.mark(path)
        assert mark is not None
        given_above = path in paths(above)
        assert mark.file == ("above" if given_above else "below")


@given(st.lists(st.text(max_size=12), max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_resolved_spec_says_any_text_so_that_it_reads_back(
    registry: Registry, texts: list[str]
) -> None:
    options = {"use": "toy", "options": {"damaged": texts}}
    spec = load_spec({**stand_ins.SPEC, "data": {"source": options}}, registry=registry)
    again = yaml.parse(spec.to_yaml(), "spec.resolved.yaml").data
    assert load_spec(again, registry=registry).digest == spec.digest
