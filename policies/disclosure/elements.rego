package disclosure

import data.agreement

# METADATA
# title: The agreement grants an element that the catalog does not have or that is never disclosed
# custom:
#   id: GW-ELM-01
#   citation: 34 CFR 99.31(a)
deny contains rego.metadata.rule() if {
	agreement.chosen
	not grants_only_shareable_elements
}

# METADATA
# title: The agreement asks for a treatment that does not exist or does not fit its element
# custom:
#   id: GW-ELM-02
#   citation: Educator Data Gateway
deny contains rego.metadata.rule() if {
	agreement.chosen
	not every_treatment_fits
}

# METADATA
# title: The agreement shares no element of this resource record by record
# custom:
#   id: GW-ELM-03
#   citation: Educator Data Gateway
deny contains rego.metadata.rule() if {
	agreement.chosen
	not something_is_released
}

# METADATA
# title: The agreement chooses rows by an element that may not choose them
# custom:
#   id: GW-ROW-01
#   citation: Educator Data Gateway
deny contains rego.metadata.rule() if {
	agreement.chosen
	not rows_are_chosen_fairly
}

# Classes that may leave, and classes that may choose rows: whatever else a class may be called is neither.
shareable_classes := {"direct_identifier", "quasi_identifier", "sensitive", "free_text", "operational"}

choosing_classes := {"quasi_identifier", "sensitive", "operational"}

treatments_of_any_element := {
	{"treatment": "share"},
	{"treatment": "withhold"},
	{"treatment": "aggregate_only"},
	{"treatment": "mask", "keep": "last_four"},
	{"treatment": "mask", "keep": "initial"},
}

pseudonym := {"treatment": "pseudonymise"}

treatments_not_released := {{"treatment": "withhold"}, {"treatment": "aggregate_only"}}

# What the permitted view has, each with its treatment.
released[path] := grant if {
	some path, grant in agreement.chosen.elements
	not grant in treatments_not_released
}

catalog_elements := data.catalog.resources[input.request.resource].elements

grants_only_shareable_elements if {
	every path, grant in agreement.chosen.elements { granted_rightly(path, grant) }
}

granted_rightly(_, grant) if grant == {"treatment": "withhold"}

granted_rightly(path, _) if catalog_elements[path].class in shareable_classes

every_treatment_fits if {
	is_object(agreement.chosen.elements)
	every path, grant in agreement.chosen.elements { treatment_fits(path, grant) }
}

treatment_fits(_, grant) if grant in treatments_of_any_element

treatment_fits(path, grant) if {
	grant == pseudonym
	catalog_elements[path].pseudonymisable == true
}

treatment_fits(path, grant) if {
	grant.treatment == "generalise"
	in_the_open(path)
	coarsens(path, grant)
	has_its_members(grant)
	width_fits(grant)
}

in_the_open(path) if catalog_elements[path].class in choosing_classes

coarsens(path, grant) if catalog_elements[path].type in coarser[grant.to]

has_its_members(grant) if count(grant) == members[grant.to]

# What each generalisation is for, and with how many members it is granted.
coarser := {
	"year": {"date"},
	"month": {"date"},
	"age_band": {"date"},
	"zip3": {"string"},
	"band": {"integer", "number"},
	"round": {"integer", "number"},
	"top_code": {"integer", "number"},
	"bottom_code": {"integer", "number"},
	"roll_up": {"string", "descriptor"},
	"grade_band": {"descriptor"},
}

members := {
	"year": 2,
	"month": 2,
	"zip3": 2,
	"grade_band": 2,
	"age_band": 3,
	"band": 3,
	"round": 3,
	"top_code": 3,
	"bottom_code": 3,
	"roll_up": 3,
}

width_fits(grant) if members[grant.to] == 2

width_fits(grant) if {
	grant.to in {"top_code", "bottom_code"}
	is_number(grant.by)
}

width_fits(grant) if {
	grant.to in {"age_band", "band", "round"}
	is_number(grant.by)
	grant.by > 0
}

width_fits(grant) if {
	grant.to == "roll_up"
	is_object(agreement.chosen.code_lists[grant.by])
}

something_is_released if count(released) > 0

rows_are_chosen_fairly if {
	is_array(agreement.chosen.rows)
	every row in agreement.chosen.rows { chooses_fairly(row) }
}

chooses_fairly(row) if {
	catalog_elements[row.element].class in choosing_classes
	is_array(row.values)
	compares(row.comparison, row.values)
}

# A row of another resource about the same person, chosen as fairly.
chooses_fairly(row) if {
	is_object(persons_here[row.about])
	count(row.where) > 0
	every condition in row.where { chooses_fairly_there(row.related, condition) }
}

chooses_fairly_there(resource, row) if {
	data.catalog.resources[resource].elements[row.element].class in choosing_classes
	is_array(row.values)
	compares(row.comparison, row.values)
}

persons_here := data.catalog.resources[input.request.resource].persons

compares("in", _)

compares(comparison, values) if {
	comparison in {"equals", "at_least", "at_most"}
	count(values) == 1
}

compares("present", [value]) if is_boolean(value)
