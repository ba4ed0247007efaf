"""``query(...)`` of the platform: jqdatasdk's table classes, executed as SQL on an embedded SQLite database.

``orm`` knows jqdatasdk and SQLAlchemy, and nothing else does; ``facts`` knows which rows are public when; ``sqlite``
puts them into a database and runs the statement. Nothing here is imported before a strategy says ``query``.
"""
