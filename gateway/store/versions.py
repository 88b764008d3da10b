"""Which version of each resource a disclosure reads, and since when versions are kept whole (decision 1)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, select

from gateway.domain.identifiers import ResourceName
from gateway.domain.query_plan import QueryPlan
from gateway.errors import VersionGone
from gateway.store.engine import together
from gateway.store.schema import resource_head

# Built once: every disclosure runs it, and building a statement costs more than running it.
_HEAD = select(resource_head.c.resource, resource_head.c.version, resource_head.c.kept_since).where(
    resource_head.c.provider_id == bindparam("provider"), resource_head.c.resource == bindparam("of_resource")
)


def versions_read(connection: Connection, plan: QueryPlan) -> Mapping[ResourceName, int]:
    """The version of every resource that a plan looks at: the frozen one, the pinned one, or the promoted one of this snapshot (0
    before the first). Raises `VersionGone` for a pinned one whose rows are not all there any more."""
    names = {plan.resource, *(related.resource for related in plan.related)}
    asked = [(_HEAD, {"provider": plan.provider, "of_resource": name}) for name in sorted(names)]
    heads = [head for rows in together(connection, *asked) for head in rows]
    versions = dict.fromkeys(names, 0) | {ResourceName(resource): int(version) for resource, version, _ in heads}
    if plan.pinned is not None:
        pinned = {name: version for name, version in plan.pinned.versions if name in names}
        forgotten = any(kept_since is not None and plan.pinned.at < kept_since for _, _, kept_since in heads)
        # What is above the head is being staged, and nobody's to read: the database was put back to an earlier day.
        if forgotten or any(version > versions[name] for name, version in pinned.items()):
            raise VersionGone
        versions |= pinned
    if plan.frozen is not None:
        versions[plan.resource] = plan.frozen.version
    return versions
