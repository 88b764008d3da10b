package disclosure

import data.agreement

# METADATA
# title: The agreement shares record by record what may only be counted
# custom:
#   id: GW-FLR-01
#   citation: Educator Data Gateway, never-share floor
deny contains rego.metadata.rule() if {
	agreement.chosen
	not all_may_leave_record_by_record
}

# METADATA
# title: The agreement shares what may not decide on placing or hiring anybody
# custom:
#   id: GW-FLR-02
#   citation: Educator Data Gateway, never-share floor
deny contains rego.metadata.rule() if {
	agreement.chosen
	not all_may_serve_the_purpose
}

# METADATA
# title: The agreement shares an employee's evaluation record by record
# custom:
#   id: GW-FLR-03
#   citation: Educator Data Gateway, never-share floor
deny contains rego.metadata.rule() if {
	agreement.chosen
	not employees_evaluations_are_hidden
}

placing_and_hiring := {"placement", "hiring", "early_hire"}

all_may_leave_record_by_record if {
	every path, _ in released { may_leave_record_by_record(path) }
}

may_leave_record_by_record(path) if catalog_elements[path].floor in {null, "hiring", "evaluation"}

may_leave_record_by_record(path) if not catalog_elements[path]

all_may_serve_the_purpose if {
	every path, _ in released { may_serve_the_purpose(path) }
}

may_serve_the_purpose(path) if catalog_elements[path].floor != "hiring"

may_serve_the_purpose(path) if not catalog_elements[path]

may_serve_the_purpose(_) if not input.request.purpose in placing_and_hiring

employees_evaluations_are_hidden if {
	every path, _ in released { is_no_employees_evaluation(path) }
}

is_no_employees_evaluation(path) if catalog_elements[path].floor != "evaluation"

is_no_employees_evaluation(path) if not catalog_elements[path]

is_no_employees_evaluation(path) if {
	role := catalog_elements[path].person
	agreement.chosen.persons[role].basis != "none_not_education_record"
}
