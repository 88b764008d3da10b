"""Intake: connector -> normalise -> stage -> promote, one resource at a time, whole or not at all."""

from gateway.ingest.lead import ingest
from gateway.ingest.order import Intake, Progress, ResourceReport, SyncOrder, order_of

__all__ = ["Intake", "Progress", "ResourceReport", "SyncOrder", "ingest", "order_of"]
