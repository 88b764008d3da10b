# What an agreement must say in words. Checked when the file is checked and signed; what bears on each answer is a `fault`,
# which refuses requests too.
package ferpa

import data.agreement
import data.disclosure

# METADATA
# title: An element has no kind of personally identifiable information in the catalog
# custom:
#   id: F-3-PII
#   citation: 34 CFR 99.3 (Personally identifiable information)
#   fix: Leave the element out until the catalog says what kind of information it is
flaw contains agreement.told_of_element(rego.metadata.rule(), case, shown) if {
	some case in agreement.judged
	some shown in case.shown
	not has_a_kind(shown)
}

# METADATA
# title: A school official lacks its function, direct control, legitimate interest or roles
# custom:
#   id: F-31-A1
#   citation: 34 CFR 99.31(a)(1)(i)(B)
#   fix: >-
#     Say in institutional_function what the recipient does for the provider, in direct_control who directs the use
#     and maintenance of the records, in legitimate_interest why it needs them, and list under roles who there sees
#     them
flaw contains agreement.told_of_basis(rego.metadata.rule(), case, stated, []) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a1_school_official"
	not is_a_school_official(stated)
}

# METADATA
# title: An audit or evaluation has no authority, or concerns no state or local educational authority
# custom:
#   id: F-31-A3
#   citation: 34 CFR 99.31(a)(3) and 99.35(a)
#   fix: >-
#     Name in authority the law that asks for the audit or evaluation; a district or state agency must be one of the
#     two parties
flaw contains agreement.told_of_basis(rego.metadata.rule(), case, stated, []) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a3_audit_eval"
	not has_authority(case, stated)
}

# METADATA
# title: An audit or evaluation does not designate the recipient as authorised representative
# custom:
#   id: F-35-1
#   citation: 34 CFR 99.35(a)(3)(i)
#   fix: Write in designated_representative the recipient's name as it stands under parties
flaw contains agreement.told_of_basis(rego.metadata.rule(), case, stated, ["designated_representative"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a3_audit_eval"
	not stated.basis.details.designated_representative == case.entry.names.recipient
}

# METADATA
# title: An audit or evaluation does not specify the information disclosed
# custom:
#   id: F-35-2
#   citation: 34 CFR 99.35(a)(3)(ii)(A)
#   fix: Name the elements that the audit or evaluation needs
flaw contains agreement.told(rego.metadata.rule(), case, ["elements"], stated.about) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a3_audit_eval"
	not specifies_something(case)
}

# METADATA
# title: An audit or evaluation does not describe its activity
# custom:
#   id: F-35-4
#   citation: 34 CFR 99.35(a)(3)(ii)(C)
#   fix: >-
#     Describe in activity, in a paragraph of 60 characters or more, what is done with the information and why it
#     falls under audit or evaluation
flaw contains agreement.told_of_basis(rego.metadata.rule(), case, stated, ["activity"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a3_audit_eval"
	not describes_its_activity(stated)
}

# METADATA
# title: An audit or evaluation has no time by which the data are destroyed
# custom:
#   id: F-35-5
#   citation: 34 CFR 99.35(a)(3)(iii) and (iv)
#   fix: Add destruction with days_after_end to the legal basis
flaw contains agreement.told_of_basis(rego.metadata.rule(), case, stated, []) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a3_audit_eval"
	not is_destroyed(stated)
}

# METADATA
# title: An audit or evaluation has no policies that keep the information from others
# custom:
#   id: F-35-6
#   citation: 34 CFR 99.35(a)(3)(v)
#   fix: Say in safeguards how further disclosure is prevented and who alone has access
flaw contains agreement.told_of_basis(rego.metadata.rule(), case, stated, ["safeguards"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a3_audit_eval"
	not has_safeguards(stated)
}

# METADATA
# title: An audit or evaluation has no evidence of reasonable methods within the last year
# custom:
#   id: F-35-7
#   citation: 34 CFR 99.35(a)(2)
#   fix: >-
#     Add verification with audit_right true, and last_on, the day within the last year on which the recipient was
#     last verified
flaw contains agreement.told_of_basis(rego.metadata.rule(), case, stated, ["verification"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a3_audit_eval"
	not was_verified(stated)
}

# METADATA
# title: A study is not for the provider, or not for a purpose that the law names
# custom:
#   id: F-31-A6p
#   citation: 34 CFR 99.31(a)(6)(i)
#   fix: >-
#     Write the provider's id in on_behalf_of, and as the study's purpose predictive_tests, student_aid or
#     improve_instruction
flaw contains agreement.told_of_basis(rego.metadata.rule(), case, stated, []) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a6_study"
	not is_for_the_provider(case, stated)
}

# METADATA
# title: A study does not specify its scope, its duration or the information disclosed
# custom:
#   id: F-31-A6-1
#   citation: 34 CFR 99.31(a)(6)(iii)(C)(1)
#   fix: Add scope, and the days from and until in this order, to study, and name the elements that it needs
flaw contains agreement.told_of_basis(rego.metadata.rule(), case, stated, ["study"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a6_study"
	not specifies_the_study(case, stated)
}

# METADATA
# title: A study may identify people to others than its own representatives
# custom:
#   id: F-31-A6-3
#   citation: 34 CFR 99.31(a)(6)(iii)(A) and (C)(3)
#   fix: Write no_identification true, and list under representatives who works on the study
flaw contains agreement.told_of_basis(rego.metadata.rule(), case, stated, []) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a6_study"
	not identifies_nobody(stated)
}

# METADATA
# title: A study has no time by which the data are destroyed
# custom:
#   id: F-31-A6-4
#   citation: 34 CFR 99.31(a)(6)(iii)(B), (C)(4)
#   fix: Add destruction with days_after_end to the legal basis
flaw contains agreement.told_of_basis(rego.metadata.rule(), case, stated, []) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a6_study"
	not is_destroyed(stated)
}

# METADATA
# title: The order or subpoena is not named
# custom:
#   id: GW-BAS-02
#   citation: 34 CFR 99.31(a)(9)
#   fix: Add order with court, number and dated, the day of the order
flaw contains agreement.told_of_basis(rego.metadata.rule(), case, stated, ["order"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a9_order_or_subpoena"
	not names_the_order(stated)
}

# METADATA
# title: The emergency has no articulable and significant threat
# custom:
#   id: F-32-5
#   citation: 34 CFR 99.32(a)(5) and 99.36
#   fix: Say in threat what threatens whom
flaw contains agreement.told_of_basis(rego.metadata.rule(), case, stated, ["threat"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a10_emergency"
	not says_the_threat(stated)
}

# METADATA
# title: The agreement does not say whether the recipient may disclose the information further
# custom:
#   id: F-33-A
#   citation: 34 CFR 99.33(a)
#   fix: Add redisclosure with allowed false and a notice, or with allowed true and additional_parties
flaw contains agreement.told_of_file(rego.metadata.rule(), ["redisclosure"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis in bound_against_redisclosure
	not says_whether_it_may_go_on(case)
}

# METADATA
# title: Redisclosure is allowed to nobody in particular
# custom:
#   id: F-32-B1
#   citation: 34 CFR 99.32(b)(1) and 99.33(b)
#   fix: List additional_parties, each with name and legitimate_interest, or write allowed false
flaw contains agreement.told_of_file(rego.metadata.rule(), ["redisclosure"]) if {
	some case in agreement.judged
	case.entry.redisclosure.allowed == true
	not names_additional_parties(case)
}

kinds_of_pii := {
	"direct_id",
	"parent_name",
	"address",
	"personal_identifier",
	"indirect_id",
	"linkable",
	"non_pii",
}

bound_against_redisclosure := {"consent", "a1_school_official", "a2_enrollment", "a3_audit_eval", "a6_study"}

authorities := {"district", "state_agency"}

has_a_kind(shown) if shown.element.pii in kinds_of_pii

is_a_school_official(stated) if {
	details := stated.basis.details
	disclosure.is_text(details.institutional_function)
	disclosure.is_text(details.direct_control)
	disclosure.is_text(details.legitimate_interest)
	lists_texts(details.roles)
}

has_authority(case, stated) if {
	disclosure.is_text(stated.basis.details.authority)
	some side in ["provider", "recipient"]
	some kind in case.entry.kinds[side]
	kind in authorities
}

specifies_something(case) if {
	some grant in case.entry.elements
	grant != {"treatment": "withhold"}
}

describes_its_activity(stated) if count(trim_space(stated.basis.details.activity)) >= 60

is_destroyed(stated) if disclosure.is_count(stated.basis.details.destruction.days_after_end)

has_safeguards(stated) if disclosure.is_text(stated.basis.details.safeguards)

was_verified(stated) if {
	verification := stated.basis.details.verification
	verification.audit_right == true
	agreement.is_day(verification.last_on)
	verification.last_on <= input.day
	verification.last_on > a_year_before(input.day)
}

# The same day of the year before, as text: 29 February is not after 28 February, which is what the comparison needs.
a_year_before(day) := concat("", [format_int(to_number(substring(day, 0, 4)) - 1, 10), substring(day, 4, 6)])

is_for_the_provider(case, stated) if {
	stated.basis.details.on_behalf_of == case.entry.provider
	stated.basis.details.study.purpose in {"predictive_tests", "student_aid", "improve_instruction"}
}

specifies_the_study(case, stated) if {
	study := stated.basis.details.study
	disclosure.is_text(study.scope)
	every day in [study.from, study.until] { agreement.is_day(day) }
	study.from <= study.until
	specifies_something(case)
}

identifies_nobody(stated) if {
	stated.basis.details.no_identification == true
	lists_texts(stated.basis.details.representatives)
}

names_the_order(stated) if {
	order := stated.basis.details.order
	disclosure.is_text(order.court)
	disclosure.is_text(order.number)
	agreement.is_day(order.dated)
}

says_the_threat(stated) if disclosure.is_text(stated.basis.details.threat)

says_whether_it_may_go_on(case) if is_boolean(case.entry.redisclosure.allowed)

names_additional_parties(case) if {
	parties := case.entry.redisclosure.additional_parties
	count(parties) > 0
	every party in parties {
		disclosure.is_text(party.name)
		disclosure.is_text(party.legitimate_interest)
	}
}

lists_texts(list) if {
	is_array(list)
	count(list) > 0
	every text in list { disclosure.is_text(text) }
}
