# METADATA
# title: Never shared
# description: What no agreement can share, whatever it says. Held when a file is checked and again at each request.
package never_shared

import data.agreement

# METADATA
# title: The agreement grants what is never shared
# custom:
#   id: GW-FLR-06
#   citation: 34 CFR 99.31(d)
#   fix: >-
#     Leave the element out. Social security numbers, tax and bank data, login secrets, biometric data, health
#     details, and all of a background check but its status and date are never shared, nor counted
fault contains agreement.told(rego.metadata.rule(), case, ["elements", path], path) if {
	some case in agreement.judged
	some path, grant in case.entry.elements
	case.elements[path].class == "prohibited"
	grant != {"treatment": "withhold"}
}

# METADATA
# title: The agreement shares record by record what is only ever counted
# custom:
#   id: GW-FLR-01
#   citation: 34 CFR 99.31(d)
#   fix: >-
#     Write aggregate_only or withhold. Visas, details of a background check, and what derives from applications for
#     financial aid (Pell, economic disadvantage) are never shared record by record, nor do they choose rows
fault contains agreement.told_of_element(rego.metadata.rule(), case, shown) if {
	some case in agreement.judged
	some shown in case.shown
	shown.element.floor == "record_level"
}

# METADATA
# title: The agreement shares record by record, for placing or hiring, what no employer may choose people by
# custom:
#   id: GW-FLR-02
#   citation: 34 CFR 99.31(d)
#   fix: >-
#     Write aggregate_only or withhold, or take placement, hiring and early_hire away from the purposes. Birth date or
#     year, sex or gender, race or ethnicity, disability, citizenship and economic status are not shared for them, nor
#     do they choose rows
fault contains agreement.told_of_element(rego.metadata.rule(), case, shown) if {
	some case in agreement.judged
	serves_an_employer(case)
	some shown in case.shown
	shown.element.floor == "hiring"
}

# METADATA
# title: The records are of K-12 students only
# custom:
#   id: GW-FLR-04
#   citation: 34 CFR 99.31(d)
#   fix: Leave the resource out. No K-12 student is served record by record
fault contains agreement.told(rego.metadata.rule(), case, [], role) if {
	some case in agreement.judged
	some role, person in case.persons
	{type | some type in person.subject_types} == {"k12_student"}
}

# METADATA
# title: What may be shared of this element is not known
# description: An attribute of the catalog that this policy does not know refuses, so that a new one is never taken for none.
# custom:
#   id: GW-FLR-05
#   citation: Educator Data Gateway
#   fix: Leave the element out until the catalog says how far it may be shared
fault contains agreement.told_of_element(rego.metadata.rule(), case, shown) if {
	some case in agreement.judged
	some shown in case.shown
	not has_a_known_floor(shown)
}

serves_an_employer(case) if {
	some purpose in case.purposes
	purpose in {"placement", "hiring", "early_hire"}
}

has_a_known_floor(shown) if shown.element.floor in {null, "record_level", "hiring", "evaluation"}
