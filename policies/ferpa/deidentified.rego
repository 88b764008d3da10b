package ferpa

import data.agreement
import data.disclosure

# METADATA
# title: A de-identified view releases what identifies people, or free text in which any name can hide
# custom:
#   id: GW-DEI-01
#   citation: 34 CFR 99.31(b)(1)
#   fix: >-
#     Withhold the element, a pseudonym of it too; a release brings a random code of its own where the basis allows
#     one
fault contains agreement.told_of_element(rego.metadata.rule(), case, shown) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis in deidentified
	some shown in case.shown
	shown.role in stated.roles
	not may_stay(shown)
}

# METADATA
# title: A de-identified view releases a quasi-identifier as it is
# custom:
#   id: GW-DEI-02
#   citation: 34 CFR 99.31(b)(1)
#   fix: Generalise the element, or withhold it; a row condition reads it as it is, so take the condition away
fault contains agreement.told_of_element(rego.metadata.rule(), case, shown) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis in deidentified
	some shown in case.shown
	shown.role in stated.roles
	shown.element.class == "quasi_identifier"
	not shown.grant.treatment == "generalise"
}

# METADATA
# title: The quasi-identifiers that a de-identified view lists are not those that it releases
# custom:
#   id: GW-DEI-03
#   citation: 34 CFR 99.31(b)(1)
#   fix: >-
#     List under quasi_identifiers each quasi-identifier that is released, and nothing that is not; other released
#     elements by which people could be told apart may stand there too
fault contains agreement.told_of_basis(rego.metadata.rule(), case, stated, ["quasi_identifiers"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis in deidentified
	not lists_its_quasi_identifiers(case, stated)
}

# METADATA
# title: The smallest class of a de-identified view is below 10, or not named
# custom:
#   id: GW-DEI-04
#   citation: 34 CFR 99.31(b)(1)
#   fix: Write smallest_class, a whole number from 10 on
fault contains agreement.told_of_basis(rego.metadata.rule(), case, stated, ["smallest_class"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis in deidentified
	not classes_are_large(stated)
}

# METADATA
# title: Some people of a row are de-identified and others are not
# custom:
#   id: GW-DEI-05
#   citation: 34 CFR 99.31(b)(1)
#   fix: >-
#     Name a de-identified basis for each person of the row, or for none; who is named beside somebody tells who that
#     is
fault contains agreement.told(rego.metadata.rule(), case, ["persons"], "") if {
	some case in agreement.judged
	is_deidentified(case)
	some role, _ in case.persons
	not person_is_deidentified(case, role)
}

# METADATA
# title: A de-identified view has no feed of changes
# custom:
#   id: GW-DEI-06
#   citation: 34 CFR 99.31(b)(1)
#   fix: Write change_feed false; two states of the data, held side by side, tell of one person
fault contains agreement.told(rego.metadata.rule(), case, ["change_feed"], "") if {
	some case in agreement.judged
	is_deidentified(case)
	not case.entry.change_feed == false
}

# METADATA
# title: Coded records serve one research project of education
# custom:
#   id: F-31-B2ii
#   citation: 34 CFR 99.31(b)(2)(ii)
#   fix: Keep this basis for the purpose research, and name the project
fault contains agreement.told_of_basis(rego.metadata.rule(), case, stated, []) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "b2_coded_research"
	not serves_a_project(case, stated)
}

# METADATA
# title: The codes of coded records do not come from chance
# custom:
#   id: F-31-B2iii
#   citation: 34 CFR 99.31(b)(2)(iii)
#   fix: >-
#     Write code_source as random; a code made from a number, a name or a birth date, by whatever means, is based on
#     personal information
fault contains agreement.told_of_basis(rego.metadata.rule(), case, stated, ["code_source"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "b2_coded_research"
	not stated.basis.details.code_source == "random"
}

# METADATA
# title: No determination is on file that these records are de-identified
# custom:
#   id: F-31-B1
#   citation: 34 CFR 99.31(b)(1)
deny contains rego.metadata.rule() if {
	some case in agreement.judged
	is_deidentified(case)
	not was_determined(case)
}

# METADATA
# title: A de-identified view answers no question about one person
# custom:
#   id: F-3-PIIg
#   citation: 34 CFR 99.3 (Personally identifiable information, (g))
deny contains rego.metadata.rule() if {
	some case in agreement.judged
	is_deidentified(case)
	not input.request.filters == []
}

is_deidentified(case) if {
	some stated in case.stated
	stands_on_a_deidentified_ground(stated)
}

stands_on_a_deidentified_ground(stated) if stated.basis.basis in deidentified

may_stay(shown) if shown.element.class in {"quasi_identifier", "sensitive", "operational"}

person_is_deidentified(case, role) if case.entry.persons[role].basis in deidentified

lists_its_quasi_identifiers(case, stated) if {
	is_array(stated.basis.details.quasi_identifiers)
	listed := {path | some path in stated.basis.details.quasi_identifiers}
	about := [shown | some shown in case.released; shown.role in stated.roles]
	released_quasi := {shown.path | some shown in about; shown.element.class == "quasi_identifier"}
	count(released_quasi - listed) == 0
	count(listed - {shown.path | some shown in case.released}) == 0
}

classes_are_large(stated) if {
	disclosure.is_whole(stated.basis.details.smallest_class)
	stated.basis.details.smallest_class >= 10
}

serves_a_project(case, stated) if {
	all_of(case.purposes, {"research"})
	disclosure.is_text(stated.basis.details.project)
}

# What an official determined stands for each basis of the row: the release's smallest class is none that a basis forbids.
was_determined(case) if {
	release_on_file := case.entry.release
	disclosure.is_step(release_on_file.version)
	disclosure.is_text(release_on_file.official)
	agreement.is_day(release_on_file.made_on)
	release_on_file.made_on <= input.today[case.entry.timezone]
	is_number(release_on_file.smallest_class)
	every stated in case.stated { is_large_enough(stated, release_on_file) }
}

is_large_enough(stated, _) if not stands_on_a_deidentified_ground(stated)

is_large_enough(stated, release_on_file) if {
	is_number(stated.basis.details.smallest_class)
	release_on_file.smallest_class >= stated.basis.details.smallest_class
}

listed_quasi_identifiers(case) := {path |
	some stated in case.stated
	stated.basis.basis in deidentified
	some path in stated.basis.details.quasi_identifiers
}
