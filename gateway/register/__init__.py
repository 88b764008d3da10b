"""Register: who was disclosed to whom (34 CFR 99.32), found by person; gateway/accountability/README.md says how.

`desk` what it needs; `named` which entries name people; `mentions` how they are packed; `index` keeps the index up with the log;
`find_subject` whom somebody means; `look` the entries about one person; `told` what each says in words; `document` the record that
a person is handed; `authorise` the provider's own system.
"""
