"""Read metrics as a Prometheus does: over HTTP, and with the library's own parser of the text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Scrape:
    """One answer: its text, and the value of every sample."""

    text: str
    samples: Mapping[tuple[str, Labels], float]

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.samples}

    def of(self, name: str, **labels: str) -> float | None:
        """The one sample with exactly these labels, None where there is none."""
        return self.samples.get((name, frozenset(labels.items())))

    def all_of(self, name: str) -> Mapping[Labels, float]:
        """Every sample of a name."""
        return {labels: value for (found, labels), value in self.samples.items() if found == name}


def scrape(port: int) -> Scrape:
    """What `GET /metrics` tells now."""
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30)
    assert answer.status_code == httpx.codes.OK, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    samples = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    return Scrape(answer.text, samples)
