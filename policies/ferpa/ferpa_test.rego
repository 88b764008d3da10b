package ferpa_test

import data.ferpa

case(types, basis) := {
	"entry": {"persons": {"p": {"basis": basis}}},
	"persons": {"p": {"subject_types": types}},
	"shown": [],
}

test_no_education_record_is_nobodys_who_is_a_student if {
	everybody := ["employee", "candidate", "alumnus", "applicant"]
	ferpa.served(case(everybody, "none_not_education_record"), "p") == {"employee", "applicant"}
}

test_directory_information_is_a_students if {
	ferpa.served(case(["candidate", "employee", "nobody", "alumnus"], "a11_directory"), "p") == {"candidate", "alumnus"}
}

test_an_employees_record_is_under_no_school_officials_ground if {
	ferpa.served(case(["candidate", "employee"], "a1_school_official"), "p") == {"candidate"}
}

test_a_k12_student_is_served_on_no_ground if {
	every basis in ferpa.grounds { ferpa.served(case(["k12_student"], basis), "p") == set() }
}

test_nobody_is_served_without_subject_types if {
	every basis in ferpa.grounds { ferpa.served(case([], basis), "p") == set() }
}

test_a_subject_type_that_is_not_known_is_not_served if {
	every basis in ferpa.grounds { ferpa.served(case(["wizard"], basis), "p") == set() }
}
