"""Which grade levels make which band: Ed-Fi's code values of `GradeLevelDescriptor`, compared in small letters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_BANDS: Mapping[str, tuple[str, ...]] = {
    "early": ("infant/toddler", "preschool/prekindergarten", "prekindergarten", "preschool"),
    "elementary": (
        "transitional kindergarten",
        "kindergarten",
        "first grade",
        "second grade",
        "third grade",
        "fourth grade",
        "fifth grade",
    ),
    "middle": ("sixth grade", "seventh grade", "eighth grade"),
    "high": ("ninth grade", "tenth grade", "eleventh grade", "twelfth grade", "grade 13"),
    "postsecondary": ("postsecondary",),
    "adult": ("adult education",),
}

GRADE_BANDS: Mapping[str, str] = MappingProxyType({level: band for band, levels in _BANDS.items() for level in levels})
"""Code value in small letters -> band. What is not listed has no band: it is null, never another band."""
