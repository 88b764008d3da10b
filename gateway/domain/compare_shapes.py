"""Compare what a pull saw of a source with what earlier ones saw: what is new, gone or of another type.

A wrong alarm each night is one that nobody reads, so in doubt nothing is told:

- A field is *gone* where a header lacks it. Objects may leave one out: of them a field is gone only where a whole pull looked at
  enough of them and none has it, and earlier ones were enough and all had it.
- A *type* is another one where texts are seen that those of earlier pulls did not let expect; or where, in a whole pull that looked
  at enough of them, no text is as the earlier ones were. What was seen once is remembered, so that it is told once.
- Where the source file reads a resource otherwise than before, the names inside its objects are learned and not told.
"""

from __future__ import annotations

from gateway.domain.source_shapes import (
    MOST_FIELDS,
    FieldChange,
    KnownField,
    KnownShape,
    SeenField,
    SeenShape,
    are_apart,
    is_news,
    settled,
)

ENOUGH = 20
"""Rows, or texts that are not empty, below which nothing is concluded from what was not seen."""


def compare_shapes(
    known: KnownShape | None, seen: SeenShape, mapping: str, *, whole: bool
) -> tuple[KnownShape, tuple[FieldChange, ...]]:
    """What is known now, and what changed, by name. `mapping` is a digest of how the resource is read, `whole` tells that
    everything was pulled. The first pull changes nothing."""
    earlier = {} if known is None else known.fields
    learns = known is None or (known.mapping != mapping and not seen.certain)
    crowded = seen.crowded or (known is not None and known.crowded)
    both = sorted(earlier.keys() & seen.fields.keys())
    unseen = earlier.keys() - seen.fields.keys()
    gone = {name for name in unseen if not learns and _is_gone(earlier[name], seen, whole=whole)}
    changes = [
        FieldChange(name, "new", now=_listed(seen.fields[name].types)) for name in sorted(seen.fields.keys() - earlier.keys())
    ]
    changes = [] if learns else changes
    changes += [FieldChange(name, "gone", before=_listed(earlier[name].types)) for name in sorted(gone)]
    changes = [change for change in changes if not crowded or change.field in seen.mapped]
    changes += [
        FieldChange(name, "type", _listed(earlier[name].types), _listed(seen.fields[name].types))
        for name in both
        if _is_changed(earlier[name].types, seen.fields[name], whole=whole)
    ]
    if known is not None and seen.certain and known.others != seen.others:
        changes.append(FieldChange("", "others", (str(known.others),), (str(seen.others),)))
    fields = {name: KnownField() for name in seen.mapped if learns and not seen.certain}
    fields |= {name: earlier[name] for name in unseen - gone if not learns}
    fields |= {name: _merged(earlier.get(name), field, seen, whole=whole) for name, field in seen.fields.items()}
    stays = crowded and not (learns or seen.certain)
    return _bounded(fields, mapping, seen, crowded=seen.crowded or stays), tuple(changes)


def _is_gone(known: KnownField, seen: SeenShape, *, whole: bool) -> bool:
    return seen.certain or (whole and known.always and seen.looked >= ENOUGH)


def _is_changed(known: frozenset[str], seen: SeenField, *, whole: bool) -> bool:
    return bool(known) and (any(is_news(kind, known) for kind in seen.types) or _is_other(known, seen, whole=whole))


def _is_other(known: frozenset[str], seen: SeenField, *, whole: bool) -> bool:
    return whole and seen.filled >= ENOUGH and are_apart(known, seen.types)


def _merged(known: KnownField | None, seen: SeenField, shape: SeenShape, *, whole: bool) -> KnownField:
    """A field as it is known after it was seen once more. What changed since last time tells only of those that changed, so that
    it says nothing of what every object has."""
    before = KnownField() if known is None else known
    types = seen.types if _is_other(before.types, seen, whole=whole) else settled(before.types | seen.types)
    always = seen.present == shape.looked
    if not whole or shape.looked < ENOUGH:
        always = before.always and (always or not whole)
    return KnownField(types, always)


def _bounded(fields: dict[str, KnownField], mapping: str, seen: SeenShape, *, crowded: bool) -> KnownShape:
    """Names that came together over many pulls are told no more either when they are too many, and are not learned again."""
    too_many = crowded or len(fields) > MOST_FIELDS
    kept = {name: fields[name] for name in sorted(fields) if not too_many or name in seen.mapped}
    return KnownShape(kept, mapping, seen.others, too_many)


def _listed(types: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(types))
