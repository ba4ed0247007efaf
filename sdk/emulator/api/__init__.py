"""The calls of ``jqdata`` and ``kuanke.user_space_api``, one family a file; ``namespace.py`` puts them together."""
