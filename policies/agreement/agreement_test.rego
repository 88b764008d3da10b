package agreement_test

import data.agreement

entry := {"timezone": "UTC", "term": {"from": "2026-01-01", "until": "2026-12-31"}}

test_first_and_last_day_belong_to_the_term if {
	every day in ["2026-01-01", "2026-12-31"] {
		agreement.in_term(entry) with input as {"today": {"UTC": day}}
	}
}

test_the_days_around_do_not if {
	every day in ["2025-12-31", "2027-01-01"] {
		not agreement.in_term(entry) with input as {"today": {"UTC": day}}
	}
}

test_a_day_in_another_zone_is_no_day if not agreement.in_term(entry) with input as {"today": {"Europe/Paris": "2026-06-01"}}

test_a_name_must_be_the_one_found if {
	agreement.named_or_any(null, "a")
	agreement.named_or_any("a", "a")
	not agreement.named_or_any("a", "b")
}
