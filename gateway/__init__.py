"""Educator Data Gateway: the permitted, audited view between teacher-preparation programs and school districts."""
