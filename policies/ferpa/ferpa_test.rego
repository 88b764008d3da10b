package ferpa_test

import data.ferpa

test_no_education_record_only_where_nobody_is_a_student if {
	ferpa.fits("none_not_education_record", ["employee", "applicant"])
	not ferpa.fits("none_not_education_record", ["employee", "candidate"])
}

test_directory_information_only_where_everybody_is_a_student if {
	ferpa.fits("a11_directory", ["candidate", "alumnus"])
	not ferpa.fits("a11_directory", ["candidate", "employee"])
}

test_nobody_fits_without_subject_types if {
	every basis in ferpa.grounds { not ferpa.fits(basis, []) }
}

test_a_subject_type_that_is_not_known_fits_nothing if {
	every basis in ferpa.grounds { not ferpa.fits(basis, ["wizard"]) }
}
