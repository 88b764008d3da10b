# METADATA
# title: State-law modules
# description: >-
#   Packages of `state` that an operator has switched on. They can only narrow, but for evaluation ratings of employees, of which
#   a module allows what it cites.
package modules

import data.agreement

# Each package of `state` says what it is about; no list of names is kept beside them.
known contains id if {
	some id
	data.state[id].about
}

all_known if {
	is_array(input.modules)
	every id in input.modules { id in known }
}

# METADATA
# title: Personnel records stand on no state-law module that is switched on
# custom:
#   id: GW-STA-01
#   citation: 34 CFR 99.3 (Education records, (b)(3))
#   fix: >-
#     Name in module a state-law module that this gateway has switched on; personnel records are under state law, not
#     FERPA
fault contains agreement.told_of_basis(rego.metadata.rule(), case, stated, ["module"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "none_not_education_record"
	is_about_somebody(case)
	not cites_a_module(stated)
}

# METADATA
# title: Evaluation ratings of employees are shared record by record
# custom:
#   id: GW-FLR-03
#   citation: 34 CFR 99.3 (Education records, (b)(3))
#   fix: Write aggregate_only or withhold, or cite a state-law module that allows this element record by record
fault contains agreement.told_of_element(rego.metadata.rule(), case, shown) if {
	some case in agreement.judged
	some shown in case.shown
	shown.element.floor == "evaluation"
	case.entry.persons[shown.role].basis == "none_not_education_record"
	not allowed(case, shown)
}

fault contains problem if {
	some id in input.modules
	some problem in data.state[id].fault
}

# METADATA
# title: A basis outside FERPA names no state-law module
# description: Checked in the file for records about nobody too, so that what a basis must say does not depend on the resource.
# custom:
#   id: GW-STA-02
#   citation: Educator Data Gateway
#   fix: Name in module a state-law module that this gateway has switched on
flaw contains agreement.told_of_basis(rego.metadata.rule(), case, stated, ["module"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "none_not_education_record"
	not is_about_somebody(case)
	not cites_a_module(stated)
}

is_about_somebody(case) if count(case.persons) > 0

cites_a_module(stated) if {
	id := stated.basis.details.module
	id in input.modules
	id in known
}

# METADATA
# description: Whether the module that the person's basis cites allows this element, and itself cites what allows it.
allowed(case, shown) if {
	id := case.entry.persons[shown.role].details.module
	id in input.modules
	some grant in data.state[id].allows
	grant.element == shown.path
	grant.resource == shown.resource
	trim_space(grant.citation) != ""
}

# The rules that a permit has satisfied for the people whose records stand on a module: those here, and the module's own.
held contains rule if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "none_not_education_record"
	is_about_somebody(case)
	some rule in array.concat(["GW-FLR-03", "GW-STA-01"], data.state[stated.basis.details.module].about.rules)
}
