package agreement

# A day that the calendar has, written as in 2026-07-01, so that days compare as text.
is_day(text) if {
	[year, month, day] := split(text, "-")
	[count(year), count(day)] == [4, 2]
	every digit in split(concat("", [year, day]), "") { digit in digits }
	day > "00"
	has_the_day(year, month, day)
}

has_the_day(_, month, day) if day <= last_days[month]

has_the_day(year, "02", "29") if is_leap(to_number(year))

is_leap(year) if {
	year % 4 == 0
	year % 100 != 0
}

is_leap(year) if year % 400 == 0

digits := {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}

last_days := {
	"01": "31",
	"02": "28",
	"03": "31",
	"04": "30",
	"05": "31",
	"06": "30",
	"07": "31",
	"08": "31",
	"09": "30",
	"10": "31",
	"11": "30",
	"12": "31",
}
