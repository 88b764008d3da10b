package disclosure_test

import data.disclosure

element(class) := {
	"class": class,
	"directory": true,
	"person": "candidate",
	"pseudonymisable": false,
	"type": "string",
	"floor": null,
}

catalog := {"resources": {"candidates": {
	"persons": {"candidate": {"subject_types": ["candidate", "alumnus"]}},
	"elements": {"firstName": element("direct_identifier"), "birthDate": element("quasi_identifier")},
}}}

basis := {
	"basis": "consent",
	"citation": "34 CFR 99.30",
	"details": {"form": {"id": "f", "records": {"candidates": ["firstName"]}}},
}

entry := {
	"id": "a",
	"version": 1,
	"digest": "d",
	"state": "in_force",
	"timezone": "UTC",
	"term": {"from": "2026-01-01", "until": "2026-12-31"},
	"redisclosure": {"allowed": false, "notice": "n"},
	"schedule": "s",
	"provider": "p",
	"recipient": "r",
	"resource": "candidates",
	"purposes": ["placement"],
	"legal_basis": basis,
	"persons": {"candidate": basis},
	"rows": [],
	"elements": {"firstName": {"treatment": "share"}},
	"code_lists": {},
	"formats": ["json"],
	"limits": {"requests_per_minute": null, "rows_per_day": null},
}

asked := {
	"principal": {"client": "c", "institution": "r", "purposes": ["placement"]},
	"request": {
		"resource": "candidates",
		"purpose": "placement",
		"provider": null,
		"agreement": null,
		"operation": "read",
		"format": "json",
		"filters": [],
	},
	"today": {"UTC": "2026-06-01"},
	"modules": [],
	"agreements": [entry],
}

test_what_is_not_named_is_withheld if {
	decision := disclosure.decision with input as asked with data.catalog as catalog
	decision.decision == "permit"
	decision.elements == {"firstName": {"treatment": "share"}}
	decision.withheld == ["birthDate"]
}

test_no_input_is_denied if {
	decision := disclosure.decision with input as {} with data.catalog as catalog
	decision.decision == "deny"
	[reason.rule | some reason in decision.reasons] == ["GW-REQ-01"]
}

test_no_catalog_is_denied if {
	decision := disclosure.decision with input as asked with data.catalog as {}
	decision.decision == "deny"
}
