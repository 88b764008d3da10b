package disclosure

import data.agreement

# METADATA
# title: The agreement grants an element that the catalog does not have, or has without a class
# custom:
#   id: GW-ELM-01
#   citation: 34 CFR 99.31(a)
#   fix: Take the element's name from the data dictionary, or leave it out
fault contains agreement.told(rego.metadata.rule(), case, ["elements", path], path) if {
	some case in agreement.judged
	some path, grant in case.entry.elements
	grant != withheld_entirely
	not has_a_class(case, path)
}

# METADATA
# title: The agreement asks for a treatment that does not exist or does not fit its element
# custom:
#   id: GW-ELM-02
#   citation: Educator Data Gateway
#   fix: Take one of the treatments that the language has for this type of element; withhold fits each
fault contains agreement.told(rego.metadata.rule(), case, ["elements", path], path) if {
	some case in agreement.judged
	some path, grant in case.entry.elements
	not treatment_fits(case, path, grant)
}

# METADATA
# title: The agreement does not say what happens to the elements of this resource
# custom:
#   id: GW-ELM-04
#   citation: Educator Data Gateway
#   fix: Name elements with a treatment for each
fault contains agreement.told(rego.metadata.rule(), case, ["elements"], "") if {
	some case in agreement.judged
	not names_elements(case)
}

# METADATA
# title: The agreement shares free text as somebody wrote it
# description: >-
#   Free text can name anybody, also a person whom no basis of the agreement is about and whom nobody asked: a pupil, a
#   parent, a colleague.
# custom:
#   id: GW-ELM-05
#   citation: 34 CFR 99.3 (Personally identifiable information, (f))
#   fix: Write redact_text, aggregate_only or withhold; free text can name anybody, a K-12 student too
fault contains agreement.told_of_element(rego.metadata.rule(), case, shown) if {
	some case in agreement.judged
	some shown in case.released
	shown.element.class == "free_text"
	shown.grant != {"treatment": "redact_text"}
}

# METADATA
# title: The agreement shares no element of this resource record by record
# custom:
#   id: GW-ELM-03
#   citation: Educator Data Gateway
deny contains rego.metadata.rule() if {
	agreement.chosen
	count(released) == 0
}

# The classes that the catalog gives.
classes := {"direct_identifier", "quasi_identifier", "sensitive", "free_text", "operational", "prohibited"}

withheld_entirely := {"treatment": "withhold"}

treatments_of_any_element := {{"treatment": "share"}, {"treatment": "withhold"}, {"treatment": "aggregate_only"}}

# What the permitted view has, each with its treatment.
released[shown.path] := shown.grant if some shown in agreement.judged[0].released

catalog_elements := data.catalog.resources[input.request.resource].elements

# Whom an element is about decides on which basis it flows, so that is known too.
has_a_class(case, path) if {
	case.elements[path].class in classes
	is_about_nobody_or_a_person(case, path)
}

is_about_nobody_or_a_person(case, path) if case.elements[path].person == null

is_about_nobody_or_a_person(case, path) if is_object(case.persons[case.elements[path].person])

names_elements(case) if is_object(case.entry.elements)

# Each pattern is the whole treatment: one with a member too few or too many is none of them.
treatment_fits(_, _, grant) if grant in treatments_of_any_element

treatment_fits(case, path, {"treatment": "pseudonymise"}) if case.elements[path].pseudonymisable == true

# The recipient has an id of its own only for whom it listed.
treatment_fits(case, path, {"treatment": "return_own_id"}) if {"roster": path} in case.entry.rows

treatment_fits(case, path, {"treatment": "redact_text"}) if {
	case.elements[path].class == "free_text"
	case.elements[path].type == "string"
}

treatment_fits(case, path, {"treatment": "mask", "keep": keep}) if {
	keep in {"last_four", "initial"}
	case.elements[path].type == "string"
}

treatment_fits(case, path, {"treatment": "generalise", "to": to}) if {
	is_in_the_open(case, path)
	generalises(to, path, case.elements[path].type)
}

treatment_fits(case, path, {"treatment": "generalise", "to": to, "by": by}) if {
	is_in_the_open(case, path)
	generalises_by(to, by, case.elements[path].type)
}

treatment_fits(case, path, {"treatment": "generalise", "to": "age_band", "by": years}) if {
	is_in_the_open(case, path)
	case.elements[path].type == "date"
	endswith(path, "irthDate")
	is_whole(years)
	years >= 2
}

treatment_fits(case, path, grant) if {
	grant == {"treatment": "generalise", "to": "roll_up", "by": grant.by}
	is_in_the_open(case, path)
	case.elements[path].type in {"descriptor", "string"}
	is_object(case.entry.code_lists[grant.by])
}

# What is sealed cannot be made coarser where it lies.
is_in_the_open(case, path) if case.elements[path].class in choosing_classes

generalises("year", _, "date")

generalises("month", _, "date")

generalises("zip3", path, "string") if endswith(path, "ostalCode")

generalises("grade_band", path, "descriptor") if endswith(path, "radeLevelDescriptor")

generalises_by("band", by, type) if {
	type in number_types
	is_step(by)
}

generalises_by("round", by, type) if {
	type in number_types
	is_number(by)
	by > 0
}

generalises_by(to, by, type) if {
	to in {"top_code", "bottom_code"}
	type in number_types
	is_number(by)
}

number_types := {"integer", "number"}

is_count(number) if {
	is_whole(number)
	number >= 0
}

is_step(number) if {
	is_whole(number)
	number > 0
}

is_whole(number) if {
	is_number(number)
	floor(number) == number
}
