# METADATA
# title: Personnel records where no state's own module is switched on
# description: >-
#   The strictest reading, and no state's text: it cites no statute. It allows no evaluation rating record by record, so
#   ratings can only be counted.
package state["personnel-default"]

import data.agreement

about := {
	"title": "Personnel records, the strictest reading",
	"citation": "34 CFR 99.3 (Education records, (b)(3)): state law governs; this module cites none",
	"rules": ["GW-PER-01", "GW-PER-02", "GW-PER-03"],
}

# METADATA
# title: Personnel records need a ground of the agreement's own
# custom:
#   id: GW-PER-01
#   citation: 34 CFR 99.3 (Education records, (b)(3))
#   fix: >-
#     Add to the citation the statute, board policy or contract that lets these personnel records go, after a
#     semicolon
fault contains agreement.told_of_basis(rego.metadata.rule(), case, stated, []) if {
	some case in agreement.judged
	some stated in under_this_module(case)
	count(stated.roles) > 0
	not cites_more_than_ferpa(stated)
}

# METADATA
# title: An address, a birth date or place, or a parent's name of an employee is shared
# custom:
#   id: GW-PER-02
#   citation: 34 CFR 99.3 (Education records, (b)(3))
#   fix: Withhold the element, or cite a state-law module that leaves it to the agreement
fault contains agreement.told_of_element(rego.metadata.rule(), case, shown) if {
	some case in agreement.judged
	some stated in under_this_module(case)
	some shown in case.shown
	shown.role in stated.roles
	shown.element.pii in {"address", "indirect_id", "parent_name"}
}

# METADATA
# title: Pay, tenure, separation or another sensitive matter of an employee is shared record by record
# custom:
#   id: GW-PER-03
#   citation: 34 CFR 99.3 (Education records, (b)(3))
#   fix: Write aggregate_only or withhold, or cite a state-law module that leaves it to the agreement
fault contains agreement.told_of_element(rego.metadata.rule(), case, shown) if {
	some case in agreement.judged
	some stated in under_this_module(case)
	some shown in case.shown
	shown.role in stated.roles
	shown.element.class in {"sensitive", "free_text"}
}

under_this_module(case) := [stated |
	some stated in case.stated
	stated.basis.basis == "none_not_education_record"
	stated.basis.details.module == "personnel-default"
]

cites_more_than_ferpa(stated) if {
	some part in split(stated.basis.citation, ";")
	text := trim_space(part)
	text != ""
	not startswith(text, "34 CFR")
}
