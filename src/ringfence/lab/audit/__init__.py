"""Who paid, computed a second time from the log alone, in a few seconds for a million accounts.

Written from docs/rules.md and sharing nothing with the core but the layout of the records.  `books` counts what
everybody has, many events at once; `worth` measures an account; `auditor` asks the questions.
"""
