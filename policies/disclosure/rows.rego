package disclosure

import data.agreement

# METADATA
# title: The agreement chooses rows by an element that may not choose them, or in a way that does not exist
# custom:
#   id: GW-ROW-01
#   citation: Educator Data Gateway
#   fix: Choose rows by elements of the catalog that do not identify people, with a comparison that fits them
fault contains agreement.told(rego.metadata.rule(), case, ["rows", place], "") if {
	some case in agreement.judged
	some place, row in case.entry.rows
	not chooses_fairly(case, row)
}

# METADATA
# title: The agreement's rows cannot be told for today
# description: They are no list; a condition that counts more terms than the agreement names has none for today.
# custom:
#   id: GW-ROW-03
#   citation: Educator Data Gateway
#   fix: Write rows as a list of conditions, and name as many academic_terms that are not over as its conditions count
fault contains agreement.told(rego.metadata.rule(), case, ["rows"], "") if {
	some case in agreement.judged
	not rows_are_told(case)
}

choosing_classes := {"quasi_identifier", "sensitive", "operational"}

rows_are_told(case) if {
	is_array(case.entry.rows)
	every row in case.entry.rows { terms_are_named(case, row) }
}

chooses_fairly(case, row) if condition_is_fair(case.elements, row)

chooses_fairly(case, row) if is_by_a_roster(case.elements, row)

chooses_fairly(case, row) if {
	related := data.catalog.resources[row.related]
	has_people_in_common(case.persons[row.about], related)
	count(row.where) > 0
	every condition in row.where { chooses_related(related.elements, condition) }
}

chooses_related(elements, condition) if condition_is_fair(elements, condition)

chooses_related(elements, condition) if is_by_a_roster(elements, condition)

# Whoever the recipient lists is named by the key of some record.
is_by_a_roster(elements, condition) if {
	condition == {"roster": condition.roster}
	is_string(elements[condition.roster].names)
}

# Whoever this row is about may also have a row of the other resource.
has_people_in_common(person, related) if {
	some type in person.subject_types
	type != "nobody"
	some other in related.persons
	type in other.subject_types
}

condition_is_fair(elements, condition) if {
	elements[condition.element].class in choosing_classes
	is_array(condition.values)
	compares(condition.comparison, condition.values)
}

# In a file, days may be ahead of a day that is not yet known.
condition_is_fair(elements, condition) if {
	not input.request
	elements[condition.element].class in choosing_classes
	elements[condition.element].type == "date"
	condition.within in {"days", "terms"}
	is_step(condition.count)
}

compares("in", _)

compares(comparison, values) if {
	comparison in {"equals", "at_least", "at_most"}
	count(values) == 1
}

compares("present", [value]) if is_boolean(value)

terms_are_named(case, row) if {
	every condition in array.concat([row], object.get(row, "where", [])) { term_is_named(case, condition) }
}

term_is_named(_, condition) if not condition.within == "terms"

term_is_named(case, condition) if {
	ahead := [last | some last in case.entry.academic_terms; last >= input.day]
	condition.count <= count(ahead)
}
