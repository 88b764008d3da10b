"""Custody: the care of the keys that identifiers are sealed under and that pseudonyms are made by."""

from gateway.custody.agreement_keys import destroy_agreement_keys
from gateway.custody.data_keys import destroy_data_key, rotate_data_key
from gateway.custody.desk import CustodyDesk
from gateway.custody.pseudonyms import reidentify, rotate_pseudonyms
from gateway.custody.wrap_again import wrap_again

__all__ = [
    "CustodyDesk",
    "destroy_agreement_keys",
    "destroy_data_key",
    "reidentify",
    "rotate_data_key",
    "rotate_pseudonyms",
    "wrap_again",
]
