# METADATA
# title: Agreement
# description: Which agreement a request stands on. Exactly one, in force today; grants of two are never merged.
package agreement

import data.disclosure

# METADATA
# title: No agreement covers this request
# description: None of the agreements with your institution is about this resource and purpose.
# custom:
#   id: GW-AGR-01
#   citation: 34 CFR 99.31(a)
deny contains rego.metadata.rule() if {
	disclosure.may_ask
	count(covering) == 0
}

# METADATA
# title: The agreement is not in force
# description: It is a draft, not signed by all, suspended, expired or terminated.
# custom:
#   id: GW-AGR-02
#   citation: 34 CFR 99.31(a)
deny contains rego.metadata.rule() if {
	disclosure.may_ask
	count(good) == 0
	some entry in covering
	not in_force(entry)
}

# METADATA
# title: Today is outside the agreement's term
# description: First and last day count, in the agreement's own time zone.
# custom:
#   id: GW-AGR-03
#   citation: 34 CFR 99.31(a)
deny contains rego.metadata.rule() if {
	disclosure.may_ask
	count(good) == 0
	some entry in covering
	not in_term(entry)
}

# METADATA
# title: Several agreements cover this request; name one of them, or the provider
# description: Repeat it with one of the `choices` as `agreement=`, or with `provider=`.
# custom:
#   id: GW-AGR-04
#   citation: Educator Data Gateway
deny contains rego.metadata.rule() if {
	disclosure.may_ask
	count(good) > 1
}

# METADATA
# title: Only the recipient that an agreement names may use it
# custom:
#   id: GW-AGR-06
#   citation: 34 CFR 99.33(a)(1)
deny contains rego.metadata.rule() if {
	disclosure.may_ask
	some entry in input.agreements
	not received_by_the_principal(entry)
}

# The agreement that the request stands on, or the only one that might have been it. What is said about an
# agreement is said to a party of it.
chosen := good[0] if {
	disclosure.may_ask
	count(good) == 1
}

chosen := covering[0] if {
	disclosure.may_ask
	count(good) == 0
	count(covering) == 1
}

choices := sort([id | some id in ids_to_choose_from])

ids_to_choose_from contains entry.id if {
	disclosure.may_ask
	count(good) > 1
	some entry in good
}

# METADATA
# title: The agreement or provider that the request names is the one found
# description: >-
#   It refuses nothing itself: a name that finds nothing gets the answer of a request that no agreement covers
#   (GW-AGR-01), so that asking tells nobody which agreements others have.
# custom:
#   id: GW-AGR-05
#   citation: Educator Data Gateway
narrowed if {
	some name in [input.request.provider, input.request.agreement]
	name != null
}

covering := [entry |
	some entry in input.agreements
	received_by_the_principal(entry)
	entry.resource == input.request.resource
	is_array(entry.purposes)
	input.request.purpose in entry.purposes
	named_or_any(input.request.provider, entry.provider)
	named_or_any(input.request.agreement, entry.id)
]

good := [entry |
	some entry in covering
	in_force(entry)
	in_term(entry)
]

received_by_the_principal(entry) if entry.recipient == input.principal.institution

named_or_any(null, _)

named_or_any(name, name)

in_force(entry) if entry.state == "in_force"

# First and last day belong to the term; days are those of the agreement's own time zone.
in_term(entry) if {
	today := input.today[entry.timezone]
	every day in [today, entry.term.from, entry.term.until] { is_day(day) }
	entry.term.from <= today
	today <= entry.term.until
}
