package ferpa

import data.agreement

# METADATA
# title: The agreement releases as directory information an element that cannot be directory information
# custom:
#   id: F-3-DIR
#   citation: 34 CFR 99.3 (Directory information)
#   fix: Withhold the element, or name another basis for this person; no identifier is directory information here
fault contains agreement.told_of_element(rego.metadata.rule(), case, shown) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a11_directory"
	some shown in case.shown
	shown.role in stated.roles
	not shown.element.directory == true
}

# METADATA
# title: The agreement releases as directory information an element that the public notice does not designate
# custom:
#   id: GW-DIR-01
#   citation: 34 CFR 99.37(a)(1)
#   fix: Withhold the element, or have the school designate it in its public notice and name it under designated
fault contains agreement.told_of_element(rego.metadata.rule(), case, shown) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a11_directory"
	some shown in case.shown
	shown.role in stated.roles
	shown.element.directory == true
	not designated(stated, shown)
}

# METADATA
# title: Directory information has no public notice on record, or its time to opt out is not over
# custom:
#   id: F-37-A
#   citation: 34 CFR 99.37(a)
#   fix: >-
#     Add notice to the basis: the days published and opt_out_until, in this order, and what is designated. Nothing is
#     released before the day after opt_out_until
fault contains agreement.told_of_basis(rego.metadata.rule(), case, stated, ["notice"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a11_directory"
	not public_was_told(case, stated)
}

# METADATA
# title: The public notice limits directory information to other parties or purposes
# custom:
#   id: F-37-D
#   citation: 34 CFR 99.37(d)
#   fix: Keep to the parties and purposes that the notice names, or have the school change its notice
fault contains agreement.told_of_basis(rego.metadata.rule(), case, stated, ["notice"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a11_directory"
	not within_the_limits(case, stated)
}

# METADATA
# title: Directory information is not looked up by what is not directory information
# custom:
#   id: F-37-E
#   citation: 34 CFR 99.37(e)
deny contains rego.metadata.rule() if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a11_directory"
	some path in input.request.filters
	not may_look_up(case, stated, path)
}

designated(stated, shown) if {
	names := split(shown.path, ".")
	names[count(names) - 1] in stated.basis.details.notice.designated
}

public_was_told(case, stated) if {
	notice := stated.basis.details.notice
	every day in [notice.published, notice.opt_out_until] { agreement.is_day(day) }
	notice.published <= notice.opt_out_until
	is_array(notice.designated)
	count(notice.designated) > 0
	time_to_opt_out_is_over(case, notice)
}

# A file may be signed before; each request waits.
time_to_opt_out_is_over(_, _) if not input.request

time_to_opt_out_is_over(case, notice) if input.today[case.entry.timezone] > notice.opt_out_until

within_the_limits(case, stated) if {
	notice := stated.basis.details.notice
	case.entry.recipient in object.get(notice, "parties", [case.entry.recipient])
	count(case.purposes) > 0
	every purpose in case.purposes { purpose in object.get(notice, "purposes", case.purposes) }
}

may_look_up(case, _, path) if case.elements[path].directory == true

may_look_up(case, _, path) if case.elements[path].person == null

may_look_up(case, stated, path) if {
	is_object(case.persons[case.elements[path].person])
	not case.elements[path].person in stated.roles
}
