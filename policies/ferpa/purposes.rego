package ferpa

import data.agreement
import data.disclosure

# METADATA
# title: A transfer's ground serves no other purpose, and needs its notice
# custom:
#   id: F-31-A2
#   citation: 34 CFR 99.31(a)(2) and 99.34
#   fix: Keep this basis for the purpose transfer, and write notice as annual, given or initiated_by_student
fault contains agreement.told_of_basis(rego.metadata.rule(), case, stated, []) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a2_enrollment"
	not is_a_transfer(case, stated)
}

# METADATA
# title: An audit or evaluation serves no other purpose, and is one of a named program
# custom:
#   id: F-35-3
#   citation: 34 CFR 99.35(a)(3)(ii)(B)
#   fix: >-
#     Keep this basis for the purposes audit and evaluation, and name in program the federally or state supported
#     education program; it never serves placing, hiring or recruiting
fault contains agreement.told_of_basis(rego.metadata.rule(), case, stated, []) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a3_audit_eval"
	not is_an_audit(case, stated)
}

# METADATA
# title: A study serves no other purpose
# custom:
#   id: F-31-A6-2
#   citation: 34 CFR 99.31(a)(6)(iii)(C)(2)
#   fix: Keep this basis for the purpose research; a study never serves placing, hiring or recruiting
fault contains agreement.told_of_basis(rego.metadata.rule(), case, stated, []) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a6_study"
	not all_of(case.purposes, {"research"})
}

# METADATA
# title: An accrediting body's ground serves no other purpose
# custom:
#   id: GW-FIT-01
#   citation: 34 CFR 99.31(a)(7)
#   fix: Keep this basis for the purpose accreditation, and name the accrediting organisation
fault contains agreement.told_of_basis(rego.metadata.rule(), case, stated, []) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a7_accreditation"
	not is_an_accreditation(case, stated)
}

# METADATA
# title: A school official does the provider's own work, and hires nobody
# description: >-
#   A district or its mentor acts as the university's school official when it hosts a candidate; when it hires it acts for itself.
# custom:
#   id: GW-FIT-02
#   citation: 34 CFR 99.31(a)(1)(i)(B)
#   fix: Use consent, directory information or de-identified records for hiring and early_hire
fault contains agreement.told_of_basis(rego.metadata.rule(), case, stated, []) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "a1_school_official"
	some purpose in case.purposes
	purpose in {"hiring", "early_hire"}
}

# METADATA
# title: Students are placed on a ground that does not make the recipient the university's school official
# description: A mentor or site supervisor acts as the university's school official for placement.
# custom:
#   id: GW-FIT-03
#   citation: 34 CFR 99.31(a)(1)(i)(B)
#   fix: Use a1_school_official for placement, or consent, directory information or de-identified records
fault contains agreement.told_of_basis(rego.metadata.rule(), case, stated, []) if {
	some case in agreement.judged
	"placement" in case.purposes
	some stated in case.stated
	stated.basis.basis in {"a9_order_or_subpoena", "a10_emergency", "a12_self"}
}

is_a_transfer(case, stated) if {
	all_of(case.purposes, {"transfer"})
	stated.basis.details.notice in {"annual", "given", "initiated_by_student"}
}

is_an_audit(case, stated) if {
	all_of(case.purposes, {"audit", "evaluation"})
	disclosure.is_text(stated.basis.details.program)
}

is_an_accreditation(case, stated) if {
	all_of(case.purposes, {"accreditation"})
	disclosure.is_text(stated.basis.details.organisation)
}

all_of(found, wanted) if {
	count(found) > 0
	every one in found { one in wanted }
}
