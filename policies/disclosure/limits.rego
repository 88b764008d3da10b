package disclosure

import data.agreement

# METADATA
# title: The requests that the agreement allows in a minute are used up
# description: Ask again in the next.
# custom:
#   id: GW-LIM-02
#   citation: Educator Data Gateway
deny contains rego.metadata.rule() if {
	agreement.chosen
	not requests_are_left
}

# METADATA
# title: The rows that the agreement allows in a day are used up
# description: Or this answer would pass them; ask for fewer, or tomorrow.
# custom:
#   id: GW-LIM-01
#   citation: Educator Data Gateway
deny contains rego.metadata.rule() if {
	agreement.chosen
	not rows_are_left
}

# METADATA
# title: The agreement does not offer this format
# custom:
#   id: GW-FMT-01
#   citation: Educator Data Gateway
deny contains rego.metadata.rule() if {
	agreement.chosen
	not offers_the_format
}

# METADATA
# title: The agreement offers no feed of changes
# custom:
#   id: GW-FEED-01
#   citation: Educator Data Gateway
deny contains rego.metadata.rule() if {
	agreement.chosen
	input.request.operation == "feed"
	not offers_a_feed
}

requests_are_left if agreement.chosen.limits.requests_per_minute == null

requests_are_left if {
	is_number(agreement.chosen.limits.requests_per_minute)
	is_number(agreement.chosen.usage.requests_this_minute)
	agreement.chosen.usage.requests_this_minute < agreement.chosen.limits.requests_per_minute
}

rows_are_left if rows_left == null

rows_are_left if rows_left > 0

rows_left := null if agreement.chosen.limits.rows_per_day == null

rows_left := agreement.chosen.limits.rows_per_day - agreement.chosen.usage.rows_today

offers_the_format if {
	is_array(agreement.chosen.formats)
	input.request.format in agreement.chosen.formats
}

offers_a_feed if agreement.chosen.change_feed == true
