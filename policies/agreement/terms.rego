package agreement

import data.disclosure

# METADATA
# title: The first and last day of the agreement are no days, or the last is before the first
# custom:
#   id: GW-TRM-01
#   citation: Educator Data Gateway
#   fix: Write term with from and until as days, as in 2026-07-01; both belong to it
flaw contains told_of_file(rego.metadata.rule(), ["term"]) if {
	some case in judged
	not has_a_term(case)
}

# METADATA
# title: The agreement does not say how the data are destroyed when it ends
# custom:
#   id: GW-DES-01
#   citation: Educator Data Gateway
#   fix: Add destruction with days_after_end (a whole number), method (in words) and certification (true or false)
flaw contains told_of_file(rego.metadata.rule(), ["destruction"]) if {
	some case in judged
	not says_how_data_are_destroyed(case)
}

# METADATA
# title: The smallest count that a table may show is below 5
# custom:
#   id: GW-CEL-01
#   citation: 34 CFR 99.31(b)(1)
#   fix: Write minimum_cell_size as a whole number from 5 on; 10 is usual
flaw contains told_of_file(rego.metadata.rule(), ["minimum_cell_size"]) if {
	some case in judged
	not cells_are_large(case)
}

# METADATA
# title: A purpose does not exist, or has no legitimate interest in words
# custom:
#   id: GW-PUR-02
#   citation: 34 CFR 99.32(a)(3)(ii)
#   fix: Take purposes of the list, and say for each in legitimate_interest why the recipient needs the information
flaw contains told(rego.metadata.rule(), case, ["purposes"], "") if {
	some case in judged
	not purposes_are_told(case)
}

# METADATA
# title: A format does not exist, or none is offered
# custom:
#   id: GW-FMT-02
#   citation: Educator Data Gateway
#   fix: List one or more of json, ndjson, csv, parquet, arrow
flaw contains told(rego.metadata.rule(), case, ["formats"], "") if {
	some case in judged
	not formats_exist(case)
}

# METADATA
# title: A limit is out of its range
# custom:
#   id: GW-LIM-03
#   citation: Educator Data Gateway
#   fix: >-
#     Write requests_per_minute as a whole number from 1 to 6000, rows_per_day as one from 1 to 100000000, or leave
#     the limit out
flaw contains told(rego.metadata.rule(), case, ["limits"], "") if {
	some case in judged
	not limits_are_in_range(case)
}

# METADATA
# title: The agreement does not disclose what a partner learns by seeing which rows there are
# custom:
#   id: GW-ROW-02
#   citation: Educator Data Gateway
#   fix: >-
#     Name under discloses each element that a row condition reads, another resource's as
#     fieldworkExperiences.schoolReference.schoolId
flaw contains told(rego.metadata.rule(), case, ["discloses"], name) if {
	some case in judged
	some shown in case.read
	name := spoken(case, shown)
	not is_disclosed(case, name)
}

# METADATA
# title: The agreement takes a roster that no schedule lets the recipient send
# description: Naming people to the provider is a disclosure of the recipient's own.
# custom:
#   id: GW-ROW-04
#   citation: 34 CFR 99.30(a), 99.31(a)
#   fix: >-
#     Add a schedule from the recipient to the provider, for the same purposes, that shares the identifier by which the
#     roster names people
flaw contains told(rego.metadata.rule(), case, ["rows", place], name) if {
	some case in judged
	some [place, name, key_space] in rosters(case)
	is_string(key_space)
	not is_sent_under_a_schedule(case, key_space)
}

# The rosters that rows take: where, by which identifier, and whose key that is.
rosters(case) := own | related if {
	own := {[place, row.roster, case.elements[row.roster].names] | some place, row in case.entry.rows}
	related := {[place, inner.roster, data.catalog.resources[row.related].elements[inner.roster].names] |
		some place, row in case.entry.rows
		some inner in row.where
	}
}

is_sent_under_a_schedule(case, key_space) if {
	some other in input.entries
	other.provider == case.entry.recipient
	other.recipient == case.entry.provider
	every purpose in case.entry.purposes { purpose in other.purposes }
	some path, grant in other.elements
	grant == {"treatment": "share"}
	data.catalog.resources[other.resource].elements[path].names == key_space
}

known_purposes := {
	"placement",
	"hiring",
	"early_hire",
	"completer_outcomes",
	"survey_exchange",
	"pipeline",
	"residency",
	"research",
	"audit",
	"evaluation",
	"accreditation",
	"transfer",
}

known_formats := {"json", "ndjson", "csv", "parquet", "arrow"}

has_a_term(case) if {
	term := case.entry.term
	every day in [term.from, term.until] { is_day(day) }
	term.from <= term.until
}

says_how_data_are_destroyed(case) if {
	destruction := case.entry.destruction
	disclosure.is_count(destruction.days_after_end)
	disclosure.is_text(destruction.method)
	is_boolean(destruction.certification)
}

cells_are_large(case) if {
	disclosure.is_whole(case.entry.minimum_cell_size)
	case.entry.minimum_cell_size >= 5
}

purposes_are_told(case) if {
	is_array(case.purposes)
	count(case.purposes) > 0
	every purpose in case.purposes {
		purpose in known_purposes
		disclosure.is_text(case.entry.interests[purpose])
	}
}

formats_exist(case) if {
	is_array(case.entry.formats)
	count(case.entry.formats) > 0
	every format in case.entry.formats { format in known_formats }
}

limits_are_in_range(case) if {
	limit_is_in_range(case.entry.limits.requests_per_minute, 6000)
	limit_is_in_range(case.entry.limits.rows_per_day, 100000000)
}

limit_is_in_range(null, _)

limit_is_in_range(limit, most) if {
	disclosure.is_whole(limit)
	limit >= 1
	limit <= most
}

spoken(case, shown) := shown.path if shown.resource == case.resource

spoken(case, shown) := concat(".", [shown.resource, shown.path]) if shown.resource != case.resource

is_disclosed(case, name) if name in case.entry.discloses
