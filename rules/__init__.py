"""The built-in rules, one file each. They ask the trace and nothing else of ours; discovery walks this package.

Here they are `rules/`, installed they are `auditor.rules`, and that is their name in both places.
"""
