package disclosure

import data.agreement
import data.ferpa

# METADATA
# title: The decision
# description: >-
#   A permit when no rule of any package refuses and everything a permit says is defined; else a denial with the
#   title and citation of each rule that refused.
# entrypoint: true
decision := permit if {
	count(refusals) == 0
} else := {
	"decision": "deny",
	"reasons": reasons,
	"choices": agreement.choices,
}

refusals := (deny | agreement.deny) | ferpa.deny

# Sorted by id: the order of a set is the engine's own affair.
reasons := [{"rule": rule, "citation": citation, "title": title} |
	some [rule, citation, title] in sort([[refusal.custom.id, refusal.custom.citation, refusal.title] | some refusal in refusals])
]

permit := {
	"decision": "permit",
	"agreement": {
		"id": agreement.chosen.id,
		"version": agreement.chosen.version,
		"digest": agreement.chosen.digest,
	},
	"schedule": agreement.chosen.schedule,
	"provider": agreement.chosen.provider,
	"recipient": agreement.chosen.recipient,
	"resource": input.request.resource,
	"purpose": input.request.purpose,
	"elements": released,
	"withheld": sort(object.keys(catalog_elements) - object.keys(released)),
	"rows": agreement.chosen.rows,
	"bases": ferpa.bases,
	"excluded_opt_outs": ferpa.excluded_opt_outs,
	"excluded_subjects": ferpa.excluded_subjects,
	"consents": ferpa.consents,
	"redisclosure_notice": ferpa.notice_needed,
	"code_lists": agreement.chosen.code_lists,
	"release": ferpa.release,
	"rows_left": null,
	"rules": sort([rule | some rule in (satisfied_always | satisfied_here)]),
}

satisfied_always := {
	"F-3-SUBJ",
	"F-31-0",
	"GW-AGR-01",
	"GW-AGR-02",
	"GW-AGR-03",
	"GW-AGR-04",
	"GW-AGR-06",
	"GW-BAS-01",
	"GW-ELM-01",
	"GW-ELM-02",
	"GW-ELM-03",
	"GW-PUR-01",
	"GW-REQ-01",
}

# Rules that have something to judge in some requests only.
satisfied_here contains "F-31-C" if ferpa.bound_to_the_party

satisfied_here contains "GW-AGR-05" if agreement.narrowed

satisfied_here contains "GW-ROW-01" if count(agreement.chosen.rows) > 0

satisfied_here contains "F-3-DIR" if count(ferpa.excluded_opt_outs) > 0

satisfied_here contains "F-37-B" if count(ferpa.excluded_opt_outs) > 0

satisfied_here contains "F-31-B1" if ferpa.deidentified

satisfied_here contains "F-3-PIIg" if ferpa.deidentified

satisfied_here contains "F-33-D" if ferpa.notice_needed
