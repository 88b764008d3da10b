# METADATA
# title: A template for a state-law module
# description: >-
#   Copy this folder to `policies/state/<id>`, where <id> is what agreements name under `module`, and give the package that name.
#   It is not in the bundle itself.
package state.template

import data.agreement

# METADATA
# description: What the module is about. `rules` are the ids of its rules, which a permit then names as satisfied.
about := {
	"title": "Personnel records in <state>",
	"citation": "<statute and section, as they are quoted in counsel's note>",
	"rules": ["X-STATE-01"],
}

# What the statute lets go of evaluation ratings record by record, each with the words that do. Nothing else that a module says
# can allow anything; leave it empty where the statute is silent.
allows := []

# METADATA
# title: <What is wrong, in a sentence that a partner may read>
# custom:
#   id: X-STATE-01
#   citation: <statute and section>
#   fix: <What to write instead>
fault contains agreement.told_of_element(rego.metadata.rule(), case, shown) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "none_not_education_record"
	stated.basis.details.module == "template"
	some shown in case.shown
	shown.role in stated.roles
	not may_go(shown)
}

# Say what may go, not what may not: an element that nobody thought of is then refused.
may_go(shown) if shown.element.class == "operational"

may_go(shown) if shown.grant.treatment == "pseudonymise"
