"""The plan: a frozen value that says everything an apply would do, made by one pure function.

`values` are its parts and its JSON, `known` is what goes into it, `manual` what only people can do; `objects` compares
campaigns; `lists` turns compared rows into changes; `order` puts changes in the order of carrying out; `make` is the one
maker. Nothing here knows a clock, a file, a socket or a platform: what is needed of them arrives as values.
"""
