package agreement

# What is judged: the agreement that a request stands on, or each entry of a file that is checked. Each with what the
# catalog says of it, so that a rule about agreements is written once and holds at both times, and looks nothing up twice.
judged := [seen(chosen, input.request.resource, [input.request.purpose])] if {
	chosen
} else := [seen(entry, entry.resource, entry.purposes) | some entry in input.entries] if {
	not input.request
}

# METADATA
# description: >-
#   `purposes` are those that matter: the request's, or all of the file's. `shown` is what a partner learns record by
#   record: each element that is released, and each that a row condition reads, which is like sharing it; `role` is the person
#   it is about. `stated` are the legal bases, each once, with the roles that stand on it.
seen(entry, resource, purposes) := {
	"entry": entry,
	"resource": resource,
	"elements": catalog.elements,
	"persons": catalog.persons,
	"purposes": purposes,
	"place": object.get(entry, "place", []),
	"released": released,
	"read": read,
	"shown": array.concat(released, read),
	"stated": array.concat(of_the_resource(entry, catalog.persons), of_persons(entry)),
} if {
	catalog := data.catalog.resources[resource]
	released := [learned(resource, path, element, element.person, grant, ["elements", path]) |
		some path, grant in entry.elements
		not grant in {{"treatment": "withhold"}, {"treatment": "aggregate_only"}}
		element := catalog.elements[path]
	]
	read := read_by_rows(entry, resource, catalog.elements)
}

read_by_rows(entry, resource, elements) := array.concat(
	[learned(resource, path, element, element.person, {"treatment": "share"}, ["rows", place]) |
		some place, row in entry.rows
		some path in chosen_by(row)
		element := elements[path]
	],
	[learned(row.related, path, element, row.about, {"treatment": "share"}, ["rows", place]) |
		some place, row in entry.rows
		some condition in row.where
		some path in chosen_by(condition)
		element := data.catalog.resources[row.related].elements[path]
	],
)

# The element that a condition reads: what it compares, or whom a roster lists by.
chosen_by(condition) := {path | some member in ["element", "roster"]; path := condition[member]}

learned(resource, path, element, role, grant, at) := {
	"resource": resource,
	"path": path,
	"role": role,
	"element": element,
	"grant": grant,
	"at": at,
}

of_the_resource(entry, persons) := [{"at": ["legal_basis"], "about": "", "basis": basis, "roles": roles} |
	basis := entry.legal_basis
	roles := {role | some role, own in entry.persons; own == basis}
	somebody_stands_on_it(roles, persons)
]

# What a resource inherits and nobody of its rows stands on is not judged; of records about nobody it is.
somebody_stands_on_it(roles, _) if count(roles) > 0

somebody_stands_on_it(_, persons) if count(persons) == 0

of_persons(entry) := [{"at": ["persons", role, "legal_basis"], "about": role, "basis": basis, "roles": {role}} |
	some role, basis in entry.persons
	not basis == entry.legal_basis
]

# A fault of the agreement as the check tells it: what the rule says, where in the file, and what it is about.
told(rule, case, tail, about) := {
	"rule": rule.custom.id,
	"citation": rule.custom.citation,
	"title": rule.title,
	"fix": rule.custom.fix,
	"at": array.concat(case.place, tail),
	"about": about,
}

told_of_basis(rule, case, stated, tail) := told(rule, case, array.concat(stated.at, tail), stated.about)

told_of_element(rule, case, shown) := told(rule, case, shown.at, shown.path)

# What the file says once for all of its schedules.
told_of_file(rule, at) := told(rule, {"place": []}, at, "")
