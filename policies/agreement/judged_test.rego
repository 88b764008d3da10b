package agreement_test

import data.agreement

test_a_module_of_the_bundle_is_known if {
	answer := agreement.check with input as {"modules": ["personnel-default"], "day": "2026-11-24", "entries": []}
	answer == []
}

test_the_template_is_a_module_that_refuses_nothing if {
	answer := agreement.check with input as {"modules": ["template"], "day": "2026-11-24", "entries": []}
	answer == []
}
