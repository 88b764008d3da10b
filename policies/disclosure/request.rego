# METADATA
# title: Disclosure
# description: Whether one request may see one resource, and what of it. Deny by default; only `input` and `data`.
package disclosure

import data.modules

# METADATA
# title: The request is not complete, or names a resource or a policy module that does not exist
# custom:
#   id: GW-REQ-01
#   citation: Educator Data Gateway
deny contains rego.metadata.rule() if not well_formed

# METADATA
# title: The purpose is not one that this client may name
# custom:
#   id: GW-PUR-01
#   citation: 34 CFR 99.33(a)(2)
deny contains rego.metadata.rule() if {
	well_formed
	not purpose_is_the_clients
}

# What follows from agreements is said only to a client that may ask.
may_ask if {
	well_formed
	purpose_is_the_clients
}

well_formed if {
	is_text(input.principal.client)
	is_text(input.principal.institution)
	is_array(input.principal.purposes)
	is_text(input.request.purpose)
	is_object(data.catalog.resources[input.request.resource])
	is_text_or_null(input.request.provider)
	is_text_or_null(input.request.agreement)
	input.request.operation in {"read", "feed"}
	is_text(input.request.format)
	is_array(input.request.filters)
	every path in input.request.filters { is_text(path) }
	is_object(input.today)
	modules.all_known
	is_array(input.agreements)
	every entry in input.agreements { identified(entry) }
}

purpose_is_the_clients if input.request.purpose in input.principal.purposes

identified(entry) if {
	is_text(entry.id)
	is_number(entry.version)
	is_text(entry.digest)
	is_text(entry.schedule)
	is_text(entry.provider)
}

is_text_or_null(value) if is_null(value)

is_text_or_null(value) if is_text(value)

is_text(value) if {
	is_string(value)
	trim_space(value) != ""
}
