"""Tables as pages and programs read them: any page at once, sorted and filtered, however many rows there are.

A job writes a version's rows into an SQLite file beside it (`making`, in a confined process); `reading` answers from
that. Small tables need none: they are read into memory while somebody looks.
"""
