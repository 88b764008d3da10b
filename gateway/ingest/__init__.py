"""Intake: connector -> normalise -> stage -> promote, one resource at a time, whole or not at all."""

from gateway.ingest.drift import log_drift
from gateway.ingest.lead import ingest
from gateway.ingest.order import Drifted, Intake, Progress, ResourceReport, SyncOrder, order_of

__all__ = ["Drifted", "Intake", "Progress", "ResourceReport", "SyncOrder", "ingest", "log_drift", "order_of"]
