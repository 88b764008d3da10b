package disclosure

import data.agreement
import data.ferpa
import data.modules
import data.never_shared

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

refusals := union({deny, agreement.deny, ferpa.deny, faults})

# What is wrong with the agreement itself; the check of its file tells the same.
faults := union({fault, ferpa.fault, never_shared.fault, modules.fault})

# Sorted by id: the order of a set is the engine's own affair.
reasons := [{"rule": rule, "citation": citation, "title": title} |
	some [rule, citation, title] in sort({told(refusal) | some refusal in refusals})
]

told(refusal) := [refusal.rule, refusal.citation, refusal.title]

told(refusal) := [refusal.custom.id, refusal.custom.citation, refusal.title]

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
	"rows_left": rows_left,
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
	"GW-ELM-04",
	"GW-ELM-05",
	"GW-FLR-01",
	"GW-FLR-04",
	"GW-FLR-05",
	"GW-FLR-06",
	"GW-FMT-01",
	"GW-PUR-01",
	"GW-REQ-01",
	"GW-ROW-03",
	"GW-SUB-01",
}

# Rules that have something to judge in some requests only.
satisfied_here contains "F-31-C" if ferpa.bound_to_the_party

satisfied_here contains "F-33-D" if ferpa.notice_needed

satisfied_here contains "GW-AGR-05" if agreement.narrowed

satisfied_here contains "GW-FEED-01" if input.request.operation == "feed"

satisfied_here contains "GW-FIT-03" if input.request.purpose == "placement"

satisfied_here contains "GW-FLR-02" if never_shared.serves_an_employer(agreement.judged[0])

satisfied_here contains "GW-LIM-01" if rows_left != null

satisfied_here contains "GW-LIM-02" if agreement.chosen.limits.requests_per_minute != null

satisfied_here contains "GW-ROW-01" if count(agreement.chosen.rows) > 0

satisfied_here contains rule if some rule in ferpa.held

satisfied_here contains rule if some rule in modules.held
