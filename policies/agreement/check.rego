package agreement

import data.disclosure
import data.ferpa
import data.modules
import data.never_shared

# METADATA
# title: The check of one agreement file
# description: Everything that is wrong with the entries of a file, or an empty list.
# entrypoint: true
check := sort(union({flaw, disclosure.fault, ferpa.fault, ferpa.flaw, never_shared.fault, modules.fault, modules.flaw}))

# METADATA
# title: The file cannot be judged
# custom:
#   id: GW-CHK-01
#   citation: Educator Data Gateway
#   fix: >-
#     Give modules that this policy has, the day, and entries of resources that the catalog has, each with its
#     purposes; this is a fault of the program that asks, or of a module that is switched on but not in the bundle
flaw contains told_of_file(rego.metadata.rule(), []) if not can_be_judged

can_be_judged if {
	is_day(input.day)
	is_array(input.entries)
	count(judged) == count(input.entries)
	modules.all_known
}
