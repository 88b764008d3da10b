package ferpa

import data.agreement
import data.disclosure

# METADATA
# title: The study is not on today, or an audit or study has no time by which its data are destroyed
# custom:
#   id: F-EXP
#   citation: 34 CFR 99.31(a)(6)(iii)(C) and 99.35(a)(3)
deny contains rego.metadata.rule() if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis in {"a3_audit_eval", "a6_study"}
	not is_on(case, stated)
}

# METADATA
# title: A school official has no legitimate interest in words for this purpose
# custom:
#   id: F-31-A1ii
#   citation: 34 CFR 99.31(a)(1)(ii)
deny contains rego.metadata.rule() if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a1_school_official"
	not has_an_interest(case)
}

has_an_interest(case) if disclosure.is_text(case.entry.interests[input.request.purpose])

is_on(_, stated) if {
	stated.basis.basis == "a3_audit_eval"
	is_destroyed(stated)
}

is_on(case, stated) if {
	stated.basis.basis == "a6_study"
	is_destroyed(stated)
	study := stated.basis.details.study
	today := input.today[case.entry.timezone]
	every day in [study.from, study.until] { agreement.is_day(day) }
	study.from <= today
	today <= study.until
}
