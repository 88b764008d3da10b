# METADATA
# title: A module for the cases alone
# description: No state's law. It allows what the cases ask, and once without a citation.
package state.allowing

about := {"title": "A module for the cases", "citation": "none", "rules": []}

allows := [
	{"resource": "evaluations", "element": "ratingLevel", "citation": "Nowhere 1 (a)"},
	{"resource": "evaluations", "element": "schoolYear", "citation": "Nowhere 1 (b)"},
	{"resource": "evaluations", "element": "secondRating", "citation": " "},
	{"resource": "candidates", "element": "thirdRating", "citation": "Nowhere 1 (c)"},
]
