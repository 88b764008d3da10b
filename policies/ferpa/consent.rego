package ferpa

import data.agreement
import data.disclosure

# METADATA
# title: The consent form does not name all that is shared about the people who sign it
# custom:
#   id: F-30-1
#   citation: 34 CFR 99.30(b)
#   fix: >-
#     Give the form an id, and name under its records each element of this resource that is shared or read by a row
#     condition; what people did not read they did not agree to
fault contains agreement.told_of_basis(rego.metadata.rule(), case, stated, ["form"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "consent"
	not form_names_what_is_shown(case, stated)
}

# METADATA
# title: The text of the consent form is not on record
# custom:
#   id: F-30-2
#   citation: 34 CFR 99.30(d)
#   fix: Add text_sha256 to the form, the SHA-256 of the text that people sign, in 64 hexadecimal digits
flaw contains agreement.told_of_basis(rego.metadata.rule(), case, stated, ["form"]) if {
	some case in agreement.judged
	some stated in case.stated
	stated.basis.basis == "consent"
	not text_is_on_record(stated)
}

form_names_what_is_shown(case, stated) if {
	form := stated.basis.details.form
	disclosure.is_text(form.id)
	missing := [1 |
		some shown in case.shown
		shown.role in stated.roles
		not named(form, shown)
	]
	count(missing) == 0
}

named(form, shown) if shown.path in form.records[shown.resource]

text_is_on_record(stated) if {
	text := stated.basis.details.form.text_sha256
	count(text) == 64
	trim(text, "0123456789abcdef") == ""
}
